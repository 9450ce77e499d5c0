"""`erasure connectors record`: the shape of what a vendor answers, no value, no writing call; and held against our simulator."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from connectors.recording import HIDDEN, Recorder, Session
from connectors.testing.harness import START
from connectors.testing.recordings import differences, main
from connectors.testing.serve import serving
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from tests.connectors.vendors import test_moneybird as moneybird
from tests.orchestrator.command.stage import VALUES, Stage
from topics.sealing import Key
from topics.subject import Subject

JAN = Person(VALUES[0], VALUES[3], VALUES[1], VALUES[2])


class Real(MoneybirdSimulator):
    """Moneybird as it might be: every answer passes through `change` first."""

    change: Callable[[Any], Any] = staticmethod(lambda body: body)

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if answer.status_code != 200 or not answer.content:
            return answer
        kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
        return httpx.Response(200, json=self.change(answer.json()), headers=kept)


async def recorded(stage: Stage, vendor: MoneybirdSimulator, *words: str) -> Result:
    given = words or ("--email", JAN.email)
    async with serving(vendor) as base_url:
        served = Stage(stage.folder, base_url=base_url)
        file = str(stage.folder / "session.json")
        return await asyncio.to_thread(served.erasure, "connectors", "record", "moneybird", *given, "--to", file)


async def told_of(stage: Stage) -> list[str]:
    return await asyncio.to_thread(differences, session(stage), moneybird.TestMoneybird)


def session(stage: Stage) -> Session:
    return Session.model_validate_json((stage.folder / "session.json").read_text())


@pytest.fixture
def real() -> Real:
    vendor = Real()
    vendor.seed(JAN)
    return vendor


async def test_calls_statuses_and_shapes_are_kept_and_nothing_is_written_at_the_vendor(stage: Stage, real: Real) -> None:
    result = await recorded(stage, real)

    assert 0 == result.exit_code, result.output
    assert 0 == real.writing_calls < len(real.calls) == len(session(stage).calls)
    first = session(stage).calls[0]
    assert ("GET", 200, ["list"]) == (first.call.split()[0], first.status, (first.answer or {})["is"])


async def test_no_value_of_anybody_and_no_secret_stands_in_it(stage: Stage, real: Real) -> None:
    await recorded(stage, real)

    text = (stage.folder / "session.json").read_text()
    values = [value for row in real.contacts.values() for value in row.values() if isinstance(value, str) and len(value) > 3]
    assert len(values) > 5
    assert [] == [value for value in (*VALUES, *values, "kit-secret-9f3a71", "Authorization") if value in text]


async def test_a_vendor_that_is_as_we_believe_differs_in_nothing(stage: Stage, real: Real) -> None:
    await recorded(stage, real)

    assert [] == await told_of(stage)


def _without(name: str, body: Any) -> Any:
    rows = body if isinstance(body, list) else [body]
    changed = [{key: value for key, value in row.items() if key != name} for row in rows]
    return changed if isinstance(body, list) else changed[0]


async def test_a_field_that_the_vendor_does_not_have_is_told(stage: Stage, real: Real) -> None:
    real.change = lambda body: _without("phone", body)  # type: ignore[method-assign]
    result = await recorded(stage, real)

    told = await told_of(stage)
    assert 0 == result.exit_code
    assert told and all("phone of" in line and line.endswith("is missing at the vendor.") for line in told)


async def test_a_field_of_another_type_is_told(stage: Stage, real: Real) -> None:
    real.change = lambda body: json.loads(json.dumps(body).replace('"archived": false', '"archived": "no"'))  # type: ignore[method-assign]
    await recorded(stage, real)

    told = await told_of(stage)
    assert told and all("archived of" in line and "is text at the vendor, and true or false here." in line for line in told)


async def test_a_search_that_does_not_end_is_told_and_its_status_kept(stage: Stage, real: Real) -> None:
    real.faults.append(Fault(httpx.Response(403, json={"error": JAN.email})))
    result = await recorded(stage, real)

    assert 1 == result.exit_code
    assert "The search did not end. moneybird answered 403" in result.stderr
    assert [403] == [call.status for call in session(stage).calls]
    (told,) = await told_of(stage)
    assert "the vendor answers 403, the simulator 200." in told


async def test_nothing_is_written_over(stage: Stage, real: Real) -> None:
    (stage.folder / "session.json").write_text("mine")
    result = await recorded(stage, real)

    assert (1, "mine", []) == (result.exit_code, (stage.folder / "session.json").read_text(), real.calls)


@pytest.mark.parametrize("words", [(), ("--identifier", "email"), ("--identifier", "=jan@voorbeeld.nl"), ("--identifier", "phone=1")])
def test_who_it_is_must_be_said_so_that_it_can_be_searched(words: tuple[str, ...], stage: Stage) -> None:
    result = stage.erasure("connectors", "record", "moneybird", *words)

    assert 2 == result.exit_code
    assert "jan@" not in result.output


def forms(body: Any, subject: Subject) -> Any:
    recorder = Recorder(Key("record", bytes(32)), subject)
    recorder.add("GET /x", 200, START, json.dumps(body).encode())
    return recorder.recorded[0].answer


@pytest.mark.parametrize("name", ["jan@voorbeeld.nl", "jan_de_vries", "vries", "1001", "a b", "31201234567", "deadbeef0123456789"])
def test_a_name_in_a_body_that_may_be_a_value_is_hidden(name: str) -> None:
    subject = Subject.model_validate({"email": ["jan.vries@voorbeeld.nl"]})
    form = forms({name: 1, "company": "x"}, subject)
    assert {HIDDEN, "company"} == set(form["fields"])


def test_rows_that_differ_are_told_as_one_that_has_all() -> None:
    form = forms([{"a": 1}, {"a": None, "b": [1.5]}], Subject.model_validate({"email": ["x@y.nl"]}))
    row = {"is": ["object"], "fields": {"a": {"is": ["null", "whole number"]}}, "sometimes": ["b"]}
    row["fields"]["b"] = {"is": ["list"], "items": {"is": ["number"]}}  # type: ignore[index]
    assert {"is": ["list"], "items": row} == form


async def test_the_differences_are_printed(stage: Stage, real: Real, capsys: pytest.CaptureFixture[str]) -> None:
    await recorded(stage, real)
    kit = "tests.connectors.vendors.test_moneybird:TestMoneybird"
    status = await asyncio.to_thread(main, [str(stage.folder / "session.json"), kit])

    assert 0 == status
    assert "calls of moneybird, recorded on" in capsys.readouterr().out


@pytest.mark.parametrize("given", [("no.json", "x:Y"), ("bad.json", "x:Y"), ("good.json", "x:Y"), ("good.json", "{jira}")])
def test_what_cannot_be_compared_is_told(given: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "good.json").write_text('{"connector": "moneybird", "recorded_on": "2026-11-22", "calls": []}')
    file, kit = given
    with pytest.raises(SystemExit):
        main([str(tmp_path / file), kit.format(jira="tests.connectors.vendors.test_jira:TestJira")])
    told = capsys.readouterr().err
    assert any(words in told for words in ("cannot be read", "is no recording", "There is no kit", "the kit of jira"))
