"""Mailchimp through the kit, and its own traps."""

from datetime import date
from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person, route
from connectors.testing.simulators.mailchimp import MailchimpSimulator
from connectors.vendors.mailchimp import Mailchimp
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

HOST = "https://vendor.test/3.0"
SETTINGS = {"api_key": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
PIET = Person("piet@elders.nl", "Piet", "P-1")
HELD = HoldRule(frozenset({"order"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived")


class TestMailchimp(ConformanceKit):
    connector = Mailchimp
    simulator = MailchimpSimulator
    settings = SETTINGS
    dated = ("order",)


class Odd(MailchimpSimulator):
    """Mailchimp, but for some calls: another answer in place of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], httpx.Response] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path.removeprefix("/3.0")))
        return httpx.Response(given.status_code, content=given.content) if given else super().handle(request)


def mailchimp(*statuses: str, rules: tuple[HoldRule, ...] = ()) -> tuple[Bench, Odd]:
    """Mailchimp with Jan in an audience for each of the statuses."""
    simulator = Odd()
    for at, status in zip(simulator.lists, statuses, strict=False):
        simulator.add_member(at, JAN, status)
    return Bench(Mailchimp, simulator, SETTINGS, HOST, rules), simulator


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return sorted(record.outcome for record in answer.records if record.kind == kind)


@pytest.mark.parametrize("status", STATUSES)
def test_a_member_is_deleted_for_good_whatever_its_status(status: str) -> None:
    bench, simulator = mailchimp(status, "subscribed")
    answer = bench.carry_out(JAN.subject())
    assert [(Outcome.ERASED, Evidence.VERIFIED)] * 2 == [(record.outcome, record.evidence) for record in answer.records]
    assert ({}, 2) == (simulator.members, len(simulator.forgotten))


def test_delete_is_never_called_on_a_member_since_it_would_only_archive() -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.seed(JAN)
    bench.carry_out(JAN.subject())
    deleted = [call.request.url.path for call in simulator.calls if call.request.method == "DELETE"]
    assert deleted and all("/ecommerce/" in path for path in deleted)


def test_an_archived_member_is_no_erased_one() -> None:
    bench, simulator = mailchimp("archived")
    simulator.liar = True
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject()), "subscriber")


def test_whoever_is_gone_by_reference_is_gone_however_long_the_search_still_shows_it() -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.lag = 1000
    (line,) = bench.carry_out(JAN.subject()).records
    assert (Outcome.ERASED, Evidence.VERIFIED) == (line.outcome, line.evidence)


def test_a_member_that_the_search_finds_by_name_only_is_somebody_else() -> None:
    bench, simulator = mailchimp()
    simulator.add_member(simulator.lists[0], Person("piet@elders.nl", "jan@voorbeeld.nl"))
    assert [] == fates(bench.carry_out(JAN.subject()), "subscriber") and simulator.members


@pytest.mark.parametrize(("status", "after", "calls"), [(s, "unsubscribed", 1) for s in ("subscribed", "pending", "transactional")])
def test_a_restriction_unsubscribes(status: str, after: str, calls: int) -> None:
    bench, simulator = mailchimp(status)
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(JAN.subject(), "restrict"), "subscriber")
    assert ([after], calls) == ([row["status"] for row in simulator.members.values()], simulator.writing_calls)


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "archived"])
def test_whoever_gets_no_mail_is_restricted_already_and_left_as_it_is(status: str) -> None:
    bench, simulator = mailchimp(status)
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(JAN.subject(), "restrict"), "subscriber")
    assert ([status], 0) == ([row["status"] for row in simulator.members.values()], simulator.writing_calls)


def test_nobody_is_subscribed_again_but_by_themselves() -> None:
    bench, simulator = mailchimp("subscribed")
    bench.carry_out(JAN.subject(), "restrict")
    assert [Outcome.NEEDS_PERSON] == fates(bench.carry_out(JAN.subject(), "lift"), "subscriber")
    assert 1 == simulator.writing_calls


def test_two_shops_may_give_one_number_to_two_people() -> None:
    bench, simulator = mailchimp()
    one, other = simulator.stores
    for store, person in ((one, JAN), (other, PIET)):
        simulator.shop["customers"][store, "17"] = {"id": "17", "email_address": person.email}
        simulator.add_order(store, "17", None)
    answer = bench.carry_out({"mailchimp.customer_id": [f"{one}/17"]})
    assert [Outcome.ERASED] == fates(answer, "customer") == fates(answer, "order")
    assert [(other, "17")] == list(simulator.shop["customers"]) and 1 == len(simulator.shop["orders"])


def test_an_order_of_somebody_else_is_left_though_the_filter_let_it_through() -> None:
    bench, simulator = mailchimp()
    store = simulator.stores[0]
    simulator.add_customer(store, JAN)
    foreign = simulator.add_order(store, "somebody", None)
    orders = {"orders": [simulator.shop["orders"][store, foreign]], "total_items": 1}
    simulator.answers["GET", f"/ecommerce/stores/{store}/orders"] = httpx.Response(200, json=orders)
    assert [] == fates(bench.carry_out(JAN.subject()), "order") and simulator.shop["orders"]


@pytest.mark.parametrize(
    ("moment", "until"), [("2024-12-31T23:30:00+00:00", date(2032, 12, 31)), ("2024-12-31T20:00:00Z", date(2031, 12, 31))]
)
def test_a_held_order_counts_from_its_day_here_and_keeps_its_customer(moment: str, until: date) -> None:
    bench, simulator = mailchimp("subscribed", rules=(HELD,))
    store = simulator.stores[0]
    simulator.add_order(store, simulator.add_customer(store, JAN), moment)
    answer = bench.carry_out(JAN.subject())
    assert [until] * 2 == [record.hold.until for record in answer.records if record.hold]
    assert ([Outcome.HELD], [Outcome.HELD]) == (fates(answer, "order"), fates(answer, "customer"))
    assert [Outcome.ERASED] == fates(answer, "subscriber")


@pytest.mark.parametrize("moment", ["", None])
def test_a_held_order_without_a_moment_waits_for_a_person(moment: str | None) -> None:
    bench, simulator = mailchimp(rules=(HELD,))
    store = simulator.stores[0]
    simulator.add_order(store, simulator.add_customer(store, JAN), moment)
    answer = bench.carry_out(JAN.subject())
    assert [Outcome.NEEDS_PERSON] == fates(answer, "order") == fates(answer, "customer")


def test_an_account_without_shops_is_searched_all_the_same() -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.answers["GET", "/ecommerce/stores"] = httpx.Response(404)
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject()), "subscriber")


@pytest.mark.parametrize("path", ["/search-members", "/lists", "/ecommerce/stores"])
def test_a_key_without_a_right_is_told_before_anything_is_written(path: str) -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.answers["GET", path] = httpx.Response(403, json={"title": "Forbidden", "status": 403})
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome and 0 == simulator.writing_calls


@pytest.mark.parametrize("path", ["/search-members", "/lists"])
def test_404_to_what_every_account_has_is_never_nothing_found(path: str) -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.answers["GET", path] = httpx.Response(404)
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(
    "body",
    [
        {"lists": [{"id": "a1000"}]},  # without a total there is no end
        {"lists": [{"id": "a1000"}], "total_items": 3},
        {"lists": [{"name": "a1000"}], "total_items": 1},
        {"total_items": 0},
    ],
)
def test_a_list_without_total_rows_or_ids_is_misread(body: dict[str, Any]) -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.answers["GET", "/lists"] = httpx.Response(200, json=body)
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome and 0 == simulator.writing_calls


def test_a_thousand_customers_are_read_to_the_end() -> None:
    bench, simulator = mailchimp()
    for number in range(1000):
        simulator.add_customer(simulator.stores[0], Person(f"p{number}@elders.nl", customer_id=f"P-{number}"))
    simulator.add_customer(simulator.stores[0], JAN)
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject(), mode="dry-run"), "customer")


def test_a_member_that_may_not_be_removed_is_told_and_the_rest_goes_on() -> None:
    bench, simulator = mailchimp("subscribed", "subscribed")
    (at, id), _ = simulator.members
    path = f"/lists/{at}/members/{id}/actions/delete-permanent"
    simulator.answers["POST", path] = httpx.Response(405, json={"title": "Method Not Allowed", "status": 405})
    assert [Outcome.ERASED, Outcome.REFUSED] == fates(bench.carry_out(JAN.subject()), "subscriber")
    assert [(at, id)] == list(simulator.members)


@pytest.mark.parametrize("busy", [httpx.Response(429), httpx.Response(403), httpx.Response(403, html="<h1>Forbidden</h1>")])
def test_a_busy_mailchimp_without_headers_is_asked_again(busy: httpx.Response) -> None:
    bench, simulator = mailchimp("subscribed")
    simulator.faults.append(Fault(busy, times=3))
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject()), "subscriber")


def test_audiences_without_end_are_noticed_before_each_is_searched() -> None:
    class Endless(MailchimpSimulator):
        @route("GET", "/lists")
        def all_lists(self, request: httpx.Request) -> httpx.Response:
            start = int(request.url.params["offset"])
            return httpx.Response(200, json={"lists": [{"id": f"a{start + n}"} for n in range(10)], "total_items": 10**9})

    simulator = Endless()
    answer = Bench(Mailchimp, simulator, SETTINGS, HOST).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "pages" in (answer.reason or "")
    assert 0 == sum("/members/" in call.request.url.path for call in simulator.calls)


@pytest.mark.parametrize("shown", [None, "anna.jan@voorbeeld.nl"])
def test_somebody_else_in_answer_to_an_address_is_told_and_never_nothing_found(shown: str | None) -> None:
    bench, simulator = mailchimp("archived")  # the search hides it
    ((at, id),) = simulator.members
    simulator.answers["GET", f"/lists/{at}/members/{id}"] = httpx.Response(
        200, json={"id": id, "email_address": shown, "status": "archived"}
    )
    answer = bench.carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert 1 == len(simulator.members)


@pytest.mark.parametrize("missing", ["customers", "orders"])
def test_a_shops_lists_are_not_passed_over_since_the_customer_would_go_before_its_orders(missing: str) -> None:
    """Once the customer is deleted, nobody finds its orders any more."""
    bench, simulator = mailchimp()
    simulator.seed(JAN)
    before, store = +simulator.traces(JAN), next(iter(simulator.shop["customers"]))[0]
    simulator.answers["GET", f"/ecommerce/stores/{store}/{missing}"] = httpx.Response(404)
    assert (Outcome.FAILED, before) == (bench.carry_out(JAN.subject()).outcome, +simulator.traces(JAN))
    simulator.answers.clear()
    bench.carry_out(JAN.subject())
    assert not +simulator.traces(JAN)
