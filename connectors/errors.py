"""What can go wrong at a vendor, named by what happens next. The docstring of a class says it to a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

_closed: ContextVar[bool] = ContextVar("closed_words", default=False)


@contextmanager
def closed_words() -> Iterator[None]:
    """At the end of a hold nobody can tell any more whether a connector put something of the person into a reason, so none is told."""
    before = _closed.set(True)
    try:
        yield
    finally:
        _closed.reset(before)


class VendorError(Exception):
    """The vendor could not be used."""

    def __init__(self, reason: str = "") -> None:
        """`reason`: a sentence made by us, without personal data and without the vendor's text."""
        super().__init__(reason or self._of_its_kind())

    @property
    def reason(self) -> str:
        """The sentence that the report and the certificate carry: its own, or in `closed_words` that of its kind."""
        return self._of_its_kind() if _closed.get() else str(self)

    def _of_its_kind(self) -> str:
        return (self.__doc__ or "").splitlines()[0]


class Transient(VendorError):
    """The vendor is busy or out of reach; the same call is tried again.

    `not_before` is the moment that the vendor named, if it did.
    """

    def __init__(self, reason: str = "", not_before: datetime | None = None) -> None:
        super().__init__(reason)
        self.not_before = not_before


class Deferred(VendorError):
    """The vendor asks for a longer wait than is slept through; the orchestrator orders it again then.

    `until` None: when that is worth it is known elsewhere.
    """

    def __init__(self, until: datetime | None, reason: str = "") -> None:
        super().__init__(reason)
        self.until = until


class Denied(VendorError):
    """The vendor does not accept our credential, or the credential lacks the right. Not retried; mend the settings."""


class Refused(VendorError):
    """The vendor understood the call and will not do it for this record.

    `passing`: the record is locked or in conflict (409, 423), so that another day may bring another answer.
    """

    def __init__(self, reason: str = "", passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


class Gone(VendorError):
    """The vendor knows no such record (404 or 410). Success when erasing; never "nothing found" when locating."""


class Misread(VendorError):
    """The vendor's answer has another shape than documented: never taken for "nothing found"."""


class NeedsPerson(VendorError):
    """No call can do this: a person must."""


class NeedsIdentifier(VendorError):
    """The subject was sent without an identifier by which a part of the processor can be searched."""


class NotApplicable(VendorError):
    """Declared: the processor holds nothing of anybody. Only a connector that opens nothing may say so."""
