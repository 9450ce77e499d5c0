"""When a busy vendor wants to be asked again: seconds, an HTTP date, an ISO time, or epoch seconds or milliseconds."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

_HEADERS = (  # when to ask again, and how many calls are left until then: where some are, that limit is not the one that was hit
    ("retry-after", ""),  # Jira, MailerLite, Google, Cloudflare: a span; Moneybird: epoch seconds
    ("x-ratelimit-minutely-reset", "x-ratelimit-minutely-remaining"),  # Exact, the minute: epoch milliseconds
    ("x-ratelimit-reset", "x-ratelimit-remaining"),  # Exact, the day: epoch milliseconds; Jira: ISO 8601
    ("ratelimit-reset", "ratelimit-remaining"),  # Moneybird: epoch seconds; others: a span
    ("x-rate-limit-reset", "x-rate-limit-remaining"),  # TransIP
    ("x-sib-ratelimit-reset", "x-sib-ratelimit-remaining"),  # Brevo: a span
)
TOO_FAST = (b'"rateLimitExceeded"', b'"userRateLimitExceeded"')
"""Reasons with which Google answers 403 instead of 429 (developers.google.com/workspace/gmail/api/guides/handle-errors)."""
_EPOCH_SECONDS = 1e9
"""A number above this is a moment, not a span (Moneybird gives epoch seconds in Retry-After)."""
_EPOCH_MILLISECONDS = 1e12
_LONGEST = timedelta(days=31)


def not_before(headers: httpx.Headers, now: datetime) -> datetime | None:
    """The moment (UTC) that the first readable of the known headers names; None where there is none. At most 31 days on.

    It is counted from the vendor's own `Date`, where there is one: its clock may be wrong, and so may ours.
    """
    theirs = _written_date(headers.get("date", "")) or now
    for name, remaining in _HEADERS:
        moment = _moment(headers.get(name, "").strip(), theirs)
        if moment is not None and headers.get(remaining, "0").strip() in ("0", ""):
            return now + min(max(moment - theirs, timedelta()), _LONGEST)
    return None


def _moment(text: str, theirs: datetime) -> datetime | None:
    try:
        number = float(text)
    except ValueError:
        return _written_date(text)
    try:
        if number > _EPOCH_MILLISECONDS:
            return datetime.fromtimestamp(number / 1000, UTC)
        return datetime.fromtimestamp(number, UTC) if number > _EPOCH_SECONDS else theirs + timedelta(seconds=number)
    except (ValueError, OverflowError, OSError):
        return None


def _written_date(text: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
        except (ValueError, TypeError):
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
