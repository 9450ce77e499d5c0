"""TeamViewer through the kit, and its own traps."""

from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.teamviewer import TeamviewerSimulator
from connectors.vendors.teamviewer import Teamviewer
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS = {"token": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
MET = "2025-06-01T10:00:00Z"


class TestTeamviewer(ConformanceKit):
    optional = {"end_customer": "A session that nobody has joined has none."}
    connector = Teamviewer
    simulator = TeamviewerSimulator
    settings = SETTINGS
    dated = ("connection_report",)


class Odd(TeamviewerSimulator):
    """TeamViewer, but some calls are answered with another status; None: it says yes and does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: dict[tuple[str, str], int | None] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        for (method, start), status in self.odd.items():
            if method == request.method and request.url.path.startswith(f"/api/v1/{start}"):
                return httpx.Response(status or 204, json={"error": "no", "error_code": 1} if status else None)
        return super().handle(request)


def bench(simulator: TeamviewerSimulator, *held: str) -> Bench:
    rules = [HoldRule(frozenset(held), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")] if held else []
    return Bench(Teamviewer, simulator, SETTINGS, "https://vendor.test/api/v1", rules)


def fates(answer: Answered) -> dict[str, list[Outcome]]:
    assert answer.outcome is None, answer.reason
    kinds = {record.kind for record in answer.records}
    return {kind: [record.outcome for record in answer.records if record.kind == kind] for kind in kinds}


def test_a_user_is_deleted_for_good_and_not_only_taken_out_of_the_company() -> None:
    simulator = TeamviewerSimulator()
    simulator.add("users", name="Jan", email=JAN.email, active=True)
    assert {"user": [Outcome.ERASED]} == fates(bench(simulator).carry_out(JAN.subject()))
    assert [] == simulator.removed


def test_an_account_without_an_id_is_misread_and_never_deletes_the_company() -> None:
    simulator = TeamviewerSimulator()
    simulator.rows["users"].append({"id": "", "name": "Jan", "email": JAN.email, "active": True})
    assert {"user": [Outcome.FAILED]} == fates(bench(simulator).carry_out(JAN.subject()))
    assert not simulator.company_deleted


def test_reports_of_years_ago_and_closed_service_cases_are_found() -> None:
    simulator = TeamviewerSimulator()
    simulator.add("records", userid="u1", start_date="2015-02-01T10:00:00Z", end_customer={"email": "JAN@voorbeeld.nl"})
    simulator.add("sessions", state="Closed", end_customer={"email": JAN.email}, created_at=MET)
    simulator.add("sessions", state="Open", end_customer={"email": JAN.email}, created_at=MET)
    answer = fates(bench(simulator).carry_out(JAN.subject()))
    assert {"connection_report": [Outcome.ERASED], "session": [Outcome.REFUSED] * 2} == answer


def test_a_service_case_is_never_closed_in_place_of_being_erased() -> None:
    simulator = TeamviewerSimulator()
    simulator.add("sessions", state="Open", end_customer={"email": JAN.email})
    bench(simulator).carry_out(JAN.subject())
    assert "Open" == simulator.rows["sessions"][0]["state"] and 0 == simulator.writing_calls


def test_a_report_that_stays_when_its_user_goes_is_not_told_as_erased() -> None:
    simulator = Odd()
    user = simulator.add("users", name="Jan", email=JAN.email, active=True)
    simulator.add("records", userid=user, start_date=MET)
    simulator.odd = {("DELETE", "reports"): None}
    case = bench(simulator)
    assert {"user": [Outcome.ERASED], "connection_report": [Outcome.FAILED]} == fates(case.carry_out(JAN.subject()))
    assert [Outcome.FAILED] == fates(case.carry_out(JAN.subject()))["connection_report"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_list_that_is_not_there_in_the_second_look_proves_nothing(status: int) -> None:
    class Losing(Odd):
        def handle(self, request: httpx.Request) -> httpx.Response:
            if request.method == "DELETE":
                self.odd = {("GET", "reports"): status}
            return super().handle(request)

    simulator = Losing()
    simulator.add("records", userid="u1", start_date=MET, end_customer={"email": JAN.email})
    simulator.liar = True
    (told,) = bench(simulator).carry_out(JAN.subject()).records
    assert Outcome.FAILED is told.outcome
    assert "could not be looked for again" in (told.reason or "")


def test_a_company_without_service_cases_is_searched_all_the_same() -> None:
    simulator = Odd()
    simulator.add("users", name="Jan", email=JAN.email, active=True)
    simulator.odd = {("GET", "sessions"): 404}
    assert {"user": [Outcome.ERASED]} == fates(bench(simulator).carry_out(JAN.subject()))


@pytest.mark.parametrize("path", ["contacts", "reports", "sessions"])
def test_a_token_that_may_not_read_one_of_the_lists_fails_as_a_whole(path: str) -> None:
    simulator = Odd()
    simulator.odd = {("GET", path): 403}
    answer = bench(simulator).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and path in (answer.reason or "")


@pytest.mark.parametrize("subject", [{"teamviewer.contact_id": ["c1000"]}, {"teamviewer.user_id": ["u77"]}])
def test_a_contact_is_found_by_its_id_or_its_account_and_binds_its_reports(subject: dict[str, list[str]]) -> None:
    simulator = TeamviewerSimulator()
    contact = simulator.add("contacts", user_id="u77", name=JAN.name)
    assert "c1000" == contact
    simulator.add("contacts", user_id="u78", name=JAN.name)
    simulator.add("records", userid="u1", contact_id=contact, start_date=MET)
    told = fates(bench(simulator, "connection_report").carry_out(subject))
    assert {"contact": [Outcome.HELD], "connection_report": [Outcome.HELD]} == told


def test_a_held_report_shuts_its_user_off_and_keeps_the_account() -> None:
    simulator = TeamviewerSimulator()
    user = simulator.add("users", name="Jan", email=JAN.email, active=True)
    simulator.add("records", userid=user, start_date=MET)
    told = fates(bench(simulator, "connection_report").carry_out(JAN.subject()))
    assert {"user": [Outcome.RESTRICTED], "connection_report": [Outcome.HELD]} == told
    assert [False] == [row["active"] for row in simulator.rows["users"]]


def test_ids_may_be_numbers_and_empty_fields_may_be_null_or_missing() -> None:
    simulator = TeamviewerSimulator()
    simulator.rows["users"] = [{"id": 7, "name": "Jan", "email": "Jan@Voorbeeld.nl"}, {"id": 8, "name": "Jan", "email": None}]
    simulator.rows["contacts"] = [{"contact_id": 5, "user_id": 7}, {"contact_id": 6, "name": JAN.name, "email": None}]
    report: dict[str, Any] = {"start_date": MET, "contact_id": None, "end_customer": None}
    simulator.rows["records"] = [report | {"id": 1, "userid": 7}, report | {"id": 2, "userid": None, "end_customer": {"name": JAN.name}}]
    simulator.list_users = lambda request: httpx.Response(200, json={"users": simulator.rows["users"]})  # type: ignore[method-assign]
    simulator._routes = list(simulator._read_routes())
    told = fates(bench(simulator).carry_out({"email": [JAN.email]}, mode="dry-run"))
    assert {"user": [Outcome.ERASED], "contact": [Outcome.ERASED], "connection_report": [Outcome.ERASED]} == told


@pytest.mark.parametrize("row", [{"id": "r1"}, {"userid": "u1"}])
def test_a_report_that_does_not_tell_whose_it_is_is_misread(row: dict[str, str]) -> None:
    simulator = TeamviewerSimulator()
    simulator.faults.append(Fault(httpx.Response(200, json={"records": [row]}), skip=2))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


def test_a_list_that_leads_to_the_same_page_again_is_misread() -> None:
    simulator = TeamviewerSimulator()
    page = {"records": [{"id": "r1", "userid": "u1"}], "next_offset": "r1"}
    simulator.faults.append(Fault(httpx.Response(200, json=page), skip=2, times=1000))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


def test_a_thousand_reports_are_erased() -> None:
    simulator = TeamviewerSimulator()
    user = simulator.add("users", name="Jan", email=JAN.email, active=True)
    for _ in range(1000):
        simulator.add("records", userid=user, start_date=MET)
    assert [Outcome.ERASED] * 1000 == fates(bench(simulator).carry_out(JAN.subject()))["connection_report"]


def test_a_token_that_ends_in_mid_case_claims_nothing() -> None:
    simulator = TeamviewerSimulator()
    simulator.seed(JAN)
    simulator.faults.append(Fault(httpx.Response(401, json={"error": "token_expired"}), times=1000, skip=6))
    told = {outcome for outcomes in fates(bench(simulator).carry_out(JAN.subject())).values() for outcome in outcomes}
    assert {Outcome.FAILED, Outcome.REFUSED} == told


def test_reports_that_one_look_did_not_show_are_found_by_their_user_when_that_is_gone() -> None:
    simulator = TeamviewerSimulator()
    user = simulator.add("users", name="Jan", email=JAN.email, active=True)
    simulator.add("records", userid=user, start_date=MET)
    real, hidden = simulator.handle, [httpx.Response(200, json={"records": []})]
    simulator.handle = lambda request: hidden.pop() if hidden and "/reports" in request.url.path else real(request)  # type: ignore[method-assign]
    assert {"user": [Outcome.ERASED], "connection_report": [Outcome.ERASED]} == fates(bench(simulator).carry_out(JAN.subject()))


def test_accounts_that_show_no_address_are_told_and_never_nothing_found() -> None:
    simulator = TeamviewerSimulator()
    simulator.rows["users"].append({"id": "u1", "name": "Jan", "email": None, "active": True})
    answer = bench(simulator).carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


@pytest.mark.parametrize("missing", ["contacts", "reports"])
def test_a_list_that_leads_to_records_by_their_user_is_not_passed_over_since_the_user_would_go_before_them(missing: str) -> None:
    """Once the account is deleted, nobody finds its reports any more, nor the contacts without an address."""
    simulator = Odd()
    simulator.seed(JAN)
    before = +simulator.traces(JAN)
    simulator.odd = {("GET", missing): 404}
    case = bench(simulator)
    first = case.carry_out(JAN.subject())
    assert (Outcome.FAILED, before, 0) == (first.outcome, +simulator.traces(JAN), simulator.writing_calls)
    simulator.odd = {}
    case.carry_out(JAN.subject())
    assert not {kind: left for kind, left in simulator.traces(JAN).items() if left and kind != "session"}
