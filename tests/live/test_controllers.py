"""The five companies of `examples/`, each from its own file: what it promises is what becomes of a person, at every processor.

The promises stand in `controllers.toml`, written by hand from the published statements; the certificate and the vendors are held
against them.
"""

import tomllib
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.simulator import Person
from tests.live.conftest import or_left_out
from tests.live.example import EXAMPLES, Company, mailbox_of, simulators
from tests.live.installation import Backend, request_of
from tests.live.servers.dovecot import Dovecot
from tests.live.test_cases import opened
from tests.live.vendors import Served
from topics.broker import EmbeddedBroker

PROMISED = tomllib.loads((Path(__file__).parent / "controllers.toml").read_text())
LAST_YEAR = date.today().year - 1  # noqa: DTZ011
JAN = Person("jan@voorbeeld.nl", since=date(LAST_YEAR, 6, 1))
PIET = Person("piet@voorbeeld.nl", "Piet Bakker", "C-2001", "+31301234567", JAN.since)
LOOK_ALIKE = Person("anna.jan@voorbeeld.nl", "Anna Jansen", "C-1002", "+31207654321", JAN.since)
CONTRACT_ENDED = date(LAST_YEAR, 9, 30)

Lines = dict[str, Any]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with or_left_out(Dovecot) as server:
        yield server


@pytest.fixture
def company(request: pytest.FixtureRequest, tmp_path: Path, dovecot: Dovecot) -> Iterator[Company]:
    """Running, with three people known everywhere."""
    text = (EXAMPLES / f"{request.param}.toml").read_text()
    with ExitStack() as stack:
        broker = stack.enter_context(or_left_out(EmbeddedBroker))
        served = stack.enter_context(Served(simulators(text)))
        made = Company(tmp_path, broker.bootstrap_servers, served, f"sqlite:///{tmp_path}/erasure.db", "", name=request.param)
        made.stand_in(served, mailbox_of(text, dovecot))
        for one in made.standing.values():
            for person in (JAN, PIET, LOOK_ALIKE):
                one.seed(person)
        stack.callback(made.stop)
        made.start("all")
        yield made


@pytest.mark.parametrize("company", sorted(PROMISED), indirect=True)
async def test_what_the_statement_promises_is_what_the_certificate_says_and_what_the_vendors_still_have(company: Company) -> None:
    erase, restrict = PROMISED[company.name]["erase"], PROMISED[company.name]["restrict"]
    before = {person.email: looked_at(company, person, "traces") for person in (PIET, LOOK_ALIKE)}
    ended = {"contract_ended_on": CONTRACT_ENDED.isoformat()} if erase.get("contract_ended") else {}
    async with Backend(company.bootstrap_servers, "") as backend:
        erased = await backend.send(request_of(JAN, **ended))
        restricted = await backend.send(request_of(PIET, ground="18(1)(a)"), "subject.restrict")
        await promised(company, backend, erased, at_first(erase))
        await promised(company, backend, restricted, at_first(restrict))
        assert table(erase, "left") == looked_at(company, JAN, "traces")
        assert table(erase, "shut") == looked_at(company, JAN, "restricted")
        by_hand(company, erased, erase)
        confirm(company, restricted, restrict)
        by_hand(company, restricted, restrict)
        assert erase["status"] == (await promised(company, backend, erased, in_the_end(erase)))["status"]
        assert restrict["status"] == (await promised(company, backend, restricted, in_the_end(restrict)))["status"]
    assert table(restrict, "shut") == looked_at(company, PIET, "restricted")
    gone = table(restrict, "gone")
    before[PIET.email] = {
        name: {kind: n for kind, n in has.items() if kind not in gone.get(name, {})} for name, has in before[PIET.email].items()
    }
    assert before == {person.email: looked_at(company, person, "traces") for person in (PIET, LOOK_ALIKE)}
    assert {} == looked_at(company, LOOK_ALIKE, "restricted")


async def promised(company: Company, backend: Backend, request: str, wanted: Lines) -> dict[str, Any]:
    """Wait until the newest certificate says so; else the difference is told."""
    newest: dict[str, Any] = {"processors": []}

    def is_so(backend: Backend) -> bool:
        nonlocal newest
        newest = opened(company, backend.certificates[request][-1]) if request in backend.certificates else newest
        return said(newest) == dated(wanted, newest)

    try:
        await backend.until(is_so)
    except AssertionError:
        assert dated(wanted, newest) == said(newest)
    return newest


def said(certificate: Mapping[str, Any]) -> Lines:
    """What a certificate says, in the table's words."""
    return {entry["name"]: _said(entry) for entry in certificate["processors"]}


def _said(entry: Mapping[str, Any]) -> Any:
    lines: Counter[tuple[str, str, str]] = Counter()
    for line in entry["records"]:
        lines[line["kind"], line["outcome"], (line.get("hold") or line).get("until") or ""] += line["count"]
    return dict(lines) or (entry["outcome"] + (f": {entry['reason']}" if entry["outcome"] == "failed" else ""))


def dated(wanted: Lines, certificate: Mapping[str, Any]) -> Lines:
    """The table's lines, with days in place of its rules; periods run from the day of the answer."""
    answered = {entry["name"]: (entry["answered_at"] or "")[:10] for entry in certificate["processors"]}
    return {
        name: lines
        if isinstance(lines, str)
        else {(kind, outcome, _day(rest, answered.get(name))): count for kind, outcome, count, *rest in lines}
        for name, lines in wanted.items()
    }


def _day(rule: list[str], answered: str | None) -> str:
    if not rule or not answered:
        return ""
    match rule[0].split():
        case ["books"]:
            return date(JAN.since.year + 7, 12, 31).isoformat()
        case ["contract"]:
            return CONTRACT_ENDED.replace(year=CONTRACT_ENDED.year + 7).isoformat()
        case ["63", "days"]:  # from what Google says of the moment, in UTC
            return (datetime.now(UTC).date() + timedelta(days=63)).isoformat()
        case [number, "days"]:
            return (date.fromisoformat(answered) + timedelta(days=int(number))).isoformat()
        case [number, "months"]:
            day = date.fromisoformat(answered)
            year, month = divmod(day.year * 12 + day.month - 1 + int(number), 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])).isoformat()
    raise ValueError(f"no such rule: {rule[0]}")


def entries(promise: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: entry for name, entry in promise.items() if isinstance(entry, dict)}


def at_first(promise: Mapping[str, Any]) -> Lines:
    """Before a person has done or confirmed anything."""
    return {name: _at_first(entry) for name, entry in entries(promise).items()}


def _at_first(entry: Mapping[str, Any]) -> Any:
    waiting = entry.get("confirmed", ())
    return entry.get("outcome") or [[kind, "refused" if kind in waiting else outcome, *rest] for kind, outcome, *rest in entry["lines"]]


def in_the_end(promise: Mapping[str, Any]) -> Lines:
    return {name: _in_the_end(entry) for name, entry in entries(promise).items()}


def _in_the_end(entry: Mapping[str, Any]) -> Any:
    if done := entry.get("by_hand"):
        return done[1] if done[1] == "nothing_found" else [done]
    return entry.get("outcome") or entry["lines"]


def table(promise: Mapping[str, Any], column: str) -> dict[str, dict[str, int]]:
    return {name: entry[column] for name, entry in entries(promise).items() if column in entry}


def looked_at(company: Company, person: Person, how: str) -> dict[str, dict[str, int]]:
    """What of a person is at each vendor (`traces`), or shut off there (`restricted`); vendors that have nothing are left out."""
    return {name: dict(found) for name, one in company.standing.items() if (found := +getattr(one, how)(person))}


def by_hand(company: Company, request: str, promise: Mapping[str, Any]) -> None:
    proof = company.folder / "proof.txt"
    proof.write_text("Signed for by the one who did it.")
    for name, (kind, outcome, count) in table(promise, "by_hand").items():
        told = ["--kind", kind, "--outcome", outcome, "--count", str(count)]
        done = company.erasure("task", "done", request, "--processor", name, "--proof", str(proof), *told)
        assert 0 == done.returncode, done.stderr


def confirm(company: Company, request: str, promise: Mapping[str, Any]) -> None:
    if table(promise, "confirmed"):
        done = company.erasure("decide", request, "uphold", "--reason", "A colleague lifts it by hand in the vendor's own screens.")
        assert 0 == done.returncode, done.stderr
