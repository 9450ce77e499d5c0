"""What the register shows of a certificate: read once, out of what was signed, and kept in columns beside it. Pure."""

import json
from collections import Counter
from datetime import date, datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from orchestrator.jose import decode


class Listed(NamedTuple):
    """The columns. `outcomes`: how many processors have which, as JSON; `refused_at`: when the request was turned down."""

    right: str
    ground: str | None
    pseudonym: str
    received_at: datetime
    due_by: date
    outcomes: str
    refused_at: datetime | None
    deadline_met: bool | None


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Entry(_Told):
    outcome: str


class _Decision(_Told):
    decision: str
    at: datetime


class _Payload(_Told):
    right: str
    ground: str | None
    subject: str
    received_at: datetime
    due_by: date
    processors: tuple[_Entry, ...]
    decision: _Decision | None = None
    deadline_met: bool | None = None


def listed(jws: str) -> Listed:
    """What the register shows of a certificate of ours."""
    payload = _Payload.model_validate_json(decode(jws.split(".")[1]))
    word = payload.decision
    return Listed(
        right=payload.right,
        ground=payload.ground,
        pseudonym=payload.subject,
        received_at=payload.received_at,
        due_by=payload.due_by,
        outcomes=json.dumps(Counter(processor.outcome for processor in payload.processors), sort_keys=True),
        refused_at=word.at if word and word.decision in ("refuse", "refer") else None,
        deadline_met=payload.deadline_met,
    )
