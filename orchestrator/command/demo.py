"""`erasure demo`: the main job on this machine: broker, vendors, orchestrator and workers, one person erased, one certificate verified."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from connectors.testing.serve import serving
from connectors.testing.simulator import Person, Simulator
from topics.broker import EmbeddedBroker, die_with_parent

_FOLDER = Path(".demo")
_READY_SECONDS = 60.0

JAN = Person("jan@voorbeeld.nl", since=date(datetime.now().astimezone().year - 1, 6, 1))
ANNA = Person("anna.jan@voorbeeld.nl", name="Anna Jansen", customer_id="C-1002", phone="+31207654321", since=JAN.since)

_SETTINGS = {
    "jira": {"email": "bot@bureau.example", "api_token": "env"},
    "mailman": {"user": "restadmin", "password": "env"},
    "moneybird": {"administration_id": "123", "token": "env"},
    "mollie": {"api_key": "env"},
    "transip": {"login": "example", "private_key": "env"},
}


def demo() -> None:
    """Set everything up on this machine, erase one person at five processors, and verify the certificate."""
    raise SystemExit(asyncio.run(_demo(Console(highlight=False, soft_wrap=True))))


async def _demo(console: Console) -> int:
    started = time.monotonic()
    _empty_folder()
    simulators = _simulators()
    async with AsyncExitStack() as stack:
        broker = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or stack.enter_context(EmbeddedBroker()).bootstrap_servers
        urls = {name: await stack.enter_async_context(serving(simulator)) for name, simulator in simulators.items()}
        environ = _environment(simulators, broker)
        config = _FOLDER / "erasure.toml"
        config.write_text(_toml(urls))
        console.print(f"[bold]1. Everything starts[/] (Kafka broker at {broker}, five vendors simulated on loopback)")
        await _start(stack, environ)
        console.print(f"   orchestrator and workers are ready after {time.monotonic() - started:.1f} s\n")
        console.print("[bold]2. What the vendors hold[/] of the person to be forgotten, and of somebody with a similar address")
        before = {name: simulator.traces(JAN) for name, simulator in simulators.items()}
        others = {name: simulator.traces(ANNA) for name, simulator in simulators.items()}
        _table(console, before, simulators, "before")
        console.print("\n[bold]3. One event on Kafka[/]")
        request = str(uuid4())
        watching = asyncio.create_task(_erasure_shown(environ, "watch", request))  # first, so that the progress is seen live
        person = ("--email", JAN.email, "--customer-id", JAN.customer_id)
        await _erasure(environ, "emit", "erase", "--request-id", request, *person, "--ground", "17(1)(b)")
        status = await watching
        console.print("\n[bold]4. The certificate[/], for a person to read")
        await _erasure_shown(environ, "certificate", request)
        console.print("\n[bold]5. Verified offline[/], with the public keys alone")
        verified = await _verify(environ, request)
        console.print("\n[bold]6. What is left at the vendors[/]")
        _table(console, before, simulators, "after")
        untouched = others == {name: simulator.traces(ANNA) for name, simulator in simulators.items()}
        console.print(f"   {ANNA.name}, whose address is similar: {'untouched' if untouched else 'TOUCHED'}\n")
    _farewell(console, request, time.monotonic() - started)
    return 0 if status == 0 and verified == 0 and untouched else 1


def _simulators() -> dict[str, Simulator]:
    """The five vendors; the accounting one holds a paid invoice of last year and one of nine years ago."""
    from connectors.testing.simulators.jira import JiraSimulator
    from connectors.testing.simulators.mailman import MailmanSimulator
    from connectors.testing.simulators.mollie import MollieSimulator
    from connectors.testing.simulators.moneybird import MoneybirdSimulator
    from connectors.testing.simulators.transip import TransipSimulator

    moneybird = MoneybirdSimulator()
    simulators: dict[str, Simulator] = {
        "jira": JiraSimulator(),
        "mailman": MailmanSimulator(),
        "moneybird": moneybird,
        "mollie": MollieSimulator(),
        "transip": TransipSimulator(),
    }
    for simulator in simulators.values():
        simulator.seed(JAN)
        simulator.seed(ANNA)
    contact = next(id for id, contact in moneybird.contacts.items() if contact["email"] == JAN.email)
    moneybird.add_invoice(contact, replace(JAN, since=JAN.since.replace(year=JAN.since.year - 8)).since)
    return simulators


def _environment(simulators: Mapping[str, Simulator], broker: str) -> dict[str, str]:
    """The secrets: in the environment only, as in real use."""
    from connectors.testing.harness import SECRETS

    secrets = {f"{name.upper()}_SECRET": SECRETS.get(f"{name.upper()}_SECRET", SECRETS["KIT_SECRET"]) for name in simulators}
    return {**os.environ, **secrets, "KAFKA_BOOTSTRAP_SERVERS": broker, "ERASURE_CONFIG": str(_FOLDER / "erasure.toml")}


def _toml(urls: Mapping[str, str]) -> str:
    """The demo's erasure.toml: the same file that a controller would write."""
    parts = ['[controller]\nname = "Voorbeeld BV"\ncontact = "privacy@voorbeeld.example"\n', '[certificate]\npartial_after = "30s"\n']
    for name, settings in _SETTINGS.items():
        parts.append(f'[[processors]]\nname = "{name}"\nconnector = "{name}"\nbase_url = "{urls[name]}"\n' + _settings(name, settings))
    hold = 'statute = "AWR art. 52(4)"\nexception = "GDPR art. 17(3)(b)"\nyears = 7\nfrom = "end_of_financial_year"\n'
    return "\n".join([*parts, f'[[holds]]\nkind = ["invoice", "payment"]\n{hold}'])


def _settings(name: str, settings: Mapping[str, str]) -> str:
    given = {key: f'{{env = "{name.upper()}_SECRET"}}' if value == "env" else f'"{value}"' for key, value in settings.items()}
    return "".join(f"settings.{key} = {value}\n" for key, value in given.items())


def _empty_folder() -> None:
    """A fresh start; only a folder that an earlier demo made is emptied."""
    if (_FOLDER / "made-by-erasure-demo").exists():
        shutil.rmtree(_FOLDER)
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / "made-by-erasure-demo").touch()


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "orchestrator.command", *words]


async def _start(stack: AsyncExitStack, environ: Mapping[str, str]) -> None:
    """`erasure run all`, until it says `ready`; stopped with the demo."""
    log = stack.enter_context((_FOLDER / "run.log").open("wb"))
    process = await asyncio.create_subprocess_exec(
        *_command("run", "all"), env=dict(environ), stdout=asyncio.subprocess.PIPE, stderr=log, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    stack.push_async_callback(process.wait)
    stack.callback(lambda: process.terminate() if process.returncode is None else None)
    if process.stdout is None or await asyncio.wait_for(process.stdout.readline(), _READY_SECONDS) != b"ready\n":
        raise RuntimeError(f"erasure run did not start; {_FOLDER / 'run.log'} says why.")


async def _erasure(environ: Mapping[str, str], *words: str) -> str:
    """One `erasure` command; returns what it prints."""
    print(f"   $ erasure {' '.join(words)}", flush=True)
    process = await asyncio.create_subprocess_exec(*_command(*words), env=dict(environ), stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode()


async def _erasure_shown(environ: Mapping[str, str], *words: str) -> int:
    """One `erasure` command, on this terminal; returns its exit status."""
    print(f"   $ erasure {' '.join(words)}", flush=True)
    process = await asyncio.create_subprocess_exec(*_command(*words), env=dict(environ))
    return await process.wait()


async def _verify(environ: Mapping[str, str], request: str) -> int:
    certificate, keys = _FOLDER / "certificate.jws", _FOLDER / "jwks.json"
    certificate.write_text(await _erasure(environ, "certificate", request, "--format", "jws"))
    keys.write_text(await _erasure(environ, "keys", "export"))
    return await _erasure_shown(environ, "verify", str(certificate), "--keys", str(keys))


def _table(console: Console, before: Mapping[str, Counter[str]], simulators: Mapping[str, Simulator], when: str) -> None:
    for name, simulator in simulators.items():
        now = before[name] if when == "before" else simulator.traces(JAN)
        told = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(now.items()) if count) or "nothing"
        console.print(f"   {name:<10} {told}")


def _farewell(console: Console, request: str, seconds: float) -> None:
    console.print(f"[bold]Done in {seconds:.1f} s; nothing is left running.[/] The files are in {_FOLDER}/:")
    console.print("   erasure.toml     the configuration     certificate.jws, jwks.json   what was verified")
    console.print("   erasure.db       the ledger            run.log                      what orchestrator and workers said")
    console.print("Try next:")
    console.print(f"   .venv/bin/erasure status {request} --config {_FOLDER}/erasure.toml --json")
    console.print(f"   .venv/bin/erasure certificate {request} --config {_FOLDER}/erasure.toml --format json")
    console.print("   README.md shows how a backend emits an event; docs/add-a-connector.md how a vendor is added")
