"""The stop button: nothing is destroyed while it is pressed, nothing is lost, and everything goes on by itself once it is lifted."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from orchestrator.case import Status
from tests.flow.company import Company, lines, seed
from tests.flow.test_cases import OLD
from topics.memory import Moments
from topics.stopping import Against


def left(company: Company) -> int:
    return sum(company.vendors["moneybird"].traces(OLD).values())


def asked(company: Company) -> tuple[UUID, int]:
    seed(company.vendors["moneybird"], OLD)
    before = left(company)
    return company.ask(OLD.subject()), before


def test_while_it_is_pressed_nothing_is_destroyed_and_after_it_everything_goes_on_by_itself(company: Company) -> None:
    company.keyring.stops.press("olga", "A backend erases everybody.")
    request, before = asked(company)
    company.settle()
    company.settle(minutes=30)
    assert (before, "open") == (left(company), company.case(request).state)
    assert not company.vendors["moneybird"].writing_calls
    last = company.certificates(request)[-1]
    assert (Status.PARTIAL, "deferred") == (last.status, last.processors[0].outcome.value)
    assert "Everything is stopped" in str(last.processors[0].reason)
    assert company.keyring.stops.lift("olga")
    company.settle(minutes=11)
    company.settle(minutes=20)
    assert (0, Status.COMPLETE) == (left(company), company.certificates(request)[-1].status)


def test_a_dry_run_goes_on(company: Company) -> None:
    company.keyring.stops.press("olga", "A backend erases everybody.")
    seed(company.vendors["moneybird"], OLD)
    request = company.ask(OLD.subject(), mode="dry-run")
    company.settle()
    assert ("closed", True) == (company.case(request).state, company.case(request).all_answered)


class Pressing(Moments):
    """Presses the button as soon as the vendor has answered what it holds."""

    company: Company | None = None

    def reach(self, moment: str) -> None:
        super().reach(moment)
        if self.company and "after moneybird was called (GET)" in moment and self.company.keyring.stops.now() is None:
            self.company.keyring.stops.press("olga", "Stop.")


def test_what_was_located_when_it_is_pressed_is_not_destroyed(companies: Callable[..., Company]) -> None:
    moments = Pressing()
    company = moments.company = companies(moments=moments)
    request, before = asked(company)
    company.settle()
    assert before == left(company)
    assert "deferred" == str(company.case(request).processors[0].answer)


class Between(Moments):
    """Something is said after the vendor's `after`th deletion; every call takes a second."""

    company: Company | None = None
    said: Callable[[], None] | None = None
    after = 2

    def reach(self, moment: str) -> None:
        if self.company and "after moneybird was called" in moment:
            self.company.time.now += timedelta(seconds=1)
            self.after -= "(DELETE)" in moment
            if self.after == 0 and self.said:
                self.said()
                self.said = None
        super().reach(moment)


FOUR = 4
"""How many records somebody has."""


def in_hand(companies: Callable[..., Company], say: Callable[[Company, UUID], None], die_at: int | None = None) -> tuple[Company, UUID]:
    """A case whose records were being erased when that was said."""
    moments = Between(die_at)
    company = moments.company = companies(moments=moments)
    for _ in range(FOUR):
        company.vendors["moneybird"].add_contact(OLD)
    request = company.ask(OLD.subject())
    moments.said = lambda: say(company, request)
    company.settle()
    return company, request


def press(company: Company, _request: UUID) -> None:
    company.keyring.stops.press("olga", "Stop.")


def test_what_is_in_hand_when_it_is_pressed_ends_with_what_was_done_and_the_rest_goes_on_once_it_is_lifted(
    companies: Callable[..., Company],
) -> None:
    company, request = in_hand(companies, press)
    assert FOUR - 2 == left(company)
    company.settle(minutes=30)
    assert (FOUR - 2, "open") == (left(company), company.case(request).state)
    last = company.certificates(request)[-1]
    assert (Status.PARTIAL, {("contact", "erased"): 2, ("contact", "deferred"): FOUR - 2}) == (last.status, lines(last))
    company.keyring.stops.lift("olga")
    company.settle(minutes=11)
    company.settle(minutes=20)
    last = company.certificates(request)[-1]
    assert (0, Status.COMPLETE, {("contact", "erased"): FOUR}) == (left(company), last.status, lines(last))


def test_wherever_a_process_dies_what_is_in_hand_is_counted_right(companies: Callable[..., Company]) -> None:
    company, _ = in_hand(companies, press)
    passed = company.moments.passed
    begun = passed.index("before publishing on processor.reports")
    for die_at in (at for at, moment in enumerate(passed, 1) if at > begun and "(GET)" not in moment):
        company, request = in_hand(companies, press, die_at)
        gone = FOUR - left(company)
        assert gone in (2, FOUR), company.moments.passed[die_at - 1]
        company.keyring.stops.lift("olga")
        company.settle(minutes=31)
        company.settle(minutes=20)
        last = company.certificates(request)[-1]
        assert (0, Status.COMPLETE, {("contact", "erased"): FOUR}) == (left(company), last.status, lines(last))


def test_the_end_of_a_hold_waits_for_it_too(company: Company) -> None:
    seed(company.vendors["moneybird"], OLD)
    company.vendors["moneybird"].add_invoice(next(iter(company.vendors["moneybird"].contacts)), company.time.now.date())
    request = company.ask(OLD.subject())
    company.settle()
    held = left(company)
    assert held > 0
    company.keyring.stops.press("olga", "Stop.")
    company.settle(days=366 * 8)
    assert held == left(company)
    company.keyring.stops.lift("olga")
    company.settle(minutes=11)
    company.settle(minutes=20)
    assert (0, "closed") == (left(company), company.case(request).state)


def test_wherever_a_process_dies_a_stop_stands(companies: Callable[..., Company]) -> None:
    company = companies()
    stopped(company)
    for die_at in range(1, len(company.moments.passed) + 1):
        company = companies(moments=Moments(die_at))
        assert 0 == stopped(company), company.moments.passed[die_at - 1]


def stopped(company: Company) -> int:
    """How much was destroyed."""
    company.keyring.stops.press("olga", "Stop.")
    _, before = asked(company)
    company.settle()
    return before - left(company)


def test_every_stop_is_kept_and_two_presses_are_lifted_together(company: Company) -> None:
    stops = company.keyring.stops
    assert (None, False) == (stops.now(), stops.lift("olga"))
    stops.press("olga", "First."), stops.press("rik", "Second.")
    assert "First." == stops.now().reason  # type: ignore[union-attr]
    assert stops.lift("olga")
    assert [("olga", "First.", "olga"), ("rik", "Second.", "olga")] == [(one.began_by, one.reason, one.lifted_by) for one in stops.all()]
    assert None is stops.now()
    assert {"recalled", "stopped"} == set(Against)
