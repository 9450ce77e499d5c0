"""Mollie through the kit, and its own traps."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import Bench, Crash
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.mollie import MollieSimulator
from connectors.vendors.mollie import Mollie
from topics.commands import Claim
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, RecordOutcome

HOST = "https://vendor.test"
SETTINGS = {"api_key": {"env": "KIT_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
NOON = "2024-03-01T12:00:00+00:00"


class Keeping(MollieSimulator):
    """It goes on showing a mandate that was revoked, as `invalid`; whether Mollie does is not stated."""

    keeps_revoked = True


class TestMollie(ConformanceKit):
    connector = Mollie
    simulator = Keeping
    settings = SETTINGS
    dated = ("payment",)
    optional = {
        "billingAddress": "Mollie leaves it out of payments that were made without one",
        "recipient": "of sales invoices only: every list is read as the same rows",
    }


class Odd(MollieSimulator):
    """Mollie, but for some calls: another status in place of the answer; None: it is done, and the caller dies of it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str], int | None] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get((request.method, request.url.path), 0)
        if given:
            return httpx.Response(given, json={"status": given, "title": "", "detail": ""})
        answer = super().handle(request)
        if given is None:
            self.answers.clear()
            raise Crash
        return answer


def bench(simulator: MollieSimulator, *held: str) -> Bench:
    rules = [HoldRule(frozenset(held), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")] if held else []
    return Bench(Mollie, simulator, SETTINGS, HOST, rules)


def lines(answer: Answered, kind: str) -> Sequence[RecordOutcome]:
    assert answer.outcome is None, answer.reason
    return [record for record in answer.records if record.kind == kind]


def fates(answer: Answered, kind: str) -> list[Outcome]:
    return [line.outcome for line in lines(answer, kind)]


def calls(simulator: MollieSimulator, method: str) -> list[str]:
    return [call.request.url.path for call in simulator.calls if call.request.method == method]


@pytest.mark.parametrize("number", ["C-1001", 1001])
def test_a_customer_without_an_address_is_found_by_the_number_in_its_metadata(number: str | int) -> None:
    simulator = MollieSimulator()
    simulator.add("customers", name="Jan", email=None, metadata={"customer_id": number})
    other = simulator.add("customers", name="Jan", email=None, metadata={"customer_id": f"{number}1"})
    for metadata in (None, "C-1001", 1001, ["C-1001"], {"order": "C-1001"}):
        simulator.add("customers", name="Jan", email=None, metadata=metadata)
    answer = bench(simulator).carry_out({"customer_id": [number]})
    assert [Outcome.ERASED] == fates(answer, "customer")
    assert other in simulator.rows["customers"] and 6 == len(simulator.rows["customers"])


def test_an_address_in_the_metadata_counts_only_where_the_customer_has_none_of_its_own() -> None:
    simulator = MollieSimulator()
    simulator.add("customers", name="Jan", email=None, metadata={"email": "Jan@Voorbeeld.nl"})
    friend = simulator.add("customers", name="Piet", email="piet@elders.nl", metadata={"email": JAN.email})
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "customer")
    assert [friend] == list(simulator.rows["customers"])


def test_invoices_and_links_of_a_customer_are_found_by_its_id() -> None:
    simulator = MollieSimulator()
    customer = simulator.add_customer(JAN)
    simulator.add("sales-invoices", status="draft", customerId=customer, recipient={"email": "billing@elders.nl"})
    simulator.add("payment-links", customerId=customer)
    answer = bench(simulator).carry_out(JAN.subject())
    assert [Outcome.ERASED] == fates(answer, "draft") == fates(answer, "payment_link")


def test_a_next_link_is_followed_by_its_query_only() -> None:
    class Luring(MollieSimulator):
        def _page(self, request: httpx.Request, which: str, rows: list[Any]) -> httpx.Response:
            body = super()._page(request, which, rows).text.replace(HOST, "https://elsewhere.test/other")
            return httpx.Response(200, text=body)

    simulator = Luring()
    simulator.largest_page = 1
    for number in range(3):
        simulator.seed(Person(f"p{number}@elders.nl", customer_id=f"P-{number}"))
        simulator.seed(JAN)
    assert [Outcome.ERASED] * 3 == fates(bench(simulator).carry_out(JAN.subject()), "customer")
    assert {"vendor.test"} == {call.request.url.host for call in simulator.calls}
    assert all("other" not in path for path in calls(simulator, "GET"))


def test_a_guest_payment_is_found_by_address_account_or_metadata_and_never_by_name() -> None:
    simulator = MollieSimulator()
    name = {"consumerName": JAN.name, "consumerAccount": None}
    simulator.add("payments", billingAddress={"email": "JAN@voorbeeld.nl"}, details=None, metadata=None)
    simulator.add("payments", shippingAddress={"email": JAN.email})
    simulator.add("payments", details={**name, "consumerAccount": "NL55INGB0000000001"})
    simulator.add("payments", details={**name, "consumerAccount": JAN.email})
    simulator.add("payments", metadata={"customer_id": "C-1001"})
    simulator.add("payments", metadata={"email": JAN.email})
    for other in ({"details": name}, {"details": {**name, "consumerAccount": "NL55INGB00000000010"}}, {"metadata": JAN.email}):
        simulator.add("payments", billingAddress={"email": "jan@voorbeeld.nl.example", "givenName": JAN.name}, **other)
    answer = bench(simulator, "payment").carry_out({**JAN.subject(), "iban": ["nl55 INGB 0000 0000 01"]})
    assert [Outcome.HELD] * 6 == fates(answer, "payment")
    assert 0 == simulator.writing_calls


def test_a_payment_is_found_by_mollies_own_ids_when_its_customer_is_long_gone() -> None:
    simulator = MollieSimulator()
    simulator.add("payments", customerId="cst_old")
    lone = simulator.add("payments", customerId=None)
    simulator.add("payments", customerId="cst_older")
    subject = {"mollie.customer_id": ["cst_old"], "mollie.payment_id": [lone]}
    assert [Outcome.HELD] * 2 == fates(bench(simulator, "payment").carry_out(subject), "payment")


def test_payments_of_a_customer_are_found_though_they_do_not_name_it() -> None:
    class Terse(MollieSimulator):
        def _page(self, request: httpx.Request, which: str, rows: list[Any]) -> httpx.Response:
            bare = [{key: value for key, value in row.items() if key != "customerId"} for row in rows]
            return super()._page(request, which, bare)

    simulator = Terse()
    simulator.seed(JAN)
    assert 2 == len(fates(bench(simulator).carry_out(JAN.subject()), "payment"))


def test_an_open_payment_is_never_cancelled_as_if_that_were_an_erasure() -> None:
    simulator = MollieSimulator()
    payment = simulator.add("payments", status="open", isCancelable=True, billingAddress={"email": JAN.email})
    (line,) = lines(bench(simulator).carry_out(JAN.subject()), "payment")
    assert (Outcome.REFUSED, None) == (line.outcome, line.evidence)
    assert "no way to delete a payment" in (line.reason or "")
    assert "open" == simulator.rows["payments"][payment]["status"] and [] == calls(simulator, "DELETE")


@pytest.mark.parametrize(
    ("paid", "created", "until"),
    [
        ("2025-01-02T08:00:00+00:00", "2024-12-30T08:00:00+00:00", date(2032, 12, 31)),
        (None, "2024-12-30T08:00:00+00:00", date(2031, 12, 31)),
        ("2024-12-31T23:30:00+00:00", NOON, date(2032, 12, 31)),  # half an hour into 2025 in Amsterdam
        ("2025-01-01T00:30:00+01:00", NOON, date(2032, 12, 31)),
        ("2025-01-01", NOON, date(2032, 12, 31)),
    ],
)
def test_a_hold_counts_from_the_day_of_paying_else_of_creating(paid: str | None, created: str, until: date) -> None:
    simulator = MollieSimulator()
    simulator.add("payments", paidAt=paid, createdAt=created, billingAddress={"email": JAN.email})
    (line,) = lines(bench(simulator, "payment").carry_out(JAN.subject()), "payment")
    assert line.hold and until == line.hold.until


def test_held_payments_stay_found_and_held_after_a_crash_that_took_the_customer() -> None:
    simulator = Odd()
    simulator.seed(JAN)
    (customer,) = simulator.rows["customers"]
    simulator.answers[("DELETE", f"/v2/customers/{customer}")] = None
    case = bench(simulator, "payment")
    with pytest.raises(Crash):
        case.carry_out(JAN.subject())
    assert {} == simulator.rows["customers"]
    answer = case.carry_out(JAN.subject())
    assert [(Outcome.HELD, Evidence.VERIFIED)] * 2 == [(line.outcome, line.evidence) for line in lines(answer, "payment")]
    for kind in ("customer", "mandate", "subscription"):
        assert [(Outcome.ERASED, Evidence.VERIFIED)] == [(line.outcome, line.evidence) for line in lines(answer, kind)]


def test_a_held_payment_does_not_bind_its_customer() -> None:
    simulator = MollieSimulator()
    simulator.seed(JAN)
    (line,) = lines(bench(simulator, "payment").carry_out(JAN.subject()), "customer")
    assert (Outcome.ERASED, Evidence.VERIFIED, None) == (line.outcome, line.evidence, line.bound_to)
    assert 2 == len(simulator.rows["payments"])


def test_the_customer_takes_its_mandates_and_subscriptions_along() -> None:
    simulator = MollieSimulator()
    simulator.seed(JAN)
    (customer,) = simulator.rows["customers"]
    simulator.add("subscriptions", customerId=customer, mandateId=None, status="canceled")
    simulator.add("mandates", customerId=customer, status="invalid", details={})
    answer = bench(simulator).carry_out(JAN.subject())
    assert [Outcome.ERASED] * 2 == fates(answer, "mandate") == fates(answer, "subscription")
    assert [f"/v2/customers/{customer}"] == [path for path in calls(simulator, "DELETE") if "customers" in path]


def test_a_cancelled_subscription_is_not_told_as_erased_while_its_customer_is_there() -> None:
    simulator = Odd()
    simulator.seed(JAN)
    (customer,) = simulator.rows["customers"]
    simulator.answers[("DELETE", f"/v2/customers/{customer}")] = 422
    answer = bench(simulator).carry_out(JAN.subject())
    assert [Outcome.REFUSED] == fates(answer, "customer")
    assert [Outcome.ERASED] == fates(answer, "mandate")  # revoked by its own call
    assert [Outcome.FAILED] == fates(answer, "subscription")  # cancelled, and still readable
    assert ["canceled"] == [row["status"] for row in simulator.rows["subscriptions"].values()]


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_customer_may_answer_404_or_410(status: int) -> None:
    simulator = Odd()
    simulator.seed(JAN)
    (customer,) = simulator.rows["customers"]
    case = bench(simulator)
    case.crash_after_report = True
    with pytest.raises(Crash):
        case.carry_out(JAN.subject())
    simulator.delete_customer(httpx.Request("DELETE", HOST), customer)
    simulator.answers[("GET", f"/v2/customers/{customer}")] = status
    case.crash_after_report = False
    (line,) = lines(case.carry_out(JAN.subject()), "customer")
    assert (Outcome.ERASED, Evidence.VERIFIED) == (line.outcome, line.evidence)


def test_an_issued_invoice_is_held_from_its_date_and_refused_without_a_rule() -> None:
    for held, outcome in (("invoice", Outcome.HELD), ("payment", Outcome.REFUSED)):
        simulator = MollieSimulator()
        simulator.add(
            "sales-invoices", status="issued", recipient={"email": "Jan@Voorbeeld.nl"}, issuedAt=NOON, paidAt="2025-01-09T12:00:00Z"
        )
        (line,) = lines(bench(simulator, held).carry_out(JAN.subject()), "invoice")
        assert outcome is line.outcome and 1 == len(simulator.rows["sales-invoices"])
        assert (date(2031, 12, 31) if held == "invoice" else None) == (line.hold and line.hold.until)


def test_a_draft_is_not_in_the_books_and_is_erased_whatever_rule_holds_invoices() -> None:
    for held in ("payment", "invoice"):
        simulator = MollieSimulator()
        simulator.add("sales-invoices", status="draft", recipient={"email": JAN.email}, issuedAt=None)
        assert [Outcome.ERASED] == fates(bench(simulator, held).carry_out(JAN.subject()), "draft")


def test_an_invoice_is_matched_by_its_exact_recipient_only() -> None:
    simulator = MollieSimulator()
    simulator.add("sales-invoices", status="draft", recipientIdentifier="C-1001", recipient=None)
    for address in ("anna.jan@voorbeeld.nl", "jan@voorbeeld.nl.example", "jan+family@voorbeeld.nl", "jan@mail.voorbeeld.nl"):
        recipient = {"email": address, "givenName": "Jan", "familyName": "de Vries"}
        simulator.add("sales-invoices", status="draft", recipient=recipient, recipientIdentifier="C-10011", memo=JAN.email)
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "draft")
    assert 4 == len(simulator.rows["sales-invoices"])


def test_a_payment_link_that_was_paid_on_is_told_as_refused() -> None:
    simulator = MollieSimulator()
    simulator.add("payment-links", billingAddress={"email": JAN.email}, archived=True, paidAt=NOON)
    simulator.add("payment-links", billingAddress={"email": JAN.email}, archived=True, paidAt=None)
    assert {Outcome.REFUSED, Outcome.ERASED} == set(fates(bench(simulator).carry_out(JAN.subject()), "payment_link"))


def test_a_customer_that_is_gone_by_its_id_is_gone_however_long_the_list_still_shows_it() -> None:
    simulator = MollieSimulator()
    simulator.lag = 1000
    simulator.add_customer(JAN)
    (line,) = bench(simulator).carry_out(JAN.subject()).records
    assert (Outcome.ERASED, Evidence.VERIFIED) == (line.outcome, line.evidence)


def test_404_to_a_single_record_is_no_proof_while_the_list_still_shows_it() -> None:
    simulator = Odd()
    simulator.seed(JAN)
    for which in ("sales-invoices", "payments", "payment-links"):
        simulator.answers |= {("GET", f"/v2/{which}/{id}"): 404 for id in simulator.rows[which]}
    simulator.liar = True
    answer = bench(simulator, "payment").carry_out(JAN.subject())
    assert [Outcome.FAILED] == fates(answer, "draft") == fates(answer, "payment_link")
    assert [Outcome.HELD] * 2 == fates(answer, "payment")


def test_test_mode_is_never_set() -> None:
    simulator = MollieSimulator()
    simulator.seed(JAN)
    bench(simulator).carry_out(JAN.subject())
    assert not any("testmode" in str(call.request.url) or call.request.content for call in simulator.calls)


def test_a_busy_mollie_without_headers_is_asked_again() -> None:
    simulator = MollieSimulator()
    simulator.seed(JAN)
    simulator.faults.append(Fault(httpx.Response(429), times=3))
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "customer")


@pytest.mark.parametrize("path", ["/v2/sales-invoices", "/v2/payment-links"])
def test_a_list_that_is_not_offered_is_passed_over_and_one_that_is_forbidden_is_told(path: str) -> None:
    for status, outcome in ((404, None), (403, Outcome.FAILED), (405, Outcome.FAILED)):
        simulator = Odd()
        simulator.answers[("GET", path)] = status
        simulator.seed(JAN)
        assert outcome is bench(simulator).carry_out(JAN.subject()).outcome
        assert (outcome is None) == (not simulator.rows["customers"])


@pytest.mark.parametrize("path", ["/v2/customers", "/v2/payments"])
def test_404_to_a_list_that_everybody_has_is_never_nothing_found(path: str) -> None:
    simulator = Odd()
    simulator.answers[("GET", path)] = 404
    simulator.seed(JAN)
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome
    assert 0 == simulator.writing_calls


def test_404_amid_the_pages_is_not_their_end() -> None:
    class Torn(MollieSimulator):
        def _page(self, request: httpx.Request, which: str, rows: list[Any]) -> httpx.Response:
            torn = which == "sales-invoices" and "from" in request.url.params
            return httpx.Response(404) if torn else super()._page(request, which, rows)

    simulator = Torn()
    simulator.largest_page = 1
    simulator.seed(JAN)
    simulator.seed(Person("piet@elders.nl", customer_id="P-1"))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(
    "body",
    [
        {"count": 0, "_embedded": {"customers": []}},
        {"count": 1, "_embedded": {}, "_links": {"next": None}},
        {"count": 1, "_embedded": {"customers": [{"id": "cst_1", "metadata": None}]}, "_links": {"next": None}},
    ],
)
def test_a_list_without_its_links_rows_or_addresses_is_misread(body: dict[str, Any]) -> None:
    simulator = MollieSimulator()
    simulator.faults.append(Fault(httpx.Response(200, json=body)))
    assert Outcome.FAILED is bench(simulator).carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(("begins", "held"), [("live_", True), ("test_", True), ("access_", None)])
def test_what_a_credential_may_is_told_by_what_it_is_and_no_call_is_made(begins: str, held: bool | None) -> None:
    """Another's rights are an organisation's token's, which Mollie narrows and does not tell."""
    environ = {"KEY": f"{begins}9f3a71"}
    key = Mollie.settings_model.model_validate({"api_key": {"env": "KEY"}}, context={"folder": Path(), "environ": environ})
    assert [("erase", held), ("restrict", held)] == [(right.to, right.held) for right in asyncio.run(Mollie(key, None).rights())]


# Restricting: nothing is charged any more, for good


def shop(simulator: MollieSimulator, status: str = "active") -> tuple[str, str]:
    """A customer with a mandate and a subscription on it, by their ids."""
    customer = simulator.add_customer(JAN)
    mandate = simulator.add("mandates", customerId=customer, status="valid", details={})
    return mandate, simulator.add("subscriptions", customerId=customer, mandateId=mandate, status=status)


def test_nothing_is_revoked_or_cancelled_before_an_officer_confirms_it() -> None:
    simulator = MollieSimulator()
    shop(simulator)
    case = bench(simulator)
    case.about = {"irreversible": False}
    answer = case.carry_out(JAN.subject(), "restrict")
    (mandate,), (subscription,) = lines(answer, "mandate"), lines(answer, "subscription")
    assert [(Outcome.REFUSED, True)] * 2 == [(line.outcome, line.unconfirmed) for line in (mandate, subscription)]
    assert "A mandate would be revoked for good, which could not be lifted over the API of mollie: an officer must confirm it first." == (
        mandate.reason
    )
    assert "A subscription would be cancelled, which" in (subscription.reason or "")
    assert 0 == simulator.writing_calls


def test_once_confirmed_a_subscription_is_cancelled_and_then_its_mandate_revoked() -> None:
    simulator = Keeping()
    shop(simulator)
    answer = bench(simulator).carry_out(JAN.subject(), "restrict")
    told = [(line.outcome, line.evidence, line.reason) for kind in ("subscription", "mandate") for line in lines(answer, kind)]
    cannot = "mollie offers no way to lift that over its API."
    verified = (Outcome.RESTRICTED, Evidence.VERIFIED)
    assert [(*verified, f"Cancelled; {cannot}"), (*verified, f"Revoked for good; {cannot}")] == told
    assert ["subscriptions", "mandates"] == [path.split("/")[4] for path in calls(simulator, "DELETE")]
    assert [Outcome.REFUSED] == fates(answer, "customer")


def test_a_mandate_that_is_gone_once_it_is_revoked_is_told_so_and_in_the_next_round_as_erased() -> None:
    simulator = MollieSimulator()
    shop(simulator)
    case = bench(simulator)
    (first,) = lines(answer := case.carry_out(JAN.subject(), "restrict"), "mandate")
    assert (Outcome.FAILED, "The mandate is no longer there after it was to be restricted at mollie.") == (first.outcome, first.reason)
    assert answer.again_at
    (second,) = lines(case.carry_out(JAN.subject(), "restrict"), "mandate")
    assert (Outcome.ERASED, Evidence.VERIFIED) == (second.outcome, second.evidence)


@pytest.mark.parametrize("status", ["canceled", "completed"])
def test_a_subscription_that_charges_nothing_any_more_is_not_touched(status: str) -> None:
    simulator = Keeping()
    shop(simulator, status)
    assert [Outcome.RESTRICTED] == fates(bench(simulator).carry_out(JAN.subject(), "restrict"), "subscription")
    assert ["mandates"] == [path.split("/")[4] for path in calls(simulator, "DELETE")]


def test_what_is_evidence_in_a_dispute_is_not_revoked_for_it_might_be_gone_then() -> None:
    simulator = MollieSimulator()
    mandate, subscription = shop(simulator)
    case = bench(simulator)
    case.about = {"claims": (Claim(reason="A dispute over the delivery.", until=date(2027, 6, 30)),)}
    answer = case.carry_out(JAN.subject())
    assert {Outcome.HELD} == {line.outcome for line in answer.records}
    assert ("valid", "active") == (simulator.rows["mandates"][mandate]["status"], simulator.rows["subscriptions"][subscription]["status"])


@pytest.mark.parametrize(
    ("status", "still"), [("open", True), ("pending", True), ("authorized", True), ("paid", False), ("expired", False)]
)
def test_a_payment_that_is_not_paid_yet_and_a_running_subscription_are_still_to_be_settled(status: str, still: bool) -> None:
    vendor = MollieSimulator()
    vendor.seed(JAN)
    for row in vendor.rows["payments"].values():
        row["status"] = status
    answer = Bench(Mollie, vendor, SETTINGS, HOST).carry_out(JAN.subject(), mode="dry-run")
    assert {still} == {line.open for line in answer.records if line.kind == "payment"}
    assert {"subscription"} == {line.kind for line in answer.records if line.open and line.kind != "payment"}
