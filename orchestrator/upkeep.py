"""What goes by itself: entries of the register, keys of its pseudonyms, tokens of who is suppressed. Blocking; once an hour (ADR 16)."""

import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.handled import Going, forget, going, keys_of
from orchestrator.ledger import Ledger
from orchestrator.register import FORGOTTEN, forgotten_before, keys_of_years_before
from orchestrator.suppression import Suppression
from topics.calendar_settings import Keep
from topics.keyring import Keyring, KeyringGone
from topics.steps import Step, passed

log = logging.getLogger(__name__)

_EVERY = timedelta(hours=1)
_AT_ONCE = 200


class Upkeep:
    """Keeps the register, and the tokens, no longer than configured."""

    def __init__(self, ledger: Ledger, keyring: Keyring, keep: Keep, zone: ZoneInfo, suppression: Suppression | None = None) -> None:
        self._ledger, self._keyring, self._keep, self._zone, self._suppression = ledger, keyring, keep, zone, suppression
        self._done_at: datetime | None = None
        self._after = 0

    def run(self, now: datetime) -> None:
        """What is due, if the last time was an hour ago; a long list in parts, each at the next call.

        Raises:
            LedgerGone, KeyringGone: nothing was written; keys may be destroyed already, and are only ever those that must be.
        """
        if self._done_at is not None and now - self._done_at < _EVERY:
            return
        today = now.astimezone(self._zone).date()
        ordered = self._ordered()
        gone = self.forget_some(max(self._keep.before(today), forgotten_before(ordered)), now, ordered)
        if self._suppression is not None:
            self._suppression.forget(today)
        if gone.after is None:
            self._done_at = now

    def forget_all(self, before: date, now: datetime) -> int:
        """Everything that was answered before that day, now and after any restore; returns the number of requests."""
        number, self._after = 0, 0
        while True:
            gone = self.forget_some(before, now, {f"{FORGOTTEN}{before}"})
            number += len(gone.request_ids)
            if gone.after is None:
                return number

    def forget_some(self, before: date, now: datetime, ordered: Collection[str]) -> Going:
        """The next part. The keys go first: after a crash the rows are found again, and nothing is counted twice.

        The ledger notes which keys of years are destroyed, so that a restored keyring loses them again (`shredder`); both note what was
        `ordered`.
        """
        with self._ledger.transaction() as transaction:
            gone = going(transaction, before, self._zone, self._after, _AT_ONCE)
            years = keys_of_years_before(before) if gone.after is None else []
            noted = [*years, *ordered]
            self._destroy([*keys_of(gone.request_ids), *noted])
            passed(Step.FORGETTING)
            forget(transaction, gone, now)
            transaction.destroyed_keys.order(noted, now)
            transaction.destroyed_keys.done(noted, now)
        passed(Step.FORGOTTEN)
        self._after = gone.after or 0
        if gone.request_ids:
            self._ledger.leave_no_trace()
            log.info("register: %d requests are older than it keeps; their counts stay", len(gone.request_ids))
        return gone

    def _ordered(self) -> set[str]:
        """What was forgotten on order, as keyring or ledger remembers it: either may have been restored."""
        with self._ledger.reading() as transaction:
            return self._keyring.names_of_destroyed(FORGOTTEN) | transaction.destroyed_keys.named(FORGOTTEN)

    def _destroy(self, kids: Sequence[str]) -> None:
        """A reader of SQLite's log may keep their traces until the next hour; the keys themselves must be gone."""
        if kids and not self._keyring.destroy(*kids) and self._keyring.names() & set(kids):
            raise KeyringGone("Another process destroys keys of the keyring at this moment.")
