"""Cases, facts and keys that the tests of the certificate build on."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator.case import Case, ProcessorState, RecordState
from orchestrator.certificate import Certificate, Controller, Facts, Register, certify
from orchestrator.sign import SigningKeys
from topics.events import Right
from topics.outcomes import Evidence, Hold, Outcome

ISSUED = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
VERIFIED = Evidence.VERIFIED
AWR = Hold(statute="AWR art. 52(4)", exception="GDPR art. 17(3)(b)", until=date(2033, 12, 31))


def record(outcome: Outcome | None, kind: str = "contact", **more: Any) -> RecordState:
    """A record as a worker that looked again reports it."""
    if outcome is not None and outcome not in {Outcome.FAILED, Outcome.REFUSED, Outcome.DEFERRED}:
        more.setdefault("evidence", VERIFIED)
    if outcome is Outcome.HELD:
        more.setdefault("hold", AWR)
    return RecordState(kind=kind, outcome=outcome, **more)


def processor(*records: RecordState, name: str = "moneybird", answered: bool = True, **more: Any) -> ProcessorState:
    """A processor that answered a minute before `ISSUED`."""
    return ProcessorState(
        name=name,
        connector=more.pop("connector", name),
        kind=more.pop("kind", "accounting"),
        answered_at=ISSUED - timedelta(minutes=1) if answered else None,
        records={f"{number:022}": one for number, one in enumerate(records)},
        **more,
    )


def case(*processors: ProcessorState, right: Right = Right.ERASURE, **more: Any) -> Case:
    """A case received on 20 November 2026 and due on 21 December."""
    return Case(
        request_id=UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11"),
        right=right,
        mode=more.pop("mode", "execute"),
        ground=more.pop("ground", "17(1)(b)"),
        content="c" * 22,
        subject="e30..AAAA.AAAA.AAAA",
        pseudonym="p" * 22,
        received_at=datetime(2026, 11, 20, 8, 12, tzinfo=UTC),
        opened_at=datetime(2026, 11, 20, 8, 13, tzinfo=UTC),
        due_by=more.pop("due_by", date(2026, 12, 21)),
        processors=processors,
        **more,
    )


def facts(**more: Any) -> Facts:
    """The facts of a first certificate, forty-second of the register."""
    given = {
        "certificate_id": UUID("0198c7a2-0000-7000-8000-000000000001"),
        "issued_at": ISSUED,
        "controller": Controller(name="Perfacilis", contact="privacy@example.nl"),
        "zone": "Europe/Amsterdam",
        "revision": 1,
        "supersedes": None,
        "place": Register(index=41, previous="a" * 64),
        "intake_retained_until": date(2026, 11, 27),
    }
    return Facts(**{**given, **more})


def with_holds() -> Case:
    """The case of contract.md, with an answer from Jira: erased, held, bound to what is held, nothing found."""
    moneybird = processor(
        record(Outcome.RESTRICTED, bound_to="invoice"),
        record(Outcome.HELD, "invoice"),
        record(Outcome.HELD, "invoice"),
        record(Outcome.ERASED, "invoice"),
    )
    return case(moneybird, processor(name="jira", kind="ticketing"))


def certificate(of: Case | None = None, **more: Any) -> Certificate:
    """The certificate of a case, of `with_holds` if none is given."""
    return certify(with_holds() if of is None else of, facts(**more))


def keys(folder: Path) -> SigningKeys:
    """Keys in a new folder below, with the first one made."""
    signing = SigningKeys.open(folder / "keys", lambda: ISSUED)
    signing.ensure()
    return signing
