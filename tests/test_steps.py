"""Every effect of the processes stands between two named steps, and a process told to die at one dies there."""

import ast
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from topics.steps import Step, UnknownStep, arm

ROOT = Path(__file__).parents[1]
NOT_RUN = (
    "orchestrator/command",
    "orchestrator/web",
    "orchestrator/notifying",
    "connectors/testing",
    "topics/kafka.py",
    "topics/memory.py",
)
"""What people type, click and are told (again after a crash, under the same id), what tests use, and the adapters behind the ports."""

RESTORATION = (
    "orchestrator/process.py:learn_again",
    "orchestrator/process.py:set_right",
    "orchestrator/process.py:resume",
    "orchestrator/restored.py",
)
"""Before anything is taken: tests/flow/test_restored.py dies at every moment of it."""

BEFORE_AND_AFTER = {"publish", "commit", "transaction"}
AFTER = {"make_keys", "ack", "note_tokens"}
DOORS = ("connectors/http.py", "connectors/database.py", "connectors/mailbox.py")
AT_A_DOOR = {"send", "to_thread"}
"""A call to a vendor; the doors share two steps."""

STORES = ("topics/keyring.py", "orchestrator/suppression.py", "orchestrator/sealed_requests.py", "orchestrator/key_files.py")
"""Beside the ledger: what they write, no transaction of the ledger takes back."""
STORES_ARE_CALLED = {"keyring", "store", "suppression", "intake_keys", "keys"}
WRITING = {"insert", "update", "delete", "on_conflict_do_nothing", "unlink", "rename"}
HARMLESS_AGAIN = {
    "orchestrator/wiring.py:process: ensure": "at the start, before anything is taken",
    "orchestrator/wiring.py:_signing_keys: ensure": "at the start; the file is written aside and renamed",
    "orchestrator/wiring.py:_keyring: rewrap": "at the start; one transaction, and the next start goes on",
    "orchestrator/intake.py:__init__: ensure": "at the start",
    "orchestrator/intake.py:_key_of_year: ensure": "a key that is there already is taken",
    "orchestrator/intake.py:_keys_of: ensure": "the step that follows stands at its only caller's",
    "orchestrator/intake.py:retire_keys: retire": "a file that is gone already is no error",
    "orchestrator/ordering.py:approver: ensure": "a key that is there already is taken",
    "orchestrator/process.py:_park: ensure": "a key that is there already is taken",
    "orchestrator/effects.py:carry_out: recall": "before the commit: the batch comes again, and recalls again (tests/flow/test_recall.py)",
    "orchestrator/shredder.py:_look: destroy": "looked for again at every start and every hour",
    "orchestrator/upkeep.py:_destroy: destroy": "the step that follows stands at its only caller's; the rows are found again",
    "orchestrator/upkeep.py:run: forget": "looked for again every hour",
    "connectors/consume.py:_park: ensure": "a key that is there already is taken",
}
"""What changes a store and stands between no two steps, and why a crash beside it changes nothing."""


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(path for package in ("orchestrator", "connectors", "topics") for path in (ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(NOT_RUN):
            continue
        module = ast.parse(path.read_text())
        for node in (node for owner in ast.walk(module) if isinstance(owner, ast.Module | ast.ClassDef) for node in owner.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not f"{name}:{node.name}".startswith(RESTORATION):
                yield f"{name}:{node.name}", node


def called(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            yield getattr(call.func, "attr", None) or getattr(call.func, "id", ""), call


def steps_in(node: ast.AST) -> Iterator[tuple[int, str]]:
    for name, call in called(node):
        if name == "passed" and isinstance(call.args[0], ast.Attribute):
            yield call.lineno, call.args[0].attr


def unguarded(place: str, function: ast.AST) -> Iterator[str]:
    """The effects of a function that no step precedes or follows; the steps of a transaction stand inside its block and after it."""
    lines = [line for line, _ in steps_in(function)]
    for name, call in called(function):
        if name not in BEFORE_AND_AFTER | AFTER | (AT_A_DOOR if place.startswith(DOORS) else set()):
            continue
        block = next((w for w in ast.walk(function) if isinstance(w, ast.With) and any(i.context_expr is call for i in w.items)), call)
        first, last = (block.lineno, block.end_lineno or 0) if block is call else (block.end_lineno or 0, block.end_lineno or 0)
        before = any(line <= first and (block is call or line > block.lineno) for line in lines)
        if not (any(line > last for line in lines) and (before or name in AFTER)):
            yield f"{place}: {name}"


def writers() -> set[str]:
    """The public methods of the stores that write, themselves or by another function of their file."""
    found: set[str] = set()
    for path in STORES:
        bodies = {node.name: node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}
        here = {name for name, node in bodies.items() if any(is_writing(*one) for one in called(node))}
        for _ in bodies:
            here |= {name for name, node in bodies.items() if any(called_name in here for called_name, _ in called(node))}
        found |= {name for name in here if not name.startswith("_")}
    return found


def is_writing(name: str, call: ast.Call) -> bool:
    """A statement, or a file that goes; `update` of a set is none."""
    return name in WRITING and (isinstance(call.func, ast.Name) or name in {"on_conflict_do_nothing", "unlink", "rename"})


def test_what_changes_a_store_beside_the_ledger_stands_between_two_steps_or_is_harmless_when_repeated() -> None:
    changing = writers()
    assert {"ensure", "destroy", "recall", "rewrap", "note_tokens", "retire", "forget"} <= changing
    loose = set()
    for place, function in functions():
        lines = [line for line, _ in steps_in(function)]
        for used in (node for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr in changing):
            if ast.unparse(used.value).removeprefix("self.").lstrip("_") not in STORES_ARE_CALLED:
                continue
            between = any(line > used.lineno for line in lines) and (used.attr in AFTER or any(line < used.lineno for line in lines))
            loose |= set() if between else {f"{place}: {used.attr}"}
    assert set(HARMLESS_AGAIN) == loose


def test_every_effect_stands_between_two_steps() -> None:
    found = list(functions())
    assert [] == [effect for place, function in found for effect in unguarded(place, function)]
    names = Counter(name for _, function in found for name, _ in called(function))
    assert {"publish": 3, "commit": 1, "transaction": 5, "make_keys": 1, "ack": 1, "note_tokens": 1} == {
        name: names[name] for name in ("publish", "commit", "transaction", "make_keys", "ack", "note_tokens")
    }


@pytest.mark.parametrize(
    "body",
    [
        "publisher.publish([])\npassed(Step.A)",
        "passed(Step.A)\npublisher.publish([])",
        "with ledger.transaction() as t:\n  t.save()\npassed(Step.A)",
        "with ledger.transaction() as t:\n  passed(Step.A)",
        "event.ack()",
    ],
)
def test_an_effect_without_its_steps_is_found(body: str) -> None:
    assert 1 == len(list(unguarded("here", ast.parse(body))))


def test_every_step_is_passed_at_exactly_one_place_or_at_each_door_to_a_vendor() -> None:
    places = Counter(step for _, function in functions() for _, step in steps_in(function))
    wanted = {step.name: len(DOORS) if step in (Step.CALLING, Step.CALLED) else 1 for step in Step}
    assert wanted == dict(places)


def test_every_step_is_explained_in_the_documentation() -> None:
    table = [line.split(" | ")[0] for line in (ROOT / "docs/reliability.md").read_text().splitlines() if line.startswith("| `")]
    assert [step.value for step in Step] == [name for cell in table for name in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize(("written", "passes"), [(Step.CALLED, 1), (f"{Step.CALLED}:3", 3)])
def test_a_process_dies_at_its_step_and_not_before(written: str, passes: int) -> None:
    program = (
        "import sys; from topics.steps import *; arm(sys.argv[1]); passed(Step.CALLING)\nfor n in range(5): print(n); passed(Step.CALLED)"
    )
    ended = subprocess.run([sys.executable, "-u", "-c", program, written], capture_output=True, text=True, check=False)
    assert (-signal.SIGKILL, passes) == (ended.returncode, len(ended.stdout.split()))


@pytest.mark.parametrize("written", ["nonsense", "workers.called:", "workers.called:0", "workers.called:-1", "workers.called:x", ":1"])
def test_a_word_that_is_no_step_is_refused_with_what_to_write(written: str) -> None:
    with pytest.raises(UnknownStep, match=r"orchestrator\.batch-committed"):
        arm(written)
