"""`erasure run`: one part in this process, or all parts each in a process of its own."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Collection, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.command.opening import NOT_FOR_WORKERS

if TYPE_CHECKING:
    from connectors.roster import Entry
    from orchestrator.intake import Expected
    from topics.configuration import Configuration
    from topics.kafka import Cluster

_WITHOUT = {"workers": NOT_FOR_WORKERS, "orchestrator": ("web", "notifications"), "web": ("notifications",)}
"""Sections that a part does without, and whose secrets its surroundings need not have."""
PARTS = ("orchestrator", "workers", "web", "notifications", "all")


def run(
    part: Annotated[str, typer.Argument(help="orchestrator, workers, web, notifications or all")] = "all",
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Workers of this processor only; may stand several times.")] = None,
    topics: Annotated[bool, typer.Option("--topics/--no-topics", help="Create missing topics first.")] = True,
) -> None:
    """Run the orchestrator, the workers, or all, until stopped; prints `ready` once everything takes work."""
    from topics import logs

    logs.set_up(logging.DEBUG if os.environ.get("ERASURE_DEBUG") else logging.INFO)
    if part not in PARTS:
        raise typer.BadParameter(f"There is no part {part!r}; the parts are {', '.join(PARTS)}.")
    if part == "orchestrator" and only:
        raise typer.BadParameter("--only chooses workers: the orchestrator serves all processors.")
    if part in ("web", "notifications") and only:
        raise typer.BadParameter(f"--only chooses workers: {part} is about all processors.")
    raise SystemExit(asyncio.run(_run(part, config, only or [], topics)))


async def _run(part: str, config: Path | None, only: Sequence[str], topics: bool) -> int:
    """Check everything that can be checked, then run. Returns the exit status."""
    from connectors.registry import Registry
    from connectors.roster import roster, settings_of
    from topics.admin import TopicsDiffer, apply, diff
    from topics.configuration import load
    from topics.kafka import find_cluster
    from topics.names import Names
    from topics.steps import VARIABLE, arm

    arm(os.environ.get(VARIABLE, ""))
    configuration = load(config, os.environ, without=_WITHOUT.get(part, ()))
    entries = roster(configuration, Registry())
    unknown = [name for name in only if name not in {entry.processor.name for entry in entries}]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)} is no configured processor (--only).")
    chosen = [entry for entry in entries if not only or entry.processor.name in only]
    if part in ("workers", "all"):
        for entry in chosen:
            settings_of(configuration, entry)
    kafka = configuration.kafka
    cluster = await find_cluster(kafka.bootstrap_servers, kafka.static_membership)
    specs = Names(kafka.prefix).specs([entry.processor.name for entry in entries], kafka.partitions)
    if topics:
        await apply(kafka.bootstrap_servers, specs, kafka.replication_factor)
    elif differences := await diff(kafka.bootstrap_servers, specs):
        raise TopicsDiffer("\n".join(map(str, differences)) + "\nRun `erasure topics apply`, or leave out --no-topics.")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if part == "all":
        from orchestrator.command.supervisor import supervise

        return await supervise(_commands(config, only, {"web", "notifications"} & configuration.model_fields_set), stop, ready)
    return await _told(part, _running(part, configuration, cluster, entries, chosen, stop))


def _running(
    part: str,
    configuration: "Configuration",
    cluster: "Cluster",
    entries: Sequence["Entry"],
    chosen: Sequence["Entry"],
    stop: asyncio.Event,
) -> Coroutine[Any, Any, None]:
    """The part, to be run until `stop` is set; imported only where it runs."""
    if part == "workers":
        from connectors import wiring as workers

        return workers.run(configuration, cluster, chosen, stop, ready)
    if part == "web":
        from orchestrator import web_wiring as web

        return web.run(configuration, cluster, stop, ready)
    if part == "notifications":
        from orchestrator import notify_wiring as notifications

        if configuration.notifications is None:
            raise typer.BadParameter("There is no [notifications] in the configuration: say there whom to tell (docs/configuration.md).")
        return notifications.run(configuration, configuration.notifications, cluster, stop, ready)
    from orchestrator import wiring as orchestrator

    return orchestrator.run(configuration, cluster, [expected(entry) for entry in entries], stop, ready)


_BY_CONSENT = ("mailing_list", "analytics")


def expected(entry: "Entry") -> "Expected":
    """A configured processor, as a case expects its answer; what is left out in erasure.toml follows from its kind."""
    from orchestrator.intake import Expected

    given, kind = entry.processor, entry.kind
    consent = kind in _BY_CONSENT if given.legal_basis is None else given.legal_basis == "6(1)(a)"
    marketing = kind == "mailing_list" if given.marketing is None else given.marketing
    return Expected(given.name, given.connector, kind, entry.connector.spec.not_covered, consent, marketing)


async def _told(part: str, running: Coroutine[Any, Any, None]) -> int:
    """The exit status: 1 when the part had to stop by itself, with the reason on standard error."""
    from orchestrator.serve import Broken
    from topics.bus import BrokerGone, Fenced
    from topics.parking import TooManyParked

    try:
        await running
    except (Broken, BrokerGone, Fenced, TooManyParked) as error:
        print(f"erasure: {part} stopped: {error}", file=sys.stderr)
        return 1
    return 0


def _commands(config: Path | None, only: Sequence[str], more: Collection[str]) -> dict[str, list[str]]:
    """The command line of each part; the topics are there already."""
    base = [sys.executable, "-m", "orchestrator.command", "run"]
    options = ["--no-topics", *(["--config", str(config)] if config else [])]
    chosen = [word for name in only for word in ("--only", name)]
    parts = {"orchestrator": [*base, "orchestrator", *options], "workers": [*base, "workers", *options, *chosen]}
    return parts | {part: [*base, part, *options] for part in sorted(more)}


def ready() -> None:
    """The process takes work: `ready` on standard output."""
    from topics.garbage import settle

    settle()
    print("ready", flush=True)
