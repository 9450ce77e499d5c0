"""FactuurSturen.nl through the kit, and its own traps."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from connectors.contract import State
from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person, route
from connectors.testing.simulators.factuursturen import FactuurSturenSimulator
from connectors.vendors.factuursturen import Client, FactuurSturen
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

SETTINGS = {"user": "bureau", "api_key": {"env": "KIT_SECRET"}}
HELD = HoldRule(frozenset({"invoice"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
JAN = Person("jan@voorbeeld.nl")
PIET = Person("piet@elders.nl", "Jan de Vries", "P-1", "+31300000001")
SUBJECT = JAN.subject()
BY_ADDRESS = {"email": [JAN.email]}
LAST_YEAR = date(2025, 6, 1)


class TestFactuurSturen(ConformanceKit):
    connector = FactuurSturen
    simulator = FactuurSturenSimulator
    settings = SETTINGS
    dated = ("invoice",)


class Odd(FactuurSturenSimulator):
    """FactuurSturen, but for some calls: another status in place of the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], int] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.raw_path.decode().partition("?")[0].removeprefix("/api/v1/")))
        return httpx.Response(given, text="Something") if given else super().handle(request)


def jan(*rules: HoldRule, **fields: Any) -> tuple[Bench, Odd, str]:
    """One client, Jan, without an invoice yet."""
    simulator = Odd()
    bench = Bench(FactuurSturen, simulator, SETTINGS, "https://vendor.test/api/v1", rules)
    return bench, simulator, simulator.add_client(JAN, **fields)


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return sorted(record.outcome for record in answer.records if record.kind == kind)


def test_json_is_asked_for_in_every_call() -> None:
    bench, simulator, _ = jan()
    bench.carry_out(SUBJECT)
    assert {"application/json"} == {call.request.headers["accept"] for call in simulator.calls}


def test_a_held_invoice_keeps_its_client_which_is_set_inactive_and_loses_what_no_duty_needs() -> None:
    bench, simulator, client = jan(HELD)
    old, new = (simulator.add_bill("invoices", client, sent) for sent in (date(2017, 6, 1), LAST_YEAR))
    simulator.add_bill("invoices_repeated", client)
    before = dict(simulator.clients[client])
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.ERASED, Outcome.HELD], [Outcome.ERASED]) == (fates(answer, "invoice"), fates(answer, "recurring_invoice"))
    bound = next(record for record in answer.records if record.kind == "customer")
    assert (Outcome.RESTRICTED, "invoice", Evidence.VERIFIED) == (bound.outcome, bound.bound_to, bound.evidence)
    emptied = dict.fromkeys(("phone", "mobile", "notes", "mailintro"), "")
    assert before | emptied | {"active": "false"} == simulator.clients[client]
    assert [new] == list(simulator.bills["invoices"]) and old != new


@pytest.mark.parametrize("status", [400, 410])
def test_whatever_a_number_that_is_gone_answers_the_whole_lists_tell(status: int) -> None:
    bench, simulator, client = jan(HELD)
    simulator.add_bill("invoices_saved", client)
    simulator.absent = status
    answer = bench.carry_out(SUBJECT)
    assert {(Outcome.ERASED, Evidence.VERIFIED)} == {(line.outcome, line.evidence) for line in answer.records} and {} == simulator.clients


def test_a_second_request_finds_the_stripped_client_and_does_not_write() -> None:
    bench, simulator, client = jan(HELD)
    simulator.add_bill("invoices", client, LAST_YEAR)
    bench.carry_out(SUBJECT)
    writing = simulator.writing_calls
    answer = Bench(FactuurSturen, simulator, SETTINGS, bench.base_url, (HELD,)).carry_out(SUBJECT)
    assert [Outcome.RESTRICTED] == fates(answer, "customer") and writing == simulator.writing_calls


def test_when_the_hold_has_ended_the_inactive_client_is_erased_with_its_invoice() -> None:
    bench, simulator, client = jan(HELD)
    simulator.add_bill("invoices", client, LAST_YEAR)
    bench.carry_out(SUBJECT)
    bench.time.now = datetime(2033, 1, 1, 9, tzinfo=UTC)
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "customer")
    assert not simulator.clients and not simulator.bills["invoices"]


def test_an_invoice_outlives_its_client_and_is_found_by_the_address_that_it_keeps() -> None:
    bench, simulator, client = jan()
    simulator.add_bill("invoices", client, LAST_YEAR, email="Jan@Voorbeeld.nl")
    del simulator.clients[client]
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "invoice")
    assert not simulator.bills["invoices"]


@pytest.mark.parametrize("sent", ["", None, "0000-00-00", "soon", 20250601])
def test_an_invoice_without_a_readable_date_waits_for_a_person_and_so_does_its_client(sent: Any) -> None:
    bench, simulator, client = jan(HELD)
    simulator.add_bill("invoices", client, sent=None)
    next(iter(simulator.bills["invoices"].values()))["sent"] = sent
    answer = bench.carry_out(SUBJECT)
    told = (fates(answer, "invoice"), fates(answer, "customer"))
    assert ([Outcome.HELD], [Outcome.RESTRICTED]) == told if sent == 20250601 else ([Outcome.NEEDS_PERSON], [Outcome.NEEDS_PERSON]) == told


def test_an_invoice_with_a_time_of_day_counts_by_its_day() -> None:
    bench, simulator, client = jan(HELD)
    simulator.add_bill("invoices", client)
    next(iter(simulator.bills["invoices"].values()))["sent"] = "2020-12-31 23:59:59"
    held = next(record for record in bench.carry_out(SUBJECT).records if record.kind == "invoice")
    assert held.hold and date(2027, 12, 31) == held.hold.until


def test_an_invoice_whose_number_is_no_path_is_never_told_as_erased_while_it_is_listed() -> None:
    bench, simulator, client = jan()
    simulator.add_bill("invoices", client, LAST_YEAR, invoicenr="2025/0001")
    simulator.answers = {(method, "invoices/2025%2F0001"): 404 for method in ("GET", "DELETE")}
    assert [Outcome.FAILED] == fates(bench.carry_out(SUBJECT), "invoice")
    assert 1 == len(simulator.bills["invoices"])


def test_a_client_with_invoices_may_be_refused_and_is_told() -> None:
    bench, simulator, client = jan()
    invoice = simulator.add_bill("invoices", client, LAST_YEAR)
    simulator.keeps_used = True
    simulator.answers["DELETE", f"invoices/{invoice}"] = 400
    answer = bench.carry_out(SUBJECT)
    assert ([Outcome.REFUSED], [Outcome.REFUSED]) == (fates(answer, "invoice"), fates(answer, "customer"))
    assert all(record.reason for record in answer.records)


@pytest.mark.parametrize("fields", [{"email": "jan@voorbeeld.nl; piet@elders.nl"}, {"email": PIET.email, "email_reminder": JAN.email}])
def test_a_client_whose_address_others_share_waits_for_a_person_unless_it_is_named(fields: dict[str, str]) -> None:
    bench, simulator, client = jan(**fields)
    assert Outcome.NEEDS_PERSON is bench.carry_out(BY_ADDRESS).outcome and not simulator.writing_calls
    assert [Outcome.ERASED] == fates(bench.carry_out(BY_ADDRESS | {"factuursturen.client_id": [client]}), "customer")


def test_a_number_that_is_another_persons_here_waits_for_a_person() -> None:
    bench, simulator, client = jan(email=PIET.email)  # the number may be another system's
    assert Outcome.NEEDS_PERSON is bench.carry_out(SUBJECT).outcome and not simulator.writing_calls
    assert client in simulator.clients


@pytest.mark.parametrize("address", ["", None])
def test_a_client_without_an_address_is_found_by_its_number(address: str | None) -> None:
    bench, simulator, client = jan()
    simulator.clients[client]["email"] = address
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "customer")
    assert not simulator.clients


def test_numbers_and_truth_values_may_be_true_ones_and_optional_fields_may_be_missing() -> None:
    bench, simulator, _ = jan()
    simulator.clients = {"7": {"clientnr": 7, "email": JAN.email, "active": False}}
    simulator.bills["invoices"]["12"] = {"invoicenr": 12, "clientnr": 7}
    simulator.bills["invoices_saved"]["3"] = {"id": 3, "clientnr": 7}
    answer = bench.carry_out(SUBJECT, "lift")
    assert [Outcome.LIFTED] == fates(answer, "customer") and "true" == simulator.clients["7"]["active"]
    assert 3 * [Outcome.ERASED] == [record.outcome for record in bench.carry_out(SUBJECT).records]


@pytest.mark.parametrize("active", [False, "false", "False", "FALSE", "0", 0])
def test_a_client_is_inactive_however_that_is_written(active: Any) -> None:
    assert State.RESTRICTED is Client.model_validate({"clientnr": "7", "email": None, "active": active}).state


@pytest.mark.parametrize("active", [True, "true", "1", "", None])
def test_a_client_that_is_not_said_to_be_inactive_is_none(active: Any) -> None:
    assert State.PRESENT is Client.model_validate({"clientnr": "7", "email": None, "active": active}).state


def test_a_thousand_invoices_are_read_page_by_page() -> None:
    bench, simulator, client = jan()
    for _ in range(1000):
        simulator.add_bill("invoices", client, LAST_YEAR)
    assert 1000 == len(fates(bench.carry_out(SUBJECT, mode="dry-run"), "invoice"))


def test_a_list_of_invoices_that_knows_no_pages_is_read_once() -> None:
    class Old(Odd):
        @route("GET", "/{path}")
        def list_invoices(self, request: httpx.Request, path: str) -> httpx.Response:
            return httpx.Response(200, json=list(self.bills[path].values()))

    simulator = Old()
    simulator.add_bill("invoices", simulator.add_client(JAN), LAST_YEAR)
    bench = Bench(FactuurSturen, simulator, SETTINGS, "https://vendor.test/api/v1")
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "invoice")


def test_a_list_of_invoices_that_never_ends_is_told() -> None:
    class Endless(Odd):
        @route("GET", "/{path}")
        def list_invoices(self, request: httpx.Request, path: str) -> httpx.Response:
            row = {"id": (number := request.url.params.get("start", "0")), "invoicenr": f"F{number}", "clientnr": "other"}
            return httpx.Response(200, json=[row] if path == "invoices" else [])

    simulator = Endless()
    simulator.add_client(JAN)
    answer = Bench(FactuurSturen, simulator, SETTINGS, "https://vendor.test/api/v1").carry_out(SUBJECT)
    assert Outcome.FAILED is answer.outcome and "more than 2000 pages" in (answer.reason or "")


@pytest.mark.parametrize("path", ["invoices_saved", "invoices_repeated"])
def test_a_list_that_is_not_offered_is_passed_over_and_one_that_is_forbidden_is_told(path: str) -> None:
    bench, simulator, _ = jan()
    simulator.answers["GET", path] = 403
    assert Outcome.FAILED is bench.carry_out(SUBJECT).outcome and not simulator.writing_calls
    simulator.answers["GET", path] = 404
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "customer")


def test_without_the_list_of_invoices_nothing_is_known() -> None:
    bench, simulator, _ = jan()
    simulator.answers["GET", "invoices"] = 404
    assert Outcome.FAILED is bench.carry_out(SUBJECT).outcome and not simulator.writing_calls


def test_an_hour_without_calls_left_is_waited_for_though_no_moment_is_named() -> None:
    bench, simulator, _ = jan()
    simulator.faults.append(Fault(httpx.Response(429, headers={"X-RateLimit-Remaining": "0"}, text="Too many"), times=3))
    assert [Outcome.ERASED] == fates(bench.carry_out(SUBJECT), "customer")
    assert 3 == len([wait for wait in bench.time.waits if wait > 0])


@pytest.mark.parametrize(("left", "still"), [("0", False), ("0.00", False), ("", False), (None, False), ("12.50", True), ("100", True)])
def test_an_invoice_that_is_not_paid_in_full_is_still_to_be_settled(left: str | None, still: bool) -> None:
    vendor = FactuurSturenSimulator()
    vendor.seed(JAN)
    for row in vendor.bills["invoices"].values():
        row["open"] = left
    answer = Bench(FactuurSturen, vendor, SETTINGS, "https://vendor.test/api/v1").carry_out(SUBJECT, mode="dry-run")
    assert {still} == {line.open for line in answer.records if line.kind == "invoice"}
