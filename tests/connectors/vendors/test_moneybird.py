"""Moneybird through the kit, and its own traps."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.moneybird import Moneybird
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

HOST = "https://vendor.test/api/v2"
SETTINGS = {"administration_id": 123, "token": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
PIET = Person("piet@elders.nl", "Piet", "P-1", "+31300000001")
HELD = HoldRule(frozenset({"invoice"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
LAST_YEAR = date(2025, 6, 1)
SUBJECT = JAN.subject()


class TestMoneybird(ConformanceKit):
    connector = Moneybird
    simulator = MoneybirdSimulator
    settings = SETTINGS
    dated = ("invoice",)


class Odd(MoneybirdSimulator):
    """Moneybird, but for some calls: another status in place of the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], int] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path.removeprefix("/api/v2/123/").removesuffix(".json")))
        return httpx.Response(given, json={"error": "something"}) if given else super().handle(request)


def jan(*rules: HoldRule, **fields: Any) -> tuple[Bench, Odd, str]:
    """Moneybird with one contact, Jan's, from which nothing hangs yet."""
    simulator = Odd()
    return Bench(Moneybird, simulator, SETTINGS, HOST, rules), simulator, simulator.add_contact(JAN, **fields)


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return sorted(record.outcome for record in answer.records if record.kind == kind)


def test_an_old_invoice_is_erased_while_last_years_is_held_and_the_contact_stays_archived() -> None:
    bench, simulator, contact = jan(HELD)
    old, new = simulator.add_invoice(contact, date(2017, 6, 1)), simulator.add_invoice(contact, LAST_YEAR)
    answer = bench.carry_out(SUBJECT)
    assert [Outcome.ERASED, Outcome.HELD] == fates(answer, "invoice")
    assert [new] == list(simulator.hanging["sales_invoices"]) and old not in simulator.hanging["sales_invoices"]
    bound = next(record for record in answer.records if record.kind == "contact")
    told = (bound.outcome, bound.bound_to, bound.until, bound.evidence)
    assert (Outcome.RESTRICTED, "invoice", date(2032, 12, 31), Evidence.VERIFIED) == told
    assert simulator.contacts[contact]["archived"]


def test_what_stays_with_a_held_invoice_loses_what_no_duty_needs_and_nothing_else() -> None:
    """Name, address, numbers and what invoices are sent by stay; so does the address that a second request finds it by."""
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, LAST_YEAR)
    before = dict(simulator.contacts[contact])
    bench.carry_out(SUBJECT)
    emptied = dict.fromkeys(("phone", "send_estimates_to_attention", "send_estimates_to_email"), "")
    custom = [field | {"value": ""} for field in before["custom_fields"]]
    assert before | emptied | {"notes": [], "custom_fields": custom, "archived": True} == simulator.contacts[contact]


def test_a_second_request_finds_the_stripped_contact_and_does_not_write() -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, LAST_YEAR)
    bench.carry_out(SUBJECT)
    writing = simulator.writing_calls
    answer = Bench(Moneybird, simulator, SETTINGS, HOST, (HELD,)).carry_out(SUBJECT)
    assert ([Outcome.RESTRICTED], [Outcome.HELD]) == (fates(answer, "contact"), fates(answer, "invoice"))
    assert writing == simulator.writing_calls


def test_an_archived_contact_that_cannot_be_changed_is_told_and_stays_restricted() -> None:
    bench, simulator, contact = jan(HELD, archived=True)
    simulator.add_invoice(contact, LAST_YEAR)
    simulator.changes_archived = False
    (line,) = [record for record in bench.carry_out(SUBJECT).records if record.kind == "contact"]
    assert (Outcome.RESTRICTED, Evidence.VERIFIED) == (line.outcome, line.evidence)
    assert (line.reason or "").startswith("It is not stripped.")


def test_a_recurring_invoice_that_is_only_deactivated_is_refused_whether_or_not_a_header_says_so() -> None:
    bench, simulator, contact = jan(HELD)
    recurring = simulator.add_invoice(contact, None, "recurring_sales_invoices")
    simulator.add_invoice(contact, LAST_YEAR, recurring_sales_invoice_id=recurring)
    simulator.tells_kept = False
    for _ in range(2):
        answer = bench.carry_out(SUBJECT)
        assert ([Outcome.REFUSED], None) == (fates(answer, "recurring_invoice"), answer.again_at)
    assert simulator.hanging["recurring_sales_invoices"][recurring]["active"] is False


def test_an_id_that_is_no_number_is_no_path() -> None:
    """Moneybird's ids are numbers; what it answers to another is not known."""
    bench, simulator, _ = jan()
    assert [] == list(bench.carry_out({"moneybird.contact_id": ["nobody"]}).records)
    assert not any("nobody" in call.request.url.path for call in simulator.calls)


@pytest.mark.parametrize("scopes", [{"sales_invoices", "estimates"}, {"sales_invoices"}, {"estimates"}, set()])
def test_the_scopes_are_read_off_the_lists_that_need_them(scopes: set[str]) -> None:
    bench, simulator, _ = jan()
    simulator.scopes = scopes
    told = {right.name: right.held for right in bench.rights()}
    assert {"the scope sales_invoices", "the scope estimates"} == {name for name, held in told.items() if held is not None}
    assert scopes == {name.removeprefix("the scope ") for name, held in told.items() if held}


def test_when_the_hold_has_ended_the_archived_contact_is_erased_with_its_invoice() -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, LAST_YEAR)
    bench.carry_out(SUBJECT)
    bench.time.now = datetime(2033, 1, 1, 9, tzinfo=UTC)
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "contact")
    assert not simulator.contacts and not simulator.hanging["sales_invoices"]


@pytest.mark.parametrize("dated", [None, LAST_YEAR])
@pytest.mark.parametrize("path", ["sales_invoices", "estimates"])
def test_a_draft_is_not_in_the_books_and_is_erased(path: str, dated: date | None) -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, dated, path, state="draft")
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.ERASED], [Outcome.ERASED]) == (fates(answer, "draft"), fates(answer, "contact"))


def test_a_draft_that_has_been_sent_since_the_last_round_is_held_and_not_erased() -> None:
    bench, simulator, contact = jan(HELD)
    invoice = simulator.add_invoice(contact, None, state="draft")
    simulator.answers["DELETE", f"sales_invoices/{invoice}"] = 403
    bench.carry_out(SUBJECT)
    simulator.answers.clear()
    simulator.hanging["sales_invoices"][invoice] |= {"state": "open", "invoice_date": "2026-11-20"}
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.REFUSED], [Outcome.HELD]) == (fates(answer, "draft"), fates(answer, "invoice"))
    assert invoice in simulator.hanging["sales_invoices"]


def test_an_invoice_without_a_date_that_is_no_draft_waits_for_a_person() -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, None, state="open")
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.NEEDS_PERSON], [Outcome.NEEDS_PERSON]) == (fates(answer, "invoice"), fates(answer, "contact"))
    assert not simulator.writing_calls


@pytest.mark.parametrize("state", ["scheduled", "open", "pending_payment", "reminded", "late", "paid", "uncollectible"])
def test_an_invoice_in_any_other_state_is_held(state: str) -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, LAST_YEAR, state=state)
    assert [Outcome.HELD] == fates(bench.carry_out(SUBJECT), "invoice")


def test_an_external_invoice_is_held_by_its_own_date() -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, date(2020, 2, 29), "external_sales_invoices")
    answer = bench.carry_out(SUBJECT)
    held = next(record for record in answer.records if record.kind == "invoice")
    assert held.hold and date(2027, 12, 31) == held.hold.until


def test_without_a_hold_everything_that_hangs_from_an_archived_contact_is_erased() -> None:
    bench, simulator, contact = jan(archived=True)
    for path in simulator.hanging:
        simulator.add_invoice(contact, date(2012, 1, 1), path)
    simulator.add_invoice(contact, None, "recurring_sales_invoices", active=False)
    answer = bench.carry_out(SUBJECT)
    assert 6 == len(answer.records) and {Outcome.ERASED} == {record.outcome for record in answer.records}
    assert not simulator.contacts and not any(simulator.hanging.values())


@pytest.mark.parametrize("keeps_used", [False, True])
def test_a_contact_that_the_bookkeeping_uses_is_never_told_as_erased(keeps_used: bool) -> None:
    bench, simulator, contact = jan()
    invoice = simulator.add_invoice(contact, LAST_YEAR)
    simulator.keeps_used = keeps_used  # answers 204 then, and archives
    simulator.answers["DELETE", f"sales_invoices/{invoice}"] = 400  # its period is locked
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.REFUSED], [Outcome.REFUSED]) == (fates(answer, "invoice"), fates(answer, "contact"))
    assert contact in simulator.contacts and all(record.reason for record in answer.records)


def test_a_yes_that_says_kept_is_no_erasure_even_where_the_record_does_not_show_any_more() -> None:
    bench, simulator, contact = jan()
    invoice = simulator.add_invoice(contact, LAST_YEAR)
    simulator.keeps_used = True
    simulator.answers |= {("DELETE", f"sales_invoices/{invoice}"): 400, ("GET", f"contacts/{contact}"): 404}
    assert [Outcome.REFUSED] == fates(bench.carry_out(SUBJECT), "contact")
    assert contact in simulator.contacts


def test_a_recurring_invoice_that_is_only_deactivated_is_not_told_as_erased() -> None:
    bench, simulator, contact = jan(HELD)
    recurring = simulator.add_invoice(contact, None, "recurring_sales_invoices")
    simulator.add_invoice(contact, LAST_YEAR, recurring_sales_invoice_id=recurring)
    answer = bench.carry_out(SUBJECT)
    assert [Outcome.REFUSED] == fates(answer, "recurring_invoice")
    assert ([Outcome.HELD], [Outcome.RESTRICTED]) == (fates(answer, "invoice"), fates(answer, "contact"))
    assert not simulator.hanging["recurring_sales_invoices"][recurring]["active"]


def test_of_a_companys_contact_only_the_person_is_erased() -> None:
    simulator = Odd()
    company = simulator.add_contact(PIET, company_name="Jan de Vries BV, jan@voorbeeld.nl")
    simulator.contacts[company]["contact_people"] = [{"id": 7, "email": "Jan@Voorbeeld.nl"}, {"id": 8, "email": PIET.email}, {"id": 9}]
    simulator.add_invoice(company, LAST_YEAR)
    answer = Bench(Moneybird, simulator, SETTINGS, HOST).carry_out(SUBJECT)
    assert (1, [Outcome.ERASED]) == (len(answer.records), fates(answer, "contact_person"))
    assert [8, 9] == [person["id"] for person in simulator.contacts[company]["contact_people"]]
    assert 1 == len(simulator.hanging["sales_invoices"]) == simulator.writing_calls


def test_two_contacts_of_one_person_have_their_own_fates() -> None:
    bench, simulator, used = jan(HELD)
    simulator.add_invoice(used, LAST_YEAR)
    other = simulator.add_contact(JAN, customer_id="C-1002", archived=True)
    assert [Outcome.ERASED, Outcome.RESTRICTED] == fates(bench.carry_out(SUBJECT), "contact")
    assert used in simulator.contacts and other not in simulator.contacts


def test_a_free_text_hit_in_another_field_is_somebody_else() -> None:
    simulator = Odd()
    for field in ("company_name", "firstname", "phone"):
        simulator.add_contact(PIET, **{field: "jan@voorbeeld.nl"})
    simulator.add_contact(PIET, customer_id="C-10011")
    simulator.add_contact(PIET, customer_id="c-1001")
    answer = Bench(Moneybird, simulator, SETTINGS, HOST).carry_out(SUBJECT)
    assert (None, (), 5) == (answer.outcome, answer.records, len(simulator.contacts))


@pytest.mark.parametrize("shared", [{"email": "piet@elders.nl, jan@voorbeeld.nl"}, {"contact_people": [{"id": 7, "email": PIET.email}]}])
def test_a_contact_that_others_share_waits_for_a_person_unless_it_is_named(shared: dict[str, Any]) -> None:
    bench, simulator, contact = jan(**shared)
    by_address = {"email": [JAN.email]}
    assert Outcome.NEEDS_PERSON is bench.carry_out(by_address).outcome and not simulator.writing_calls
    assert [Outcome.ERASED] == fates(bench.carry_out(by_address | {"moneybird.contact_id": [contact]}), "contact")


def test_a_contact_with_two_addresses_of_the_person_is_theirs() -> None:
    bench, simulator, _ = jan(email="jan@werk.nl,JAN@voorbeeld.nl ")
    assert [Outcome.ERASED] == fates(bench.carry_out({"email": [JAN.email, "jan@werk.nl"]}), "contact")
    assert not simulator.contacts


def test_a_contact_is_found_by_its_id_alone_and_is_gone_the_second_time() -> None:
    bench, simulator, contact = jan(archived=True)
    subject = {"moneybird.contact_id": [contact]}
    assert [Outcome.ERASED] == fates(bench.carry_out(subject), "contact")
    assert (None, ()) == ((again := bench.carry_out(subject, known=False)).outcome, again.records)
    assert not simulator.contacts


def test_ids_may_be_numbers_and_optional_fields_may_be_absent_or_null() -> None:
    bench, simulator, contact = jan(HELD)
    invoice = simulator.add_invoice(contact, LAST_YEAR)
    simulator.contacts[contact] = {"id": int(contact), "email": JAN.email, "customer_id": None, "archived": None, "contact_people": None}
    simulator.contacts[contact] |= dict.fromkeys(("company_name", "firstname", "phone"))
    simulator.hanging["sales_invoices"][invoice] |= {"id": int(invoice)}
    simulator.answers["GET", "contacts/filter"] = 404  # the simulator's own search needs the list
    answer = bench.carry_out(SUBJECT, mode="dry-run")
    assert ([Outcome.HELD], [Outcome.RESTRICTED]) == (fates(answer, "invoice"), fates(answer, "contact"))


def test_pages_are_read_to_the_end_when_only_a_count_tells_of_them() -> None:
    bench, simulator, contact = jan()
    simulator.links, simulator.largest_page = False, 2
    for _ in range(5):
        simulator.add_invoice(contact, LAST_YEAR)
    assert 5 * [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "invoice")
    assert not simulator.contacts


def test_a_list_of_more_than_a_hundred_is_read_to_the_end() -> None:
    bench, simulator, contact = jan()
    simulator.links = False
    for _ in range(101):
        simulator.add_invoice(contact, LAST_YEAR)
    assert 101 == len(fates(bench.carry_out(SUBJECT, mode="dry-run"), "invoice"))


SECONDARY = ("contacts/filter", "external_sales_invoices", "estimates", "recurring_sales_invoices")


def test_lists_that_are_not_offered_are_passed_over() -> None:
    bench, simulator, contact = jan()
    simulator.add_invoice(contact, LAST_YEAR)
    simulator.answers = {("GET", path): 404 for path in SECONDARY}
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.ERASED], [Outcome.ERASED]) == (fates(answer, "invoice"), fates(answer, "contact"))


@pytest.mark.parametrize("path", ["contacts", "sales_invoices"])
def test_the_two_lists_that_always_are_may_not_be_missing(path: str) -> None:
    bench, simulator, _ = jan()
    simulator.answers["GET", path] = 404
    assert Outcome.FAILED is bench.carry_out(SUBJECT).outcome and not simulator.writing_calls


@pytest.mark.parametrize("path", ["contacts", "sales_invoices", *SECONDARY])
def test_a_token_without_a_scope_is_told_before_anything_is_written(path: str) -> None:
    bench, simulator, _ = jan()
    simulator.answers["GET", path] = 403
    assert Outcome.FAILED is bench.carry_out(SUBJECT).outcome and not simulator.writing_calls


@pytest.mark.parametrize("header", ["Retry-After", "RateLimit-Reset"])
def test_the_end_of_a_pause_is_read_as_a_moment(header: str) -> None:
    bench, simulator, _ = jan()
    moment = str(int(bench.time.now.timestamp()) + 42)
    simulator.faults.append(Fault(httpx.Response(429, headers={header: moment}, json="Retry later")))
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "contact")
    assert 42 in [round(wait) for wait in bench.time.waits]


def test_a_pause_of_an_hour_is_deferred() -> None:
    bench, simulator, _ = jan()
    simulator.faults.append(Fault(httpx.Response(429, headers={"Retry-After": str(int(bench.time.now.timestamp()) + 3600)})))
    assert Outcome.DEFERRED is bench.carry_out(SUBJECT).outcome


def test_archiving_is_not_undone_over_the_api() -> None:
    bench, simulator, contact = jan()
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(SUBJECT, "restrict"), "contact")
    assert [Outcome.NEEDS_PERSON] == fates(bench.carry_out(SUBJECT, "lift"), "contact")
    assert simulator.contacts[contact]["archived"] and 1 == simulator.writing_calls


def test_an_archiving_whose_answer_was_lost_is_told_as_done() -> None:
    bench, simulator, contact = jan()
    simulator.faults.append(Fault(None, writing=True, after_effect=True))  # tried again, it is 400: archived already
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(SUBJECT, "restrict"), "contact")
    assert simulator.contacts[contact]["archived"]


def test_an_archiving_that_is_refused_is_told() -> None:
    bench, simulator, contact = jan(HELD)
    simulator.add_invoice(contact, LAST_YEAR)
    simulator.answers["PATCH", f"contacts/{contact}/archive"] = 400
    assert [Outcome.REFUSED] == fates(bench.carry_out(SUBJECT), "contact")


def test_no_id_stands_in_a_logged_path(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "connectors")
    bench, simulator, contact = jan()
    invoice = simulator.add_invoice(contact, LAST_YEAR)
    bench.carry_out(SUBJECT)
    assert "DELETE /{administration_id}/{list}/{id}.json 204" in caplog.text
    assert contact not in caplog.text and invoice not in caplog.text
