"""Two ways through the worlds: all of them, breadth first, within a small budget; and single long histories, drawn from a seed."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import Random
from typing import Any

from orchestrator.decide import decide as ours
from tests.search.invariants import broken
from tests.search.world import Budget, Decide, Move, Step, World, after, moves, start, wakes

_LONGEST_HISTORY = 400
_AT_ONCE = 500
_MOST_TOLD = 60


class Found(AssertionError):
    """A history that makes an invariant false; the text tells it."""

    def __init__(self, invariant: str, sentence: str, history: list[Move], seed: int | None = None) -> None:
        self.invariant, self.sentence, self.history, self.seed = invariant, sentence, history, seed
        told = "\n".join(f"  {number}. {_told(move)}" for number, move in enumerate(history[:_MOST_TOLD], start=1))
        whence = "" if seed is None else f" (seed {seed})"
        super().__init__(f"{invariant}{whence}: {sentence}\n{told}")

    def __reduce__(self) -> Any:
        return Found, (self.invariant, self.sentence, self.history, self.seed)  # it must come back from another process


def _told(move: Move) -> str:
    what, at, more = move
    where = f" at {'abc'[at]}" if at >= 0 else ""
    detail = "" if more is None else f": {more.model_dump_json(exclude_defaults=True) if hasattr(more, 'model_dump_json') else more}"
    return f"{what}{where}{detail}"


@dataclass(frozen=True)
class Bound:
    """What one exhaustive search covers."""

    processors: int
    records: str
    budget: Budget

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {count}" for name, count in self.budget._asdict().items() if count)
        return f"{self.processors} processor(s), records {self.records or '-'}; {spent}"


@dataclass
class Exhausted:
    """What a finished search went through. `histories`: different ways from the start to an end, or back to a known world."""

    states: int = 0
    steps: int = 0
    histories: int = 0
    depth: int = 0
    certificates: int = 0


def breadth_first(bound: Bound, decide: Decide = ours) -> Exhausted:
    """Every world that can be reached within the bound, once; the shortest history to a broken invariant is raised as `Found`.

    Raises:
        Found: an invariant is broken.
    """
    world, step = start(bound.processors, bound.budget, bound.records, decide)
    _check(step, list)
    total = Exhausted(states=1)
    came: dict[int, tuple[int, Move] | None] = {world.key(): None}
    layer: dict[int, tuple[World, int]] = {world.key(): (world, 1)}
    while layer:
        following: dict[int, tuple[World, int]] = {}
        for key, (world, ways) in layer.items():
            ended = True
            for move in moves(world):
                ended = False
                new, step = after(world, move, decide)
                total.steps += 1
                if step is not None:
                    _check(step, lambda key=key, move=move: _way(came, key, move))  # type: ignore[misc]
                    total.certificates += len(step.issued)
                there = new.key()
                if there in following:
                    following[there] = (following[there][0], following[there][1] + ways)
                elif there not in came:
                    came[there] = (key, move)
                    following[there] = (new, ways)
                else:
                    total.histories += ways
            if ended:
                total.histories += ways
        total.states += len(following)
        total.depth += bool(following)
        layer = following
    return total


def _way(came: dict[int, tuple[int, Move] | None], key: int, last: Move) -> list[Move]:
    way, at = [last], came[key]
    while at is not None:
        key, move = at
        way.append(move)
        at = came[key]
    return way[::-1]


def _check(step: Step, history: Callable[[], list[Move]]) -> None:
    for invariant in broken(step):
        raise Found(invariant.__name__, invariant.__doc__ or "", history())


@dataclass
class Walked:
    """What the histories of a search went through."""

    histories: int = 0
    moves: int = 0
    longest: int = 0
    certificates: int = 0
    spent: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Walked") -> None:
        """Both together."""
        self.histories += other.histories
        self.moves += other.moves
        self.longest = max(self.longest, other.longest)
        self.certificates += other.certificates
        self.spent.update(other.spent)


def search(histories: int, seed: int, processes: int) -> Iterator[Walked]:
    """So many histories, the first from `seed`, shared out over processes; yields the sum so far.

    Raises:
        Found: the first history that breaks an invariant, or does not end.
    """
    total = Walked()
    shares = range(seed, seed + histories, _AT_ONCE)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        pending = [pool.submit(walks, first, min(_AT_ONCE, seed + histories - first)) for first in shares]
        try:
            for done in as_completed(pending):
                total.add(done.result())
                yield total
        finally:
            pool.shutdown(cancel_futures=True)


def walks(first: int, count: int) -> Walked:
    """The histories of `count` seeds."""
    total = Walked()
    for seed in range(first, first + count):
        try:
            walk(seed, total)
        except Found as found:
            raise Found(found.invariant, found.sentence, found.history, seed) from None
    return total


def walk(seed: int, total: Walked, decide: Decide = ours) -> None:
    """One history: bad luck from a seed, then only good; in the end the case is closed with a complete certificate.

    Raises:
        Found: an invariant is broken, or the case did not end.
    """
    random = Random(seed)
    world, step = start(random.randint(1, 3), _luck(random), random.choice(("x", "y", "xy", "xyz", "")), decide)
    first, history = world.budget, list[Move]()
    _check(step, lambda: history)
    for _ in range(random.randint(3, 24)):
        options = list(moves(world))
        if not options:
            break
        world = _go(world, random.choice(options), history, total, decide)
    for name, count in first._asdict().items():
        total.spent[name] += count - getattr(world.budget, name)
    _end_well(world, random, history, total, decide)
    total.histories += 1
    total.longest = max(total.longest, len(history))


def _luck(random: Random) -> Budget:
    return Budget(**{name: random.randint(0, 3) for name in Budget._fields} | {"waits": random.randint(0, 6)})


def _go(world: World, move: Move, history: list[Move], total: Walked, decide: Decide) -> World:
    history.append(move)
    world, step = after(world, move, decide)
    total.moves += 1
    if step is not None:
        _check(step, lambda: history)
        total.certificates += len(step.issued)
    return world


def _end_well(world: World, random: Random, history: list[Move], total: Walked, decide: Decide) -> None:
    """Nothing bad happens any more, and a person orders again what waits for one."""
    asked = False
    while len(history) < _LONGEST_HISTORY:
        options = list(_good(world))
        if options:
            world = _go(world, random.choice(options), history, total, decide)
        elif world.case.state == "closed":
            return
        elif wakes(world) and not asked:
            world = _go(_with(world, waits=1), ("wait", -1, None), history, total, decide)
            asked = len(history) > _LONGEST_HISTORY // 2
        else:
            world = _go(_with(world, retries=1), ("retry", -1, None), history, total, decide)
            asked = False
    raise Found("no_case_is_lost", "After all went well, the case was not closed.", history)


def _good(world: World) -> Iterator[Move]:
    return (move for move in moves(world, bad=False) if move[0] != "wait")


def _with(world: World, **more: int) -> World:
    return world._replace(budget=world.budget._replace(**more))
