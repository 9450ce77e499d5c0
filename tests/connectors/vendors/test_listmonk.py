"""listmonk through the kit, and its own traps."""

from typing import Any

import httpx
import pytest

from connectors.testing.harness import Bench, Crash
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.listmonk import ListmonkSimulator
from connectors.vendors.listmonk import Listmonk
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

HOST = "https://vendor.test/api"
SETTINGS = {"user": "api", "token": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")


class TestListmonk(ConformanceKit):
    connector = Listmonk
    simulator = ListmonkSimulator
    settings = SETTINGS


class Odd(ListmonkSimulator):
    """listmonk, but for some calls: another answer in place of its own; None: it is done, and the caller dies of it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], httpx.Response | None] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        key = (request.method, request.url.path.removeprefix("/api"))
        if (given := self.answers.get(key)) is not None:
            return httpx.Response(given.status_code, content=given.content)
        answer = super().handle(request)
        if key in self.answers:
            del self.answers[key]
            raise Crash
        return answer


def listmonk(email: str = JAN.email, *how: str, status: str = "enabled") -> tuple[Bench, Odd, int]:
    """listmonk with one subscriber, on its lists as `how` says."""
    simulator = Odd()
    id = simulator.add(Person(email), dict(zip(simulator.lists, how, strict=False)), status)
    return Bench(Listmonk, simulator, SETTINGS, HOST), simulator, id


def fates(answer: Answered) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return [record.outcome for record in answer.records]


@pytest.mark.parametrize(
    "email", ["jan+family@voorbeeld.nl", "o'neil@voorbeeld.nl", "a*b(c@voorbeeld.nl", "{x}|y@voorbeeld.nl", "jan[@x-y.nl"]
)
def test_an_address_that_would_mean_something_else_as_a_pattern_is_found(email: str) -> None:
    bench, simulator, _ = listmonk(email)
    assert [Outcome.ERASED] == fates(bench.carry_out({"email": [email]}))
    assert {} == simulator.subscribers


def test_a_dot_is_no_other_letter() -> None:
    bench, simulator, id = listmonk("janxvoorbeeld.nl@elders.nl")
    other = simulator.add(Person("jan@voorbeeldxnl", JAN.email), {})
    assert [] == fates(bench.carry_out(JAN.subject())) and [id, other] == list(simulator.subscribers)


@pytest.mark.parametrize("status", ["enabled", "disabled", "blocklisted"])
def test_a_subscriber_on_no_list_is_found_whatever_its_status(status: str) -> None:
    bench, simulator, _ = listmonk(status=status)
    (line,) = bench.carry_out(JAN.subject()).records
    assert (Outcome.ERASED, Evidence.VERIFIED) == (line.outcome, line.evidence)
    assert {} == simulator.subscribers


def test_a_yes_to_a_deletion_is_no_proof() -> None:
    bench, simulator, id = listmonk()
    simulator.answers["DELETE", f"/subscribers/{id}"] = httpx.Response(200, json={"data": True})
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject()))


def test_400_to_one_subscriber_is_no_proof_while_the_search_still_shows_it() -> None:
    bench, simulator, id = listmonk()
    simulator.answers["DELETE", f"/subscribers/{id}"] = httpx.Response(200, json={"data": True})
    simulator.answers["GET", f"/subscribers/{id}"] = httpx.Response(400, json={"message": "not found"})
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject()))


def test_nothing_is_deleted_or_searched_by_sql() -> None:
    bench, simulator, _ = listmonk("o'neil@voorbeeld.nl")
    bench.carry_out({"email": ["o'neil@voorbeeld.nl"]})
    assert not any("query" in str(call.request.url) for call in simulator.calls)


@pytest.mark.parametrize("status", ["enabled", "disabled"])
def test_a_restriction_is_lifted_to_what_was_before(status: str) -> None:
    bench, simulator, id = listmonk(JAN.email, "unsubscribed", "confirmed", status=status)
    before, attribs = dict(simulator.members[id]), dict(simulator.subscribers[id]["attribs"])
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(JAN.subject(), "restrict"))
    assert ("blocklisted", {"unsubscribed"}) == (simulator.subscribers[id]["status"], set(simulator.members[id].values()))
    assert [Outcome.LIFTED] == fates(bench.carry_out(JAN.subject(), "lift"))
    assert (status, before) == (simulator.subscribers[id]["status"], simulator.members[id])
    assert attribs | {"before_restriction": None} == simulator.subscribers[id]["attribs"]


def test_whoever_was_blocklisted_by_others_is_subscribed_to_nothing_by_a_lifting() -> None:
    bench, simulator, id = listmonk(JAN.email, "unsubscribed", "unsubscribed", status="blocklisted")
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(JAN.subject(), "restrict")) and 0 == simulator.writing_calls
    assert [Outcome.LIFTED] == fates(bench.carry_out(JAN.subject(), "lift"))
    assert {"unsubscribed"} == set(simulator.members[id].values())


def test_nobody_is_asked_to_confirm_because_of_a_restriction_or_its_lifting() -> None:
    bench, simulator, id = listmonk(JAN.email, "confirmed", "unconfirmed")
    before = dict(simulator.members[id])
    bench.carry_out(JAN.subject(), "restrict")
    assert [Outcome.LIFTED] == fates(bench.carry_out(JAN.subject(), "lift"))
    assert (before, 0) == (simulator.members[id], simulator.mails)


def test_a_lifting_that_died_half_way_is_made_good() -> None:
    bench, simulator, id = listmonk(JAN.email, "confirmed", "unconfirmed")
    before = dict(simulator.members[id])
    bench.carry_out(JAN.subject(), "restrict")
    simulator.answers["PUT", "/subscribers/lists"] = None
    with pytest.raises(Crash):
        bench.carry_out(JAN.subject(), "lift")
    assert "blocklisted" == simulator.subscribers[id]["status"]
    assert [Outcome.LIFTED] == fates(bench.carry_out(JAN.subject(), "lift"))
    assert before == simulator.members[id]


@pytest.mark.parametrize("status", [400, 404, 405])
def test_an_older_listmonk_without_patch_is_blocked_all_the_same(status: int) -> None:
    bench, simulator, id = listmonk(JAN.email, "confirmed")
    simulator.answers["PATCH", f"/subscribers/{id}"] = httpx.Response(status)
    assert [Outcome.RESTRICTED] == fates(bench.carry_out(JAN.subject(), "restrict"))
    assert "blocklisted" == simulator.subscribers[id]["status"]


def test_a_role_that_sees_a_subscriber_but_may_not_delete_it_is_told() -> None:
    bench, simulator, id = listmonk()
    simulator.answers["DELETE", f"/subscribers/{id}"] = httpx.Response(403, json={"message": "permission denied"})
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject())) and id in simulator.subscribers


def test_a_wrong_token_is_told_though_it_is_403_there() -> None:
    bench, _, _ = listmonk()
    bench.settings = SETTINGS | {"user": "somebody"}
    answer = bench.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "credential" in (answer.reason or "")


def test_optional_fields_may_be_absent_or_null() -> None:
    bench, simulator, id = listmonk()
    bare = {"id": str(id), "email": "JAN@Voorbeeld.nl", "attribs": None, "lists": None}
    simulator.answers["GET", "/subscribers"] = httpx.Response(200, json={"data": {"results": [bare], "total": 1}})
    simulator.answers["GET", f"/subscribers/{id}"] = httpx.Response(200, json={"data": bare | {"status": "enabled"}})
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject(), mode="dry-run"))
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject(), "restrict"))  # it never shows the block


@pytest.mark.parametrize(
    "data",
    [
        {"results": []},
        {"total": 0},
        {"results": [{"id": 1}], "total": 1},
        {"results": [{"email": "jan@voorbeeld.nl"}], "total": 1},
        {"results": [{"id": 1, "email": "a@b.nl"}], "total": 2},
        True,
    ],
)
def test_a_search_without_total_rows_ids_or_addresses_is_misread(data: Any) -> None:
    bench, simulator, _ = listmonk()
    simulator.answers["GET", "/subscribers"] = httpx.Response(200, json={"data": data})
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome and 0 == simulator.writing_calls


def test_a_thousand_hits_are_read_to_the_end() -> None:
    bench, simulator, _ = listmonk()
    for number in range(1000):
        simulator.add(Person(f"p{number}.jan@voorbeeld.nl"), {})
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject(), mode="dry-run"))
    assert 11 == len(simulator.calls)


def test_a_proxy_that_is_busy_is_asked_again() -> None:
    bench, simulator, _ = listmonk()
    simulator.faults.append(Fault(httpx.Response(502, html="<html></html>"), times=3))
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject())) and {} == simulator.subscribers


@pytest.mark.parametrize(
    ("id", "permissions", "lacks"),
    [
        (5, ["subscribers:get_all", "subscribers:manage", "lists:get_all"], set()),
        (5, ["subscribers:get", "subscribers:manage"], {"subscribers:get_all"}),  # it would be shown a part, and not told
        (5, ["subscribers:get_all"], {"subscribers:manage"}),
        (1, [], set()),  # the super admin
    ],
)
def test_the_role_tells_which_rights_the_credential_lacks(id: int, permissions: list[str], lacks: set[str]) -> None:
    bench, simulator, _ = listmonk()
    simulator.role |= {"id": id, "permissions": permissions}
    told = bench.rights()
    assert {"erase", "restrict"} == {right.to for right in told}
    assert lacks == {right.name for right in told if not right.held}
