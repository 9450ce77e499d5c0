"""Notes who is suppressed at the moment an erasure becomes complete, while the case's key still opens the person (ADR 16)."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from orchestrator.case import Case, Status
from orchestrator.payload import Tokens
from orchestrator.suppression import Suppression
from topics.events import Right
from topics.keyring import KeyMissing, Keyring, case_key
from topics.sealing import CannotOpen
from topics.steps import Step, passed
from topics.subject import Subject

log = logging.getLogger(__name__)


class Suppressing:
    """Writes tokens before the certificate that tells of them; a repetition after a crash writes the same."""

    def __init__(self, store: Suppression, keyring: Keyring, zone: ZoneInfo) -> None:
        self._store, self._keyring, self._zone = store, keyring, zone

    def tokens(self, case: Case, status: Status, now: datetime) -> Tokens | None:
        """What is noted of the case, for its certificate of that status; with the first complete one it is written.

        Raises:
            SuppressionGone: the store failed; nothing may be certified that would tell of it.
        """
        today = now.astimezone(self._zone).date()
        if status is not Status.PARTIAL and _leaves_tokens(case):
            try:
                subject = self._subject(case)
            except (KeyMissing, CannotOpen):
                log.error(
                    "The person of request %s can no longer be opened: no token is kept, and its certificate tells of none.",
                    case.request_id,
                )
            else:
                self._store.note_tokens(case.request_id, subject, self._store.end(today))
            passed(Step.SUPPRESSED)
        kept = self._store.kept(case.request_id, today)
        return Tokens(count=kept.count, until=kept.until, ground=kept.ground) if kept else None

    def _subject(self, case: Case) -> Subject:
        if case.subject is None:
            raise KeyMissing(case_key(case.request_id))
        return Subject.model_validate_json(self._keyring.get(case_key(case.request_id)).open("subject", case.subject))


def _leaves_tokens(case: Case) -> bool:
    """Whether the person is to be noticed again: the first time that an erasure everywhere is complete.

    One of some processors only is left out: what stands at the others may stay there.
    """
    before = any(one.status is not Status.PARTIAL for one in case.certificates)
    return case.right is Right.ERASURE and case.mode == "execute" and not (before or case.refused or case.not_asked)
