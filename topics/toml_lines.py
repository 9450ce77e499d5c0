"""A TOML file that knows on which line a key stands, and says what is wrong there in sentences that repeat no value.

Neither tomllib nor tomlkit tells where a value stands. So we read ever less of the file: a key stands at the end of the
fewest first lines that are TOML by themselves and hold it. That needs no grammar of our own.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

Location = tuple[str | int, ...]
"""The way to a value: `("processors", 2, "base_url")`."""

Fault = tuple[Location, str]
"""Where, and what is wrong there with what to write instead: the second half of a sentence, without values."""

_MOST_FAULTS = 10
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LONGEST_KEY = 60
_SHORTEST_LEAK = 4
_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)

_WORDS = {
    "string_type": 'must be text; write it in quotes: "…"',
    "string_too_short": 'must not be empty; write some text: "…"',
    "int_type": "must be a whole number; write it without quotes",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false; write it without quotes",
    "model_type": "must be a table; write its keys under a [header]",
    "dict_type": "must be a table; write its keys under a [header]",
    "tuple_type": "must be a list; write […], or a [[header]] before each table of it",
    "list_type": "must be a list; write […], or a [[header]] before each table of it",
    "too_short": "must not be empty; add at least one",
}


class ConfigurationError(Exception):
    """The configuration cannot be used, in one sentence per fault: correct the file and start again."""


class Wrong(ValueError):
    """What is wrong with a value and what to write instead; never the value itself."""


class Section(BaseModel):
    """A table of the file: closed to unknown keys, exact about types, and silent about values in its errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, validate_default=True)


@dataclass(frozen=True)
class TomlFile:
    """A file as it was read. `path` as it was given, so that a message names it the way a person knows it."""

    path: Path
    text: str = field(default="", repr=False)
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path) -> "TomlFile":
        """The file at `path`.

        Raises:
            ConfigurationError: there is none, or it is not TOML.
        """
        advice = "give --config FILE, set ERASURE_CONFIG, or start in the folder that holds erasure.toml"
        document, problem = None, ""
        try:
            text = path.read_bytes().decode("utf-8-sig")
            document = tomllib.loads(text)
        except FileNotFoundError:
            problem = f"{path}: there is no such file; {advice}."
        except OSError as error:
            problem = f"{path}: cannot be read ({error.strerror}); {advice}."
        except UnicodeDecodeError as error:
            problem = f"{path} line {error.object[: error.start].count(10) + 1}: is not text; save it in UTF-8."
        except (ValueError, RecursionError) as error:
            problem = _syntax_problem(path, text, error)
        if document is None:  # raised out here, so that no parser's error with a value in it hangs from ours
            raise ConfigurationError(problem)
        return cls(path, text, document)

    def line(self, location: Location) -> int:
        """The line where the value begins; its nearest table's if it is missing; 1 if that is missing too."""
        while location and not _holds(self.document, location):
            location = location[:-1]
        lines = self.text.replace("\r\n", "\n").split("\n")
        without, with_it = 0, len(lines)
        while location and with_it - without > 1:
            middle = (without + with_it) // 2
            complete, document = _complete(lines, middle)
            if _holds(document, location):
                with_it = complete
            else:
                without = middle
        return _complete(lines, with_it - 1)[0] + 1 if location else 1

    def tables(self, key: str) -> list[tuple[int, dict[str, Any]]]:
        """The tables under `[[key]]` with their places; what is no table is left out."""
        found = self.document.get(key)
        return [(i, table) for i, table in enumerate(found) if isinstance(table, dict)] if isinstance(found, list) else []

    def error(self, faults: Iterable[Fault]) -> ConfigurationError:
        """One error for all `faults`, in the order of their lines, at most ten."""
        found = sorted({(self.line(location), _key(location), what) for location, what in faults})
        sentences = [f"{self.path} line {line}: {key}: {_ended(what)}" for line, key, what in found]
        left = len(sentences) - _MOST_FAULTS
        return ConfigurationError("\n".join(sentences[:_MOST_FAULTS] + [f"There are {left} more."] * (left > 0)))


def read_as(model: type[Model], data: object, context: dict[str, Any]) -> tuple[Model | None, list[Fault]]:
    """`data` as `model` reads it, or None and what is wrong with it. No error that holds a value comes out of here."""
    try:
        return model.model_validate(data, context=context), []
    except ValidationError as error:
        return None, _faults_of(error, model)


def _faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    all_found = error.errors(include_url=False)
    inside = {found["loc"][:depth] for found in all_found for depth in range(len(found["loc"]))}
    # A list whose only entry is wrong is called too short as well: that is not what the person must correct.
    told = [found for found in all_found if found["type"] != "too_short" or found["loc"] not in inside]
    return [(found["loc"], _words(found, model)) for found in told]


def nearest(word: str, known: Iterable[str]) -> str:
    """The question whether the most similar of `known` was meant, or the choice if none is similar."""
    known = sorted(known)
    close = get_close_matches(word, known, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"choose from: {', '.join(known)}" if known else "remove it"


def _words(found: ErrorDetails, model: type[BaseModel]) -> str:
    kind, location, context = found["type"], found["loc"], found.get("ctx", {})
    name = str(location[-1]) if location else ""
    if kind == "missing":
        return f"is missing; write {'[[processors]]' if location == ('processors',) else _missing(model, location)}"
    if kind == "extra_forbidden":
        return f"is not a known key; {nearest(name, _known_keys(model, location[:-1]))}"
    if kind == "literal_error":
        return f"must be one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"has a character that is not allowed here; write text of the form {context['pattern']}"
    if isinstance(context.get("error"), Wrong):
        return str(context["error"])
    message = found["msg"].removeprefix("Value error, ").replace("Input should ", "must ")
    repeats = len(str(found["input"])) >= _SHORTEST_LEAK and str(found["input"]) in message
    foreign = "error" in context and kind != "value_error"  # a parser's words: they may quote a part of the value
    return _WORDS.get(kind) or ("is not valid; see the documentation of this key" if repeats or foreign else message)


def _missing(model: type[BaseModel], location: Location) -> str:
    return f"[{_key(location)}]" if _model_at(model, location) else f"{_key(location[-1:])} = …"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    at = _model_at(model, location)
    return [info.alias or name for name, info in at.model_fields.items()] if at else []


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model that reads the table at `location`, None where no single one does."""
    at: type[BaseModel] | None = model
    for part in location:
        if at is not None and isinstance(part, str):
            fields = {info.alias or name: info for name, info in at.model_fields.items()}
            at = _model_in(fields[part].annotation) if part in fields else None
    return at


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _key(location: Location) -> str:
    """`processors[2].base_url`; a key that TOML wants in quotes is quoted, and shortened."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            quoted = part if _BARE_KEY.fullmatch(part) else json.dumps(part[:_LONGEST_KEY])
            text += f".{quoted}" if text else quoted
    return text or "the file"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "…")) else sentence + "."


def _holds(document: Any, location: Location) -> bool:
    for part in location:
        if isinstance(part, int):
            if not isinstance(document, list) or part >= len(document):
                return False
        elif not isinstance(document, Mapping) or part not in document:
            return False
        document = document[part]
    return True


def _complete(lines: list[str], count: int) -> tuple[int, dict[str, Any]]:
    """How many of the first `count` lines are TOML by themselves (a value may run over several), and what they say."""
    for end in range(count, 0, -1):
        try:
            return end, tomllib.loads("\n".join(lines[:end]))
        except (ValueError, RecursionError):
            continue
    return 0, {}


def _syntax_problem(path: Path, text: str, error: Exception) -> str:
    found = _POSITION.fullmatch(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
    if found is None:
        return f"{path} line 1: cannot be read as TOML: a number is too long or a value too deep; write it shorter."
    last = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    line, column = found[2] or len(last), found[3] or len(last[-1]) + 1
    return f"{path} line {line}, column {column}: is not TOML ({found[1]}); correct it there or just before."
