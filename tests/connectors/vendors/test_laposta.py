"""Laposta through the kit, and its own traps."""

from typing import Any

import httpx
import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.laposta import LapostaSimulator
from connectors.vendors.laposta import Laposta
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

HOST = "https://vendor.test/v2"
SETTINGS = {"api_key": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")


class TestLaposta(ConformanceKit):
    connector = Laposta
    simulator = LapostaSimulator
    settings = SETTINGS
    exempt = {"a_list_without_end_is_told_and_never_nothing_found": "There are no pages: every list comes whole, in one answer."}


class Odd(LapostaSimulator):
    """Laposta, but for some calls: another answer in place of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], httpx.Response] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path.removeprefix("/v2")))
        return httpx.Response(given.status_code, content=given.content) if given else super().handle(request)


def laposta(*states: str) -> tuple[Bench, Odd, list[str]]:
    """Laposta with Jan on a list for each of the states."""
    simulator = Odd()
    members = [simulator.add(at, JAN, state) for at, state in zip(simulator.lists, states, strict=False)]
    return Bench(Laposta, simulator, SETTINGS, HOST), simulator, members


def fates(answer: Answered) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return [record.outcome for record in answer.records]


@pytest.mark.parametrize("unknown", [400, 404])
def test_an_unknown_member_may_answer_400_or_404(unknown: int) -> None:
    bench, simulator, _ = laposta("active", "unsubscribed")
    simulator.unknown = unknown
    answer = bench.carry_out(JAN.subject())
    assert [(Outcome.ERASED, Evidence.VERIFIED)] * 2 == [(record.outcome, record.evidence) for record in answer.records]
    assert {} == simulator.members


@pytest.mark.parametrize("unknown", [400, 404])
def test_a_deletion_whose_answer_was_lost_is_told_as_done(unknown: int) -> None:
    bench, simulator, _ = laposta("active")
    simulator.unknown = unknown
    simulator.faults.append(Fault(None, writing=True, after_effect=True))
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject()))
    assert {} == simulator.members


def test_a_deletion_that_is_refused_is_told_and_the_rest_goes_on() -> None:
    bench, simulator, (stays, _) = laposta("active", "active")
    simulator.answers["DELETE", f"/member/{stays}"] = httpx.Response(402, json={"error": {"type": "internal"}})
    assert [Outcome.ERASED, Outcome.REFUSED] == sorted(fates(bench.carry_out(JAN.subject())))
    assert [stays] == list(simulator.members)


@pytest.mark.parametrize("state", ["unsubscribed", "cleaned"])
def test_whoever_the_whole_list_leaves_out_is_found_by_address(state: str) -> None:
    bench, simulator, _ = laposta("active", state)
    simulator.hidden = ("unsubscribed", "cleaned")
    assert [Outcome.ERASED] * 2 == fates(bench.carry_out(JAN.subject()))
    assert {} == simulator.members


def test_an_address_with_a_plus_is_asked_for_as_itself() -> None:
    bench, simulator, _ = laposta()
    person = Person("jan+family@voorbeeld.nl")
    simulator.add(simulator.lists[0], person, "unsubscribed")
    other = simulator.add(simulator.lists[0], Person("jan family@voorbeeld.nl"))
    simulator.hidden = ("unsubscribed",)
    assert [Outcome.ERASED] == fates(bench.carry_out({"email": [person.email]}))
    assert [other] == list(simulator.members)


def test_a_member_that_another_address_answers_to_is_somebody_else() -> None:
    bench, simulator, _ = laposta()
    other = simulator.add(simulator.lists[0], Person("piet@elders.nl"))
    row = {"member": simulator.members[other]}
    simulator.answers["GET", f"/member/{JAN.email}"] = httpx.Response(200, json=row)
    assert [] == fates(bench.carry_out(JAN.subject())) and other in simulator.members


def test_a_member_is_found_by_its_id_alone() -> None:
    bench, simulator, (member,) = laposta("active")
    other = simulator.add(simulator.lists[0], Person("piet@elders.nl", member))
    assert [Outcome.ERASED] == fates(bench.carry_out({"laposta.member_id": [member]}))
    assert [other] == list(simulator.members)


def test_a_restriction_unsubscribes_the_active_and_leaves_the_others_as_they_are() -> None:
    bench, simulator, (active, cleaned) = laposta("active", "cleaned")
    assert [Outcome.RESTRICTED] * 2 == fates(bench.carry_out(JAN.subject(), "restrict"))
    assert ("unsubscribed", "cleaned") == (simulator.members[active]["state"], simulator.members[cleaned]["state"])
    assert 1 == simulator.writing_calls


def test_whoever_is_unsubscribed_is_never_subscribed_again_by_a_lifting() -> None:
    bench, simulator, (member,) = laposta("unsubscribed")
    assert [Outcome.NEEDS_PERSON] == fates(bench.carry_out(JAN.subject(), "lift"))
    assert "unsubscribed" == simulator.members[member]["state"] and 0 == simulator.writing_calls


def test_a_list_is_never_emptied() -> None:
    bench, simulator, _ = laposta("active", "active")
    bench.carry_out(JAN.subject())
    assert all("/list/" not in call.request.url.path for call in simulator.calls)


def test_a_member_that_stays_readable_as_deleted_is_not_told_as_erased() -> None:
    bench, simulator, (member,) = laposta("active")
    simulator.answers["DELETE", f"/member/{member}"] = httpx.Response(200, json={"member": {"state": "deleted"}})
    simulator.members[member]["state"] = "deleted"
    assert [Outcome.FAILED] == fates(bench.carry_out(JAN.subject()))


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("status", [400, 404])
def test_an_error_to_a_list_is_never_nothing_found(call: int, status: int) -> None:
    bench, simulator, _ = laposta("active")
    simulator.faults.append(Fault(httpx.Response(status, json={"error": {"code": 203}}), times=9, skip=call))
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome and 0 == simulator.writing_calls


@pytest.mark.parametrize("row", [{"member_id": "m1"}, {"email": "jan@voorbeeld.nl"}, {"member_id": None, "email": None}])
def test_a_member_without_address_or_id_is_misread(row: dict[str, Any]) -> None:
    bench, simulator, _ = laposta("active")
    simulator.answers["GET", "/member"] = httpx.Response(200, json={"data": [{"member": row}]})
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome and 0 == simulator.writing_calls


def test_ids_may_be_numbers_and_the_state_may_be_absent() -> None:
    bench, simulator, _ = laposta("active")
    simulator.answers["GET", "/member"] = httpx.Response(200, json={"data": [{"member": {"member_id": 12, "email": "JAN@Voorbeeld.nl"}}]})
    simulator.answers["GET", f"/member/{JAN.email}"] = httpx.Response(404)
    assert [Outcome.ERASED] * 2 == fates(bench.carry_out(JAN.subject(), mode="dry-run"))  # one on each list


def test_a_thousand_members_are_read_in_one_call_a_list() -> None:
    bench, simulator, _ = laposta("active")
    for number in range(1000):
        simulator.add(simulator.lists[1], Person(f"p{number}@elders.nl"))
    assert [Outcome.ERASED] == fates(bench.carry_out(JAN.subject(), mode="dry-run"))
    assert 5 == len(simulator.calls)


def test_a_wrong_key_is_told() -> None:
    bench, simulator, _ = laposta("active")
    simulator.answers["GET", "/list"] = httpx.Response(401, json={"error": {"type": "invalid_request"}})
    answer = bench.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "credential" in (answer.reason or "")


@pytest.mark.parametrize("twice", [True, False])
def test_a_plus_is_found_whether_laposta_unescapes_an_address_twice_or_once(twice: bool) -> None:
    class Once(LapostaSimulator):
        def _member(self, id: str, asked: Any) -> Any:
            return super()._member(id if twice else id.replace("%", "%25").replace("+", "%2B"), asked)

    simulator, plus = Once(), Person("jan+nieuws@voorbeeld.nl")
    simulator.hidden = ("unsubscribed",)
    simulator.add(simulator.lists[0], plus, "unsubscribed")
    assert [Outcome.ERASED] == fates(Bench(Laposta, simulator, SETTINGS, HOST).carry_out(plus.subject()))
    assert {} == simulator.members
