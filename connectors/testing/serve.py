"""Simulators as HTTP servers on loopback: for the demo, the compose profile, live tests, and by hand.

python -m connectors.testing.serve jira=9001 your_package.simulator:YourSimulator=9002
"""

import argparse
import asyncio
import importlib
import pkgutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from aiohttp import web

from connectors.testing import simulators
from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Person, Simulator

_PEOPLE = (Person("jan@voorbeeld.nl"), Person("anna.jan@voorbeeld.nl", "Anna Jansen", "C-1002", "+31207654321"))
_ABOUT = "Serve simulated vendors on 127.0.0.1 until stopped. Each holds records of jan@voorbeeld.nl and of anna.jan@voorbeeld.nl."


@asynccontextmanager
async def serving(simulator: Simulator, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve until left; yields the `base_url` that a connector is configured with."""

    async def answer(request: web.Request) -> web.StreamResponse:
        url = httpx.URL(str(request.url)).copy_with(raw_path=request.raw_path.encode())
        call = httpx.Request(request.method, url, headers=list(request.headers.items()), content=await request.read())
        try:
            response = simulator.handle(call)
        except httpx.ReadError:
            if request.transport is not None:
                request.transport.close()
            raise asyncio.CancelledError from None
        headers = {name: value for name, value in response.headers.items() if name.lower() not in ("content-length", "transfer-encoding")}
        return web.Response(status=response.status_code, body=response.content, headers=headers)

    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        yield f"http://{host}:{bound}{simulator.base_path}"
    finally:
        await runner.cleanup()


class UnknownSimulator(Exception):
    """The text says what is wrong, and what there is."""


def simulator_class(name: str) -> type[Simulator]:
    """One of ours by its vendor's name, or anybody's as `MODULE:CLASS`.

    Raises:
        UnknownSimulator: there is none.
    """
    module, colon, wanted = name.partition(":")
    ours = [known.name for known in pkgutil.iter_modules(simulators.__path__)]
    if not colon and name not in ours:
        raise UnknownSimulator(f"There is no simulator {name!r}; there are {', '.join(ours)}. One of yours is given as MODULE:CLASS.")
    try:
        loaded = importlib.import_module(module if colon else f"{simulators.__name__}.{name}")
    except ModuleNotFoundError as error:
        raise UnknownSimulator(f"The module {error.name} of {name!r} is not installed where this Python looks.") from None
    defined = [one for one in vars(loaded).values() if isinstance(one, type) and issubclass(one, Simulator) and one is not Simulator]
    for one in defined:
        if one.__name__ == wanted or (not colon and one.__module__ == loaded.__name__):
            return one
    raise UnknownSimulator(f"The module {module} has no simulator {wanted!r}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve what the command line names, until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser("python -m connectors.testing.serve", description=_ABOUT)
    parser.add_argument("simulators", nargs="+", metavar="NAME=PORT", type=_name_and_port)
    parser.add_argument("--secrets", type=Path, metavar="FOLDER", help="write the credentials that are accepted there, a file each")
    given = parser.parse_args(arguments)
    try:
        classes = [(name, simulator_class(name), port) for name, port in given.simulators]
        asyncio.run(_serve(classes, given.secrets))
    except UnknownSimulator as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{error.strerror or error}: choose another port or folder.")
    return 0


def _name_and_port(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition("=")
    if not name or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PORT, such as moneybird=9003 (0 is any free port)")
    return name, int(port)


async def _serve(classes: Sequence[tuple[str, type[Simulator], int]], secrets: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if secrets:
        for name, secret in SECRETS.items():  # a simulator that needs more than the kit's secret has added its own
            (secrets / name).write_text(secret)
    async with AsyncExitStack() as stack:
        for name, make, port in classes:
            simulator = make()
            for person in _PEOPLE:
                simulator.seed(person)
            print(f"{name} answers at {await stack.enter_async_context(serving(simulator, port))}", flush=True)
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
