"""Checks of vendors that lie, come late, bring back and change: what is claimed is what the vendor has."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx

from connectors.testing.harness import Time
from connectors.testing.kit.subject import JAN, KitSubject, assert_erased_and_verified, check
from connectors.testing.simulator import Fault, Simulator
from topics.outcomes import Outcome

LOGIN_PAGE = httpx.Response(200, html="<html><title>Sign in</title></html>")
UNCLAIMED = (Outcome.FAILED, Outcome.REFUSED, Outcome.NEEDS_PERSON)
SORRY = httpx.Response(200, json={"error": "something went wrong"})


class LyingChecks(KitSubject):
    """Nothing to write in a connector but to name the same record in the same way, and to rely on fields that are there."""

    @check
    def test_a_vendor_that_says_yes_and_does_nothing_is_caught(self) -> None:
        """A success status is no proof, and neither is a login page or an error with 200: what is still there is `failed`."""
        for yes in (httpx.Response(204), httpx.Response(202), LOGIN_PAGE, SORRY) if self.connector.opens == "http" else (None,):
            bench = self.bench(JAN)
            bench.simulator.liar = yes is None
            bench.simulator.faults += [Fault(yes, times=100_000, writing=True)] if yes else []
            answer = bench.carry_out(JAN.subject())
            assert answer.records
            for record in answer.records:
                assert record.outcome in UNCLAIMED, f"a lie was believed: {record.kind} {record.outcome}"

    @check
    def test_a_late_effect_is_never_claimed_early(self) -> None:
        """The vendor says yes and does it minutes later: until then nothing is claimed, and the round after claims all."""
        bench = self.bench(JAN)
        late = _Late(bench.simulator, bench.time, timedelta(minutes=10))
        bench.simulator = late  # type: ignore[assignment]
        first = bench.carry_out(JAN.subject())
        told = Counter(r.kind for r in first.records if r.outcome not in (Outcome.ERASED, Outcome.ANONYMISED))
        left = self.left_of(bench, JAN)
        assert left and left <= told, f"{dict(left)} are left, {dict(told)} are told"
        for _ in self.connector.spec.kinds:  # what hangs together goes one after the other
            bench.time.now += timedelta(minutes=11)
            again = bench.carry_out(JAN.subject())
        assert not self.left_of(bench, JAN)
        assert_erased_and_verified(again, self.undeletable)

    @check
    def test_what_comes_back_is_the_same_record_and_is_erased_again(self) -> None:
        """The vendor restores a backup: the next round finds the same references, so that no count grows."""
        bench = self.bench(JAN)
        backup = self.bench(JAN).simulator
        first = bench.carry_out(JAN.subject())
        bench.simulator = backup
        again = bench.carry_out(JAN.subject())
        assert_erased_and_verified(again, self.undeletable)
        assert not self.left_of(bench, JAN)
        assert {r.digest for r in first.records} == {r.digest for r in again.records}, "a record has another reference each time"

    @check
    def test_a_field_with_a_new_name_is_never_nothing_found(self) -> None:
        """The vendor renames one field everywhere: told as `failed`, or everything is found all the same."""
        clean = self.bench(JAN)
        recorded = _Recording(clean.simulator)
        clean.simulator = recorded  # type: ignore[assignment]
        whole = len(clean.carry_out(JAN.subject(), mode="dry-run").records)
        missed: dict[str, int] = {}
        for name in sorted(recorded.names - self.optional.keys()):
            bench = self.bench(JAN)
            bench.simulator = _Recording(bench.simulator, lambda body, name=name: _without(body, name))  # type: ignore[assignment, misc]
            answer = bench.carry_out(JAN.subject(), mode="dry-run")
            if answer.outcome not in (Outcome.FAILED, Outcome.NEEDS_PERSON) and len(answer.records) < whole:
                missed[name] = len(answer.records)
        assert missed == {}, f"a field with a new name hides records: {whole} there are, and without it {missed}"

    @check
    def test_an_address_that_comes_as_a_number_is_never_nothing_found(self) -> None:
        """The vendor writes a number where the person's address stood: told as `failed`, or everything is found all the same."""
        if "email" not in self.connector.spec.identifiers:
            return
        subject = {"email": [JAN.email]}
        whole = len(self.bench(JAN).carry_out(subject, mode="dry-run").records)
        bench = self.bench(JAN)
        bench.simulator = _Recording(bench.simulator, lambda body: _numbered(body, JAN.email))  # type: ignore[assignment]
        answer = bench.carry_out(subject, mode="dry-run")
        told = answer.outcome in (Outcome.FAILED, Outcome.NEEDS_PERSON)
        assert told or len(answer.records) == whole, f"{whole} there are, and where the address is a number {len(answer.records)}"


class _Wrapped:
    """A simulator of which something is changed on the way."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulator, name)


class _Late(_Wrapped):
    """Writing calls are accepted, and take effect `after` a while."""

    def __init__(self, simulator: Simulator, time: Time, after: timedelta) -> None:
        super().__init__(simulator)
        self._time, self._after, self._due = time, after, list[tuple[datetime, httpx.Request]]()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer as the vendor stands by now."""
        ripe, self._due = [r for at, r in self._due if at <= self._time.now], [(at, r) for at, r in self._due if at > self._time.now]
        for earlier in ripe:
            self._simulator.handle(earlier)
        found = self._simulator._match(request)
        if found is not None and found[2]:
            self._due.append((self._time.now + self._after, request))
            return httpx.Response(202)
        return self._simulator.handle(request)


class _Recording(_Wrapped):
    """Writes down the names of all fields; every answer is `changed`."""

    def __init__(self, simulator: Simulator, changed: Callable[[Any], Any] = lambda body: body) -> None:
        super().__init__(simulator)
        self.names: set[str] = set()
        self._changed = changed

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer, changed."""
        answer = self._simulator.handle(request)
        if "json" not in answer.headers.get("content-type", ""):
            return answer
        body = answer.json()
        self.names |= set(_names(body))
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, headers=headers, content=json.dumps(self._changed(body)))


def _names(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        yield from body
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _names(part)


def _without(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        return {("renamed" if key == name else key): _without(value, name) for key, value in body.items()}
    return [_without(part, name) for part in body] if isinstance(body, list) else body


def _numbered(body: Any, address: str) -> Any:
    if isinstance(body, dict):
        return {key: _numbered(value, address) for key, value in body.items()}
    if isinstance(body, list):
        return [_numbered(part, address) for part in body]
    return 7 if isinstance(body, str) and body.lower() == address else body
