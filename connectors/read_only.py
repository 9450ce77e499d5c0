"""A door that only reads, for looking at a real account by hand."""

from typing import Any

from connectors.errors import Refused

_WRITING = frozenset({"put", "patch", "delete", "update", "expunge"})


class ReadOnly:
    """Any door, without the calls that can only write. A POST passes, for it may be a search: the kit proves that one writes nothing."""

    def __init__(self, door: Any) -> None:
        self._door = door

    def __getattr__(self, name: str) -> Any:
        if name in _WRITING:
            raise Refused(f"The connector wanted to write ({name}) where it may only read; nothing was written.")
        return getattr(self._door, name)
