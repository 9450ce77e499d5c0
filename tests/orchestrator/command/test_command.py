"""The `erasure` command as a whole: what becomes of errors, and what no output may ever hold."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.command.__main__ import app
from orchestrator.command.opening import No, WrongUse
from orchestrator.command.problems import Guarded, told, without_values
from tests.orchestrator.command.stage import VALUES, Stage

CANARY = "jan@voorbeeld.nl"
ID = str(uuid4())

FAILING = [
    ("emit", "erase", "--email", CANARY),
    ("emit", "erase", "--email", CANARY, "--ground", CANARY),
    ("emit", "erase", "--email", CANARY, "--received-at", "Jan de Vries"),
    ("emit", "erase", "--email", CANARY, "--request-id", "C-1001"),
    ("emit", "erase", "--email", CANARY, "--processor", "jan@voorbeeld.nl"),
    ("emit", "erase", "--identifier", "NL91ABNA0417164300"),
    ("emit", "erase", "--identifier", "NL91ABNA0417164300=x"),
    ("emit", "erase", CANARY),
    ("emit", "erase", "--emial", CANARY),
    ("emit", "erase", f"--emial={CANARY}"),
    ("emit", "erase", "--name", "Jan", "de Vries"),
    ("emit", "erase", "--dry-run=Jan de Vries"),
    ("emit", CANARY),
    (CANARY,),
    ("status", CANARY),
    ("status", ID),
    ("status", ID, CANARY),
    ("watch", CANARY),
    ("watch", ID, "--timeout", CANARY),
    ("watch", ID, "--timeout", "1ms"),
    ("retry", CANARY),
    ("retry", ID, "--only", CANARY),
    ("certificate", CANARY),
    ("certificate", ID, "--format", CANARY),
    ("certificate", ID, "--format", "pdf"),
    ("certificate", ID, "--revision", "C-1001"),
    ("certificate", ID, "--for", CANARY),
    ("certificate", ID, "--for", "subject", "--language", CANARY),
    ("letter", CANARY, "--to", "moneybird"),
    ("letter", ID, "--to", CANARY),
    ("verify", "missing", "--keys", "missing"),
    ("topics", "apply"),
    ("topics", "diff"),
    ("connectors", "check", CANARY),
    ("connectors", "check", "moneybird"),
    ("dead-letters", "list"),
    ("dead-letters", "show", CANARY),
    ("dead-letters", "replay", CANARY),
    ("dead-letters", "replay", "--all", "--reason", CANARY),
    ("status", ID, "--config", "missing.toml"),
]


def _words(arguments: tuple[str, ...]) -> str:
    """The commands and options alone: no value stands in a test's name."""
    return " ".join(word for word in arguments if re.fullmatch(r"[a-z-]+", word))


@pytest.mark.parametrize("arguments", FAILING, ids=_words)
def test_what_fails_says_so_without_a_traceback_and_without_any_value(stage: Stage, arguments: tuple[str, ...]) -> None:
    result = stage.erasure(*arguments)

    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert "" != result.stderr.strip()
    assert "Traceback" not in result.output
    assert not [value for value in (*VALUES, "Jan", "de Vries") if value in result.output]


def alone(stage: Stage, *arguments: str) -> tuple[int, str, str]:
    """The command in a process of its own: exit status, standard output and standard error."""
    command = [sys.executable, "-m", "orchestrator.command", *arguments, "--config", str(stage.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_process_of_its_own_says_no_more_than_the_sentence(stage: Stage) -> None:
    status, out, said = alone(stage, "emit", "erase", "--email", CANARY)

    assert (2, "", 1) == (status, out, said.count("\n"))
    assert said.startswith("erasure: No Kafka broker answers at 127.0.0.1:1. ")


def test_a_part_that_there_is_not_is_wrong_use_and_not_repeated(stage: Stage) -> None:
    status, out, said = alone(stage, "run", CANARY)

    assert (2, "") == (status, out)
    assert "There is no part" in said
    assert CANARY not in said


def test_a_configuration_error_names_file_line_and_what_to_write(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text().replace('connector = "jira"', "connector = 7"))
    result = stage.erasure("topics", "diff")

    assert 2 == result.exit_code
    assert f"{stage.config}" in result.stderr
    assert "line" in result.stderr


def test_a_configuration_that_is_not_there_is_told(stage: Stage) -> None:
    stage.config.unlink()
    result = stage.erasure("status", ID)

    assert 2 == result.exit_code
    assert "erasure.toml" in result.stderr


def test_the_option_wins_over_the_variable_and_both_over_the_folder(stage: Stage, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.toml")

    assert "missing.toml" in stage.erasure("status", ID, "--config", missing).stderr
    assert "missing.toml" in stage.erasure("status", ID, ERASURE_CONFIG=missing).stderr
    assert "There is no ledger at" in stage.erasure("status", ID, "--config", str(stage.config), ERASURE_CONFIG=missing).stderr


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield from _commands(command, (*path, name)) if hasattr(command, "commands") else [(*path, name)]


NAMES = list(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_every_command_has_help_and_takes_a_configuration_file(stage: Stage, name: tuple[str, ...]) -> None:
    result = stage.erasure(*name, "--help")

    assert 0 == result.exit_code
    assert "--config" in result.stdout or name == ("demo",)


def test_the_help_names_every_command_and_waits_for_nothing_heavy() -> None:
    script = "import sys; sys.argv = ['erasure', '--help']; from orchestrator.command.__main__ import main\n"
    script += "try: main()\nexcept SystemExit: pass\n"
    heavy = "print([m for m in ('aiokafka', 'faust', 'sqlalchemy', 'pydantic', 'cryptography', 'httpx', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script + heavy], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]
    for name in ("run", "demo", "emit", "status", "watch", "retry", "certificate", "verify", "topics", "connectors", "keys", "broker"):
        assert f"\n  {name} " in done.stdout
    assert "\n  dead-letters " in done.stdout


def test_the_version_is_told(stage: Stage) -> None:
    result = stage.erasure("--version")

    assert (0, "erasure 0.1.0\n") == (result.exit_code, result.stdout)


def test_a_mistyped_command_gets_a_hint(stage: Stage) -> None:
    assert "Did you mean 'status'" in stage.erasure("stauts").stderr


def _failing(error: BaseException) -> typer.Typer:
    failing = typer.Typer(cls=Guarded, rich_markup_mode=None, pretty_exceptions_enable=False)

    @failing.callback()
    def group() -> None: ...

    @failing.command()
    def fail() -> None:
        raise error

    return failing


def test_an_unexpected_error_is_one_sentence_with_its_type_and_never_its_text() -> None:
    result = CliRunner().invoke(_failing(ZeroDivisionError(CANARY)), ["fail"], env={"ERASURE_DEBUG": None})

    said = "erasure: A defect of this program (ZeroDivisionError). Set ERASURE_DEBUG=1 to see more, and report it.\n"
    assert (2, said) == (result.exit_code, result.stderr)


def test_where_it_was_raised_is_there_for_those_who_ask_and_its_text_is_not() -> None:
    result = CliRunner().invoke(_failing(ZeroDivisionError(CANARY)), ["fail"], env={"ERASURE_DEBUG": "1"})

    assert 2 == result.exit_code
    assert result.stderr.startswith("builtins.ZeroDivisionError, raised at\n")
    assert f"{__file__}:" in result.stderr
    assert CANARY not in result.stderr


def test_ctrl_c_is_130_and_quiet() -> None:
    result = CliRunner().invoke(_failing(KeyboardInterrupt()), ["fail"])

    assert (130, "") == (result.exit_code, result.output.strip())


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_part_s_own_exit_status_is_kept(status: int) -> None:
    assert status == CliRunner().invoke(_failing(SystemExit(status)), ["fail"]).exit_code


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (No("There is none."), 1, "There is none."),
        (WrongUse("Give one."), 2, "Give one."),
        (PermissionError(13, "Permission denied", "/keys"), 2, "The file /keys cannot be used: Permission denied."),
        (OSError("no more"), 2, "The file cannot be used: OSError."),
    ],
)
def test_an_error_becomes_a_status_and_a_sentence(error: Exception, status: int, sentence: str) -> None:
    assert (status, sentence) == told(error)


def test_every_error_that_speaks_for_itself_is_wrong_use_or_configuration() -> None:
    from connectors.registry import RegistryError
    from orchestrator.jose import Unreadable
    from orchestrator.ledger import LedgerGone
    from orchestrator.sign import KeyFolderError
    from topics.admin import TopicsDiffer
    from topics.broker import BrokerUnavailable
    from topics.bus import BrokerGone, Fenced
    from topics.configuration import ConfigurationError

    for kind in (
        BrokerGone, BrokerUnavailable, ConfigurationError, Fenced, KeyFolderError, LedgerGone, RegistryError, TopicsDiffer, Unreadable,
    ):  # fmt: skip
        assert (2, "It is so.") == told(kind("It is so."))


@pytest.mark.parametrize(
    ("message", "given", "shown"),
    [
        ("No such command 'stauts'.", ["stauts"], "No such command 'stauts'."),
        ("Got unexpected extra argument (jan)", ["emit", "erase", "jan"], "Got unexpected extra argument (…)"),
        ("No such option: --emial", ["emit", "erase", "--emial", "jan@x.nl"], "No such option: --emial"),
        (
            "Option '--dry-run' does not take a value: jan",
            ["emit", "erase", "--dry-run=jan"],
            "Option '--dry-run' does not take a value: …",
        ),
        ("'jan@x.nl' is not one of", ["certificate", "--format", "jan@x.nl"], "'…' is not one of"),
    ],
)
def test_what_was_typed_is_not_repeated_unless_it_can_only_be_a_mistyped_word(message: str, given: list[str], shown: str) -> None:
    assert shown == without_values(message, given)
