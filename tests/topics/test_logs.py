"""No log line holds a person: not at debug level, not of a library, not of an exception that nobody caught."""

import subprocess
import sys

import pytest

CANARY = "jan.canary@voorbeeld.example"

# In a process of its own: logging belongs to a whole process.
SET_UP = f"""
import asyncio, gc, logging, sys, threading
from topics import logs
logs.set_up(logging.DEBUG)
WHO = {CANARY!r}
def fail(): raise ValueError(WHO) from KeyError(WHO)
"""
LIBRARIES = "aiokafka.consumer", "aiohttp.access", "httpx", "httpcore.http11", "sqlalchemy.engine.Engine", "faust", "mode.worker"
LIBRARIES += "imapclient.imaplib", "asyncio", "psycopg", "somebody.else", "orchestrator.faust_app"
WAYS = {
    "an argument": "log.log(level, 'GET %s %r %d', WHO, [WHO], 7)",
    "a mapping": "log.log(level, 'GET %(url)s', {'url': WHO})",
    "ready made": "log.log(level, f'GET {WHO}')",
    "arguments that do not fit": "log.log(level, 'GET %d %d', WHO, 7)",
    "its exception": "\n try: fail()\n except ValueError: log.log(level, 'failed: %s', sys.exc_info()[1], exc_info=True, stack_info=True)",
}


def said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", SET_UP + program], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_a_library_says_nothing_of_a_person_at_any_level(way: str) -> None:
    program = f"for name in {LIBRARIES!r}:\n log = logging.getLogger(name); log.setLevel(1)\n"
    written = said(program + f" level = logging.ERROR\n {WAYS[way]}\n level = logging.DEBUG\n {WAYS[way]}")
    assert CANARY not in written
    assert len(LIBRARIES) == written.count(" ERROR ")


def test_of_a_library_s_line_the_template_stays_with_its_numbers() -> None:
    written = said("logging.getLogger('aiokafka').error('Unable to connect to node with id %s: %s', 3, OSError(WHO))")
    assert "ERROR aiokafka: Unable to connect to node with id 3: OSError\n" in written


@pytest.mark.parametrize(
    "program",
    [
        "fail()",
        "thread = threading.Thread(target=fail); thread.start(); thread.join()",
        "class Last:\n def __del__(self): fail()\nLast()\ngc.collect()",
        "async def lost():\n task = asyncio.ensure_future(late()); await asyncio.sleep(0); del task; gc.collect()\n"
        "async def late(): fail()\nasyncio.run(lost(), debug=True)",
        "asyncio.run(asyncio.sleep(0), debug=True)\nloop = asyncio.new_event_loop(); loop.set_debug(True); loop.call_soon(fail)\n"
        "loop.call_soon(loop.stop); loop.run_forever()",
        "try: fail()\nexcept ValueError: logging.getLogger('orchestrator').exception('ours')",
        "raise ExceptionGroup(WHO, [ValueError(WHO)])",
        "import warnings; warnings.warn(f'ValueError of {WHO}')\nlogging.getLogger('topics').error('ValueError: said')",
    ],
)
def test_an_exception_that_nobody_caught_is_told_by_type_and_place(program: str) -> None:
    written = said(program)
    assert CANARY not in written
    assert "ValueError" in written and ":" in written


def test_a_database_error_shows_no_parameter() -> None:
    program = (
        "from topics.database import engine_for\nfrom sqlalchemy import text\n"
        "with engine_for('sqlite:///:memory:').connect() as c:\n"
        " try: c.execute(text('select nothing where x = :who'), {'who': WHO})\n except Exception as e: print(str(e), repr(e))"
    )
    written = said(program)
    assert "OperationalError" in written and CANARY not in written
