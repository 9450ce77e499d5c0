"""The person is compared exactly, and printed nowhere."""

import copy
import json
import logging
import pickle
import pprint
import re
import reprlib
import traceback
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python
from rich.console import Console
from rich.pretty import pretty_repr

from connectors.declared import Record
from topics.bus import Delivery
from topics.envelope import Event
from topics.events import SubjectRequest
from topics.model import Wire
from topics.sealing import Key
from topics.subject import Subject, normalise

JAN = {"email": ["Jan@Voorbeeld.nl"], "name": ["Jan de Vries"], "customer_id": [1001]}
CANARIES = ("oorbeeld", "Vries", "1001")


def subject(**kinds: Any) -> Subject:
    return Subject.model_validate(kinds or JAN)


def printed_by_rich(value: Any) -> str:
    out = StringIO()
    Console(file=out, width=200).print(value, {"subject": value})
    return out.getvalue()


def logged(value: Any) -> str:
    return logging.LogRecord("x", 20, "x", 1, "of %s %r", (value, [value]), None).getMessage()


class Holder(Wire):
    subject: Subject
    number: int = 0


@pytest.mark.parametrize(
    "show",
    [
        repr, str, "{}".format, "{!r}".format, "{:>40}".format, lambda s: f"{s}", lambda s: f"{s!r:>50}",
        lambda s: "%s" % (s,), lambda s: "%r" % (s,),  # noqa: UP031
        lambda s: repr([s, {"s": s}]), lambda s: str(Holder(subject=s)), pprint.pformat, pretty_repr, printed_by_rich, logged,
        lambda s: str(ValueError(s)), lambda s: repr(KeyError(s)), lambda s: repr(vars(s)), lambda s: f"{s.root} {s.root!s:>9}",
        lambda s: str(ValueError(copy.deepcopy(s))), lambda s: repr(copy.deepcopy(Holder(subject=s))), lambda s: repr(copy.copy(s)),
        reprlib.repr, lambda s: "".join(traceback.TracebackException.from_exception(ValueError(s)).format()),
    ],
)  # fmt: skip
def test_no_way_of_printing_shows_the_person(show: Any) -> None:
    shown = show(subject())
    assert [] == [canary for canary in CANARIES if canary in shown]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_subject_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as error:
        pickle.dumps([subject()], protocol)
    assert "oorbeeld" not in str(error.value)


REQUEST = SubjectRequest(request_id=uuid4(), received_at=datetime.now(UTC), subject=subject(), verified_by="passport of de Vries")
DELIVERY = Delivery("subject.requests", 0, 0, None, REQUEST.subject.to_seal(), ())


@pytest.mark.parametrize(
    "holder",
    [
        subject().root, REQUEST, Record("contact", "jan@voorbeeld.nl"), DELIVERY, Key("case", b"k" * 32),
        Event("subject.erase", "/shop", "1", None, {"subject": JAN}),
    ],
    ids=lambda holder: type(holder).__name__,
)  # fmt: skip
def test_what_holds_something_of_the_person_or_a_key_is_not_pickled(holder: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled") as error:
            pickle.dumps([holder], protocol)
        assert [] == [canary for canary in CANARIES if canary in str(error.value)]


def test_a_request_is_not_dumped_with_how_the_person_was_identified() -> None:
    for dump in (REQUEST.model_dump, REQUEST.model_dump_json):
        with pytest.raises((TypeError, ValueError)):
            dump()
    assert "Vries" not in repr(REQUEST)


def test_nothing_of_ours_can_pickle() -> None:
    """A text that was taken out of a request (`verified_by`) could be; so nobody has the means."""
    means = re.compile(r"^\s*(?:import|from) (?:pickle|_pickle|shelve|marshal|dill|cloudpickle|joblib|multiprocessing)\b|ProcessPool", re.M)
    packages = [Path(__file__).parents[2] / name for name in ("orchestrator", "connectors", "topics")]
    assert [] == [str(path) for package in packages for path in package.rglob("*.py") if means.search(path.read_text())]


@pytest.mark.parametrize(
    "take_out",
    [
        list, dict, json.dumps, lambda s: s.model_dump(), lambda s: s.model_dump_json(), lambda s: s.model_dump(mode="json"),
        lambda s: s.__getstate__(), lambda s: s.__reduce__(), lambda s: Holder(subject=s).model_dump(),
        lambda s: Holder(subject=s).model_dump_json(), lambda s: Holder(subject=s).model_dump(context={"subject": "in plain"}),
        lambda s: Holder(subject=s).model_dump_json(fallback=str, serialize_as_any=True), lambda s: to_json({"s": s}),
        lambda s: to_jsonable_python(Holder(subject=s)), lambda s: pickle.dumps(Holder(subject=s)),
    ],
)  # fmt: skip
def test_a_person_leaves_by_no_door_but_the_one_to_the_seal(take_out: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        take_out(subject())
    assert [] == [canary for canary in CANARIES if canary in str(error.value)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "jan@voorbeeld.nl"},
        {"email": [None, "jan@voorbeeld.nl"]},
        {"jan@voorbeeld.nl": ["x"]},
        {"jan@voorbeeld.nl": [None]},
        ["jan@voorbeeld.nl"],
    ],
)
def test_a_validation_error_shows_no_value(wrong: Any) -> None:
    with pytest.raises(ValidationError) as error:
        Holder.model_validate({"subject": wrong})
    with pytest.raises(ValidationError) as alone:
        Subject.model_validate(wrong)
    assert "oorbeeld" not in str(error.value) + str(alone.value)


def test_an_exception_with_the_person_in_hand_shows_nothing() -> None:
    person = subject()
    try:
        Holder(subject=person, number="none")  # type: ignore[arg-type]
    except ValidationError as error:
        assert "oorbeeld" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "wrong", [{}, {"email": []}, {"email": ["  "]}, {"E": ["x"]}, {"e mail": ["x"]}, {"n": [True]}, {"n": [1.5]}, {"n": ["x"] * 201}]
)
def test_what_is_no_subject_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        Subject.model_validate(wrong)


def test_an_address_is_compared_without_letter_case_and_nothing_else_is_folded() -> None:
    jan = subject()
    assert jan.matches("email", " JAN@voorbeeld.NL")
    others = ("jan+x@voorbeeld.nl", "jan@mail.voorbeeld.nl", "an@voorbeeld.nl", "jan@voorbeeld.nl.com", "", None)
    assert not any(jan.matches("email", other) for other in others)
    assert not jan.matches("name", "jan de vries")


def test_an_address_that_a_vendor_writes_as_a_number_is_told_and_not_merely_another() -> None:
    jan = Subject({"email": ("jan@voorbeeld.nl",), "customer_id": ("7",)})
    assert jan.matches("customer_id", 7)
    with pytest.raises(TypeError, match="an e-mail address is a text"):
        jan.matches("email", 7)


def test_two_ways_to_write_a_letter_are_one() -> None:
    assert normalise("name", "Zo\u00eb") == normalise("name", " Zoe\u0308 ")


def test_the_same_person_gives_the_same_bytes_in_any_order() -> None:
    assert subject(email=["b@x.nl", "A@x.nl"], id=[5]).canonical() == subject(id=["5"], email=["a@x.nl", "B@x.nl", "b@X.nl"]).canonical()
    assert subject(email=["a@x.nl"]).canonical() != subject(name=["a@x.nl"]).canonical()


def test_it_comes_back_from_the_json_that_is_sealed() -> None:
    again = Subject.model_validate_json(subject().to_seal())
    assert (subject().canonical(), {"email", "name", "customer_id"}) == (again.canonical(), set(again.kinds()))
    assert ["jan@voorbeeld.nl", "Jan de Vries", "1001"] == list(again.needles())
    assert ("1001",) == tuple(json.loads(subject().to_seal())["customer_id"])
