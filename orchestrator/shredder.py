"""Destroys in the keyring what the ledger has ordered, and again what a restored keyring brings back (ADR 17). Blocking.

The ledger is written first, so that a case whose key is going is never ordered anything that needs it. A crash in between leaves
the key ordered to be destroyed; the next tick destroys it.
"""

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from orchestrator.ledger import Ledger
from topics.keyring import DEAD_LETTERS, Keyring, KeyringGone
from topics.names import DEAD_LETTERS_KEPT
from topics.steps import Step, passed

log = logging.getLogger(__name__)

_LOOK_EVERY = timedelta(hours=1)


class Shredder:
    """One ledger and one keyring."""

    def __init__(self, ledger: Ledger, keyring: Keyring) -> None:
        self._ledger, self._keyring = ledger, keyring
        self._look_at = datetime.min.replace(tzinfo=UTC)

    def tick(self, now: datetime) -> None:
        """Destroy what was ordered; at first and every hour also what has come back, and what sealed dead letters that have aged out.

        Raises:
            LedgerGone, KeyringGone: what is left comes at the next tick.
        """
        try:
            if now >= self._look_at:
                self._look(now)
                self._look_at = now + _LOOK_EVERY
            with self._ledger.reading() as transaction:
                waiting = transaction.destroyed_keys.waiting()
            if waiting:
                self._destroy(waiting, now)
            if self._ledger.traces:
                self._ledger.leave_no_trace()
        except SQLAlchemyError as error:
            raise KeyringGone(f"The keyring failed ({type(getattr(error, 'orig', None) or error).__name__}).") from error

    def _destroy(self, kids: list[str], now: datetime) -> None:
        passed(Step.KEYS_DESTROYING)
        if not self._keyring.destroy(*kids):
            return  # SQLite's log is in use: the keys are gone, and at the next tick their traces are
        with self._ledger.transaction() as transaction:
            transaction.destroyed_keys.done(kids, now)
            passed(Step.KEYS_DESTROYED)
        passed(Step.DESTRUCTION_NOTED)
        self._ledger.traces = True
        log.info("%d keys were destroyed", len(kids))

    def _look(self, now: datetime) -> None:
        self._ledger.traces = True  # of what another process deleted
        here = self._keyring.names()
        with self._ledger.reading() as transaction:
            back = transaction.destroyed_keys.among(here)
            back -= set(transaction.destroyed_keys.waiting(len(back) + 1))
        if back:
            log.warning("%d keys that were destroyed were there again: the keyring was restored. They are destroyed again.", len(back))
        old = {kid for kid in here if kid.startswith(DEAD_LETTERS) and _month_ended(kid) + DEAD_LETTERS_KEPT <= now}
        if back or old:
            self._keyring.destroy(*back, *old)


def _month_ended(kid: str) -> datetime:
    month = datetime.strptime(kid.removeprefix(DEAD_LETTERS), "%Y-%m").replace(tzinfo=UTC)
    return (month + timedelta(days=31)).replace(day=1)
