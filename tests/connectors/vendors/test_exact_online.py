"""Exact Online through the kit, and its own traps."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person, body_of, route
from connectors.testing.simulators.exact_online import ExactOnlineSimulator, written
from connectors.vendors.exact_online import ExactOnline
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

SETTINGS = {"division": 123, "client_id": "bureau", "client_secret": {"env": "KIT_SECRET"}}
HELD = HoldRule(frozenset({"invoice", "transaction"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
JAN = Person("jan@voorbeeld.nl")
PIET = Person("piet@elders.nl", "Jan de Vries", "P-1", "+31300000001")
SUBJECT = JAN.subject()
LAST_YEAR = date(2025, 6, 1)


class TestExactOnline(ConformanceKit):
    optional = {"BusinessEmail": "A property without a value may be left out (OData JSON)."}
    connector = ExactOnline
    simulator = ExactOnlineSimulator
    dated = ("invoice", "transaction")

    @pytest.fixture(autouse=True)
    def token(self, tmp_path: Path) -> None:
        self.file = tmp_path / "exact.json"
        self.settings = SETTINGS | {"token_file": str(self.file)}

    def bench(self, *people: Person, rules: Sequence[HoldRule] = ()) -> Bench:
        kept = {"refresh_token": "refresh-0", "access_token": "access-0", "expires_at": "2999-01-01T00:00:00Z"}
        self.file.write_text(json.dumps(kept))  # a renewal whose answer is lost is nothing that a retry could mend
        bench = super().bench(*people, rules=rules)
        bench.simulator.good = {"access-0"}  # type: ignore[attr-defined]
        return bench

    @property
    def undeletable(self) -> dict[str, Outcome]:
        return super().undeletable | {"customer": Outcome.REFUSED}  # as long as an invoice or a booking hangs from it


class Odd(ExactOnlineSimulator):
    """Exact, but for some calls: another status in place of the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], int] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path.removeprefix("/api/v1/123/")))
        return httpx.Response(given, json={"error": {}}) if given else super().handle(request)


@pytest.fixture
def exact(tmp_path: Path) -> Bench:
    """A division with one account, Jan's, in which there is nothing yet."""
    (tmp_path / "exact.json").write_text('{"refresh_token": "refresh-0"}')
    simulator = Odd()
    simulator.add_account(JAN)
    return Bench(ExactOnline, simulator, SETTINGS | {"token_file": str(tmp_path / "exact.json")}, "https://vendor.test")


def account_of(bench: Bench) -> dict[str, Any]:
    return next(iter(bench.simulator.lists["crm/Accounts"].values()))  # type: ignore[attr-defined, no-any-return]


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return sorted(record.outcome for record in answer.records if record.kind == kind)


def test_an_account_without_books_is_erased_with_its_contacts(exact: Bench) -> None:
    simulator: Any = exact.simulator
    id = account_of(exact)["ID"]
    for email in (JAN.email, None):
        simulator.add_contact(JAN, id, Email=email)
    answer = exact.carry_out(SUBJECT)
    assert ([Outcome.ERASED] * 2, [Outcome.ERASED]) == (fates(answer, "contact"), fates(answer, "customer"))
    assert not any(simulator.lists.values())


@pytest.mark.parametrize("how", ["invoice", "booking", "invoice to"])
def test_an_account_in_the_books_is_never_deleted(exact: Bench, how: str) -> None:
    simulator: Any = exact.simulator
    id, other = account_of(exact)["ID"], simulator.add_account(PIET)
    if how == "booking":
        simulator.add_booking(id, LAST_YEAR)
    else:
        simulator.add_invoice(other if how == "invoice to" else id, LAST_YEAR, InvoiceTo=id)
    answer = exact.carry_out(SUBJECT)
    assert [Outcome.REFUSED] == fates(answer, "customer") and 2 == len(simulator.lists["crm/Accounts"])
    assert 0 == simulator.writing_calls and not exact.time.waits


def test_a_held_invoice_keeps_its_account_blocked_until_the_hold_ends(exact: Bench) -> None:
    exact.rules = [HELD]
    simulator: Any = exact.simulator
    simulator.add_invoice(account_of(exact)["ID"], date(2020, 12, 31))
    answer = exact.carry_out(SUBJECT)
    [held] = [record for record in answer.records if record.kind == "invoice"]
    [bound] = [record for record in answer.records if record.kind == "customer"]
    assert held.hold and date(2027, 12, 31) == held.hold.until
    assert (Outcome.RESTRICTED, "invoice", Evidence.VERIFIED) == (bound.outcome, bound.bound_to, bound.evidence)
    assert account_of(exact)["Blocked"] is True and JAN.name == account_of(exact)["Name"]


@pytest.mark.parametrize("status", [10, 20])
def test_an_invoice_that_is_not_processed_is_no_book_yet(exact: Bench, status: int) -> None:
    exact.rules = [HELD]
    exact.simulator.add_invoice(account_of(exact)["ID"], LAST_YEAR, Status=status)  # type: ignore[attr-defined]
    answer = exact.carry_out(SUBJECT)
    assert ([Outcome.REFUSED], []) == (fates(answer, "draft"), fates(answer, "invoice"))


@pytest.mark.parametrize("day", [None, "", "2025-06-01", "/Date(x)/"])
def test_an_invoice_without_a_readable_date_waits_for_a_person(exact: Bench, day: str | None) -> None:
    exact.rules = [HELD]
    exact.simulator.add_invoice(account_of(exact)["ID"], None, InvoiceDate=day)  # type: ignore[attr-defined]
    answer = exact.carry_out(SUBJECT)
    assert ([Outcome.NEEDS_PERSON], [Outcome.NEEDS_PERSON]) == (fates(answer, "invoice"), fates(answer, "customer"))


def test_of_a_companys_account_only_the_persons_contact_is_erased(exact: Bench) -> None:
    simulator: Any = exact.simulator
    company = simulator.add_account(PIET)
    simulator.add_contact(PIET, company)
    simulator.add_contact(JAN, company, Email="info@elders.nl", BusinessEmail="Jan@Voorbeeld.nl")
    simulator.add_invoice(company, LAST_YEAR)
    assert [Outcome.ERASED] == fates(exact.carry_out(SUBJECT), "contact")
    assert [PIET.email] == [row["Email"] for row in simulator.lists["crm/Contacts"].values()]
    assert company in simulator.lists["crm/Accounts"] and 1 == len(simulator.lists["salesinvoice/SalesInvoices"])


def test_an_account_with_other_peoples_contacts_waits_for_a_person(exact: Bench) -> None:
    exact.simulator.add_contact(PIET, account_of(exact)["ID"])  # type: ignore[attr-defined]
    assert Outcome.NEEDS_PERSON is exact.carry_out(SUBJECT).outcome and not exact.simulator.writing_calls


@pytest.mark.parametrize("address", [PIET.email, "piet@elders.nl; jan@voorbeeld.nl"])
def test_an_account_with_another_address_waits_for_a_person_unless_it_is_named(exact: Bench, address: str) -> None:
    account_of(exact)["Email"] = address
    assert Outcome.NEEDS_PERSON is exact.carry_out(SUBJECT).outcome and not exact.simulator.writing_calls
    named = SUBJECT | {"exact_online.account_id": [account_of(exact)["ID"].upper()]}
    assert [Outcome.ERASED] == fates(exact.carry_out(named), "customer")


def test_an_account_without_an_address_is_found_by_its_code_with_blanks_before_it(exact: Bench) -> None:
    account_of(exact)["Email"] = None
    assert "            C-1001" == account_of(exact)["Code"]
    assert [Outcome.ERASED] == fates(exact.carry_out({"customer_id": ["C-1001"]}), "customer")


def test_json_is_asked_for_and_a_filter_never_holds_an_address(exact: Bench) -> None:
    exact.carry_out({"email": ["o'brien@voorbeeld.nl", JAN.email]})
    calls = [call.request for call in exact.simulator.calls if "oauth2" not in call.request.url.path]
    assert {"application/json"} == {call.headers["accept"] for call in calls}
    assert not [call for call in calls if "voorbeeld" in str(call.url)]


def test_where_the_lists_still_show_what_is_404_by_its_key_it_is_not_told_as_erased(exact: Bench) -> None:
    key = f"crm/Accounts(guid'{account_of(exact)['ID']}')"
    exact.simulator.answers = {(method, key): 404 for method in ("GET", "DELETE")}  # type: ignore[attr-defined]
    assert [Outcome.FAILED] == fates(exact.carry_out(SUBJECT), "customer")


def test_an_account_that_is_gone_may_be_answered_with_no_results(exact: Bench) -> None:
    class Empty(Odd):
        @route("GET", "/api/v1/123/{module}/{name}")
        def list_or_show(self, request: httpx.Request, module: str, name: str) -> httpx.Response:
            answer = super().list_or_show(request, module, name)
            return httpx.Response(200, json={"d": {"results": []}}) if answer.status_code == 404 else answer

    exact.simulator = Empty()
    exact.simulator.add_account(JAN)
    assert [Outcome.ERASED] == fates(exact.carry_out(SUBJECT), "customer")


@pytest.mark.parametrize("path", ["salesinvoice/SalesInvoices", "financialtransaction/TransactionLines"])
def test_a_module_that_is_not_there_is_passed_over_and_one_that_is_forbidden_or_not_filtered_is_told(exact: Bench, path: str) -> None:
    simulator: Any = exact.simulator
    for status, told in ((403, Outcome.FAILED), (400, Outcome.FAILED)):
        simulator.answers["GET", path] = status
        answer = exact.carry_out(SUBJECT)
        assert answer.outcome in (told, Outcome.REFUSED) and not simulator.writing_calls
    simulator.answers["GET", path] = 404
    assert [Outcome.ERASED] == fates(exact.carry_out(SUBJECT), "customer")


@pytest.mark.parametrize("field", ["OrderedBy", "InvoiceTo", "Account"])
def test_where_a_list_may_not_be_filtered_the_whole_of_it_is_read(exact: Bench, field: str) -> None:
    simulator: Any = exact.simulator
    simulator.seed(JAN)
    simulator.seed(PIET)
    before, piets = simulator.traces(JAN), simulator.traces(PIET)
    simulator.filterable -= {field}
    told = Counter(record.kind for record in exact.carry_out(SUBJECT).records)
    assert (before, piets) == (told, simulator.traces(PIET))


@pytest.mark.parametrize("path", ["crm/Accounts", "crm/Contacts"])
def test_accounts_and_contacts_are_always_there(exact: Bench, path: str) -> None:
    exact.simulator.answers["GET", path] = 404  # type: ignore[attr-defined]
    assert Outcome.FAILED is exact.carry_out(SUBJECT).outcome and not exact.simulator.writing_calls


def test_the_minute_that_is_used_up_is_waited_for_and_the_day_is_deferred(exact: Bench) -> None:
    def limits(name: str, wait: timedelta) -> dict[str, str]:
        return {f"X-RateLimit-{name}Remaining": "0", f"X-RateLimit-{name}Reset": str(int((exact.time.now + wait).timestamp() * 1000))}

    exact.simulator.faults.append(Fault(httpx.Response(429, headers=limits("Minutely-", timedelta(seconds=42))), method="GET"))
    assert [Outcome.ERASED] == fates(exact.carry_out(SUBJECT), "customer")
    assert 42 in [round(wait) for wait in exact.time.waits]
    exact.simulator.faults.append(Fault(httpx.Response(429, headers=limits("", timedelta(hours=9))), method="GET"))
    assert Outcome.DEFERRED is exact.carry_out(SUBJECT).outcome


def test_an_access_token_that_ends_in_mid_case_is_renewed_and_no_refresh_token_is_used_twice(exact: Bench) -> None:
    class Short(Odd):
        def handle(self, request: httpx.Request) -> httpx.Response:
            if 3 == len(self.calls):  # the token, and both lists
                self.good.clear()
            return super().handle(request)

    exact.simulator = simulator = Short()
    simulator.add_account(JAN)
    assert [Outcome.ERASED] == fates(exact.carry_out(SUBJECT), "customer")
    assert ["refresh-0", "refresh-1"] == simulator.spent
    assert "refresh-2" == json.loads(Path(exact.settings["token_file"]).read_text())["refresh_token"]


def test_a_refresh_token_that_is_refused_is_told_by_what_a_person_must_do(exact: Bench) -> None:
    exact.simulator.spent.append("refresh-0")  # type: ignore[attr-defined]
    answer = exact.carry_out(SUBJECT)
    assert Outcome.FAILED is answer.outcome and "sign in at the vendor anew" in (answer.reason or "")


def test_a_thousand_accounts_are_read_page_by_page(exact: Bench) -> None:
    for number in range(1000):
        exact.simulator.add_account(Person(f"p{number}@elders.nl", customer_id=f"P-{number}"))  # type: ignore[attr-defined]
    exact.simulator.add_account(JAN, Code=None)  # type: ignore[attr-defined]
    assert 2 == len(fates(exact.carry_out(SUBJECT, mode="dry-run"), "customer"))


def test_a_restriction_blocks_the_account_and_is_lifted(exact: Bench) -> None:
    assert [Outcome.RESTRICTED] == fates(exact.carry_out(SUBJECT, "restrict"), "customer")
    assert {"Blocked": True} == body_of(next(call.request for call in exact.simulator.calls if call.writing))
    assert [Outcome.LIFTED] == fates(exact.carry_out(SUBJECT, "lift"), "customer") and not account_of(exact)["Blocked"]


def test_a_day_is_read_as_it_is_written_whatever_the_zone() -> None:
    assert "/Date(1609372800000)/" == written(date(2020, 12, 31))
    assert datetime(2020, 12, 31, tzinfo=UTC).timestamp() * 1000 == 1609372800000
