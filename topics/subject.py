"""The person: the only part of a message that holds personal data."""

import json
import re
import unicodedata
from collections.abc import Iterator
from types import NoneType
from typing import Any, NoReturn, Self

from pydantic import ConfigDict, RootModel, SerializationInfo, field_validator, model_serializer

from topics.model import NotPickled

_KIND = re.compile(r"[a-z][a-z0-9_.]{0,62}")
_MOST_VALUES = 200
_LONGEST_VALUE = 512

SHARED = frozenset({"name", "phone"})
"""Kinds of which one value may be several people's."""


def normalise(kind: str, value: str) -> str:
    """`value` as it is compared: without outer blanks, in Unicode form NFC; an e-mail address in lower case too.

    Nothing else of an address is folded: `jan+x@`, sub-domains and longer names are other people.
    """
    text = unicodedata.normalize("NFC", value.strip())
    return text.lower() if kind == "email" else text


IN_PLAIN = {"subject": "in plain"}
"""The context under which a message with a subject may be dumped: only for what goes to the intake topic."""


class _Unprinted(NotPickled, dict[str, tuple[str, ...]]):
    """The identifiers themselves, for a debugger or a printer that looks behind the model."""

    def __repr__(self) -> str:
        return "{sealed}"

    __str__ = __repr__


class Subject(RootModel[dict[str, tuple[str, ...]]]):
    """Identifier kinds and their values, at least one value in all.

    Cannot be printed, formatted, pickled, walked through or dumped; a copy is the same one. It leaves by `to_seal`.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @field_validator("root", mode="before")
    @classmethod
    def _numbers_as_text(cls, given: Any) -> Any:
        """A customer number may come as a number; anything else that is no text is refused below."""
        if not isinstance(given, dict):
            raise ValueError("must map an identifier kind to a list of values")
        kinds = {}
        for kind, values in given.items():
            if not isinstance(values, (list, tuple)):
                raise ValueError("every identifier kind needs a list of values")
            kinds[kind] = [str(v) if type(v) is int else v for v in values]
        if not all(isinstance(v, str) for values in kinds.values() for v in values):  # pydantic would name the kind, as it was sent
            raise ValueError("every identifier value is a text")
        return kinds

    @field_validator("root")
    @classmethod
    def _check(cls, root: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if not all(_KIND.fullmatch(kind) for kind in root):
            raise ValueError("an identifier kind is lower-case letters, digits, dots and underscores")
        values = [value for several in root.values() for value in several]
        if not values:
            raise ValueError("at least one identifier value is needed")
        if len(values) > _MOST_VALUES or any(not v.strip() or len(v) > _LONGEST_VALUE for v in values):
            raise ValueError(f"at most {_MOST_VALUES} values, none empty, none over {_LONGEST_VALUE} characters")
        return _Unprinted((kind, tuple(several)) for kind, several in root.items() if several)

    @model_serializer(mode="plain")
    def _only_when_asked(self, info: SerializationInfo) -> dict[str, tuple[str, ...]]:
        """A message that holds a person is dumped by whoever says so, never by accident."""
        if info.context is not IN_PLAIN:
            raise TypeError("a subject is not dumped: seal it (topics.sealing)")
        return dict(self.root)

    def to_seal(self) -> bytes:
        """The identifiers as JSON, for `Key.seal` and nothing else."""
        return self.model_dump_json(context=IN_PLAIN).encode()

    def values(self, kind: str) -> tuple[str, ...]:
        """The values given under `kind`, as they are compared, each once."""
        return tuple(dict.fromkeys(normalise(kind, value) for value in self.root.get(kind, ())))

    def matches(self, kind: str, candidate: object) -> bool:
        """Whether `candidate`, read from a vendor, is exactly one of the subject's values of this kind.

        Raises:
            TypeError: an e-mail address that is no text; it would match nobody, and so be "nothing found".
        """
        if kind == "email" and not isinstance(candidate, (str, NoneType)):
            raise TypeError("an e-mail address is a text")
        return candidate is not None and normalise(kind, str(candidate)) in self.values(kind)

    def kinds(self) -> frozenset[str]:
        """The identifier kinds that have a value."""
        return frozenset(self.root)

    def canonical(self) -> bytes:
        """The same bytes for the same person's identifiers, whatever their order and the case of an address."""
        ordered = {kind: sorted(self.values(kind)) for kind in sorted(self.root)}
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()

    def needles(self) -> Iterator[str]:
        """Every value, for the check that nothing of the person leaves in a log line or a report."""
        for kind in self.root:
            yield from self.values(kind)

    def __repr__(self) -> str:
        return "Subject(sealed)"

    __str__ = __repr__

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What rich and other pretty printers ask for."""
        return iter(())

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __iter__(self) -> NoReturn:
        raise TypeError("a subject is not walked through: ask for the values of a kind")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any] | None = None) -> Self:
        """It never changes, so a copy need not be another one."""
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a subject is not pickled: seal it (topics.sealing)")

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        self.__getstate__()

    def __reduce__(self) -> NoReturn:
        self.__getstate__()
