"""A vendor that hides what it will only forget later (MailerLite): hidden is never certified as gone, whatever goes wrong between."""

from collections.abc import Callable

import httpx
import pytest

from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.mailerlite import MailerliteSimulator
from connectors.vendors.mailerlite import Mailerlite
from orchestrator.case import Status
from tests.flow.company import Company, lines

JAN = Person("jan@voorbeeld.nl")
LOGIN = httpx.Response(200, html="<html><title>Sign in</title></html>")
LONG = 100_000


@pytest.mark.parametrize("trouble", [
    Fault(LOGIN, writing=False, times=LONG, skip=2), Fault(LOGIN, writing=False, skip=2), Fault(LOGIN, writing=False, skip=3),
    Fault(httpx.Response(503), writing=False, times=LONG, skip=2), Fault(httpx.Response(401), times=LONG, skip=3),
    Fault(httpx.Response(404), writing=False, times=LONG, skip=3), Fault(httpx.Response(503), writing=True, times=LONG, after_effect=True),
], ids=["look", "first look", "second look", "looks away", "signed out", "looks gone", "yes unsaid"])  # fmt: skip
def test_what_was_asked_before_the_trouble_is_accepted_for_as_long_as_the_vendor_hides_and_erased_only_then(
    companies: Callable[..., Company], trouble: Fault
) -> None:
    vendor = MailerliteSimulator()
    vendor.add(JAN)
    company = companies(vendors={"mailerlite": vendor}, connector=Mailerlite, settings={"api_key": {"env": "KIT_SECRET"}})
    vendor.now = company.time.now
    vendor.faults.append(trouble)
    request = company.ask({"email": [JAN.email]})
    company.settle()
    company.settle(minutes=16)
    vendor.faults.clear()
    for _ in range(33):
        vendor.pass_days(1)
        company.settle(days=1)
        last = company.certificates(request)[-1]
        assert Status.PARTIAL is last.status or not vendor.subscribers, "it is called gone while the vendor still has it"
    assert (Status.COMPLETE, {("subscriber", "erased"): 1}) == (last.status, lines(last, "mailerlite"))
