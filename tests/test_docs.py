"""README, CONTRIBUTING and docs/ tell the truth: what they name exists, and what exists is named."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import BaseModel

from connectors.registry import Registry
from orchestrator.case import Status
from orchestrator.certificate import canonical
from orchestrator.command.__main__ import app
from orchestrator.sealed_requests import IntakeKeys
from orchestrator.verify import STEPS
from tests.orchestrator.certificate_cases import certificate, keys
from topics.commands import COMMAND_TYPE
from topics.configuration import Configuration, load
from topics.dead_letters import DEAD_LETTER_TYPE
from topics.envelope import Unreadable
from topics.events import EventType, SubjectRequest
from topics.names import Names
from topics.notices import NOTICE_TYPE, About, Changed
from topics.outcomes import Evidence, Outcome
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
SETTINGS_OF_THE_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VENDORS = sorted(SETTINGS_OF_THE_PROJECT["entry-points"]["erasure.connectors"])
COMMAND_LINE = typer.main.get_command(app)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REQUEST = "0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11"


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text()) if language in languages]


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    (found,) = re.findall(rf"^## {re.escape(heading)}[^\n]*\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(page, heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def named(page: Path, heading: str) -> list[str]:
    """The first column, in backticks."""
    return [re.fullmatch(r"\|? ?`(.+)`", cells[0])[1] for cells in rows(page, heading)]  # type: ignore[index]


# Commands


def shown() -> Iterator[tuple[Path, str, bool]]:
    """Every `erasure` command on a page, and whether it stands in a block to be copied (else in a sentence, perhaps shortened)."""
    for page in PAGES:
        text = page.read_text()
        for line in "".join(blocks(page, "", "sh", "bash", "shell", "console")).splitlines():
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?erasure (.*)", line.strip())
            if found:
                yield page, found[1], True
        for span in re.findall(r"`erasure ([^`]+)`", FENCE.sub("", text)):
            yield page, span, False


def problem(words: str, whole: bool) -> str | None:
    """What the command line does not know in it."""
    given = [REQUEST if word == "REQUEST" else word for word in shlex.split(re.split(r" [&>|]|  +#| #", words)[0])]
    try:
        command, parts = COMMAND_LINE, given
        with command.make_context("erasure", list(parts), resilient_parsing=True) as context:
            while isinstance(command, typer.core.TyperGroup) and parts and not parts[0].startswith("-"):
                name, found, parts = command.resolve_command(context, parts)
                assert found is not None and name is not None
                command = found
        if whole or parts:
            command.make_context("erasure", list(parts)).close()
    except typer.Exit:
        return None
    except Exception as error:
        missing = type(error).__name__ == "MissingParameter"
        return None if missing and not whole else f"{type(error).__name__} {error}"
    return None


def test_every_command_that_is_shown_exists_with_these_options() -> None:
    told = [(page.name, words, problem(words, whole)) for page, words, whole in shown()]
    assert [] == [one for one in told if one[2]]
    assert len(told) > 20


@pytest.mark.parametrize("words", ["nosuch", "topics nosuch", "status", f"status {REQUEST} --nosuch", "watch REQUEST --timeout"])
def test_a_command_that_does_not_exist_is_noticed(words: str) -> None:
    assert problem(words, whole=True)


def test_every_command_is_shown_somewhere() -> None:
    text = "".join(page.read_text() for page in PAGES)
    commands = list(getattr(COMMAND_LINE, "commands", {}))
    assert len(commands) > 10
    assert [] == [name for name in commands if f"erasure {name}" not in text and f"make {name}" not in text]


def test_every_make_target_that_is_shown_exists_and_each_is_shown() -> None:
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = "".join(page.read_text() for page in PAGES)
    shown_targets = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert set(targets.split()) == shown_targets


# Configuration


CONFIGURATION = DOCS / "configuration.md"
LISTED = {"processors": "[[processors]]", "holds": "[[holds]]", "retention": "[[retention]]"}


def sections() -> dict[str, type[BaseModel]]:
    """Every section's model."""
    found = {}
    for name, field in Configuration.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        (found[field.alias or name],) = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found


@pytest.mark.parametrize("name", sections())
def test_every_key_of_the_configuration_is_documented_and_no_other(name: str) -> None:
    keys_of = [field.alias or key for key, field in sections()[name].model_fields.items()]
    assert sorted(keys_of) == sorted(named(CONFIGURATION, f"`{LISTED.get(name, f'[{name}]')}`"))


def documented_defaults() -> dict[str, dict[str, str]]:
    """By section, what the page says in TOML."""
    told: dict[str, dict[str, str]] = {}
    for name in sections().keys() - LISTED.keys():
        cells = rows(CONFIGURATION, f"`[{name}]`")
        told[name] = {key.strip("| `"): default.strip("`") for key, default, _ in cells if re.match(r'`["\d]', default)}
    return told


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    told = documented_defaults()
    least = '[[processors]]\nname = "x"\nconnector = "x"\n[controller]\nname = "n"\ncontact = "c"\n'
    lines = [f"{key} = {default}" for key, default in told.pop("controller").items()]
    for name, defaults in told.items():
        lines += [f"[{name}]", *(f"{key} = {default}" for key, default in defaults.items())] if defaults else []
    (tmp_path / "least.toml").write_text(least)
    (tmp_path / "told.toml").write_text(least + "\n".join(lines))
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "localhost:9092"}
    assert 18 == len([line for line in lines if "=" in line])
    assert load(tmp_path / "least.toml", environ).model_dump() == load(tmp_path / "told.toml", environ).model_dump()


def test_every_configuration_on_a_page_loads(tmp_path: Path) -> None:
    environ = dict.fromkeys(re.findall(r'env = "(\w+)"', "".join(page.read_text() for page in PAGES)), "x") | {
        "KAFKA_BOOTSTRAP_SERVERS": "k"
    }
    found = [(page, text) for page in PAGES for text in blocks(page, "toml") if "[[processors]]" in text]
    for page, text in found:
        head = "" if "[controller]" in text else '[controller]\nname = "n"\ncontact = "c"\n'
        (tmp_path / "erasure.toml").write_text(head + text)
        assert load(tmp_path / "erasure.toml", environ).processors, page
    assert len(found) > len(VENDORS)


# Messages


MESSAGES = DOCS / "messages.md"
SETS: dict[str, type[StrEnum]] = {
    "Outcomes": Outcome,
    "Evidence": Evidence,
    "Status of a certificate": Status,
    "What a notice is about": About,
    "What changed between two revisions": Changed,
    "Why a message goes to dead letters": Unreadable,
}


@pytest.mark.parametrize("heading", SETS)
def test_every_word_of_a_closed_set_is_documented_and_no_other(heading: str) -> None:
    assert [word.value for word in SETS[heading]] == named(MESSAGES, heading)


def test_every_event_type_is_documented_and_no_other() -> None:
    ours = [COMMAND_TYPE, LOCATED_TYPE, ANSWERED_TYPE, "subject.certificate", DEAD_LETTER_TYPE, NOTICE_TYPE]
    assert [*EventType, *ours] == named(MESSAGES, "Event types")


def test_every_field_of_a_request_is_documented_and_no_other() -> None:
    assert list(SubjectRequest.model_fields) == named(MESSAGES, "A request")


@pytest.mark.parametrize(("page", "heading", "column"), [("messages.md", "Topics", 2), ("operate.md", "Topics", 1)])
def test_every_topic_is_documented_with_how_long_it_keeps(page: str, heading: str, column: int) -> None:
    def words(retention: timedelta | None) -> str:
        return "compacted, for good" if retention is None else f"{retention.days} days"

    specs = Names().specs(["NAME"], 6)
    told = {cells[0].strip("| `"): cells[column] for cells in rows(DOCS / page, heading)}
    assert {spec.name: words(spec.retention) for spec in specs} == told


# Vendors


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_a_page_that_names_all_that_it_declares(vendor: str) -> None:
    connector = Registry().get(vendor)
    page = DOCS / "vendors" / f"{vendor}.md"
    text = page.read_text()
    said = set(re.findall(r"`([^`]+)`", text))
    wanted = {vendor, connector.spec.kind, *connector.spec.identifiers, *(kind.name for kind in connector.spec.kinds)}
    assert set() == wanted - said
    for heading in ("What is found", "What is erased", "Restriction", "Legal holds", "Settings"):
        assert section(page, heading).strip(), heading
    assert re.search("^## (What is o|O)nly believed$", text, re.MULTILINE)
    required = [name for name, field in connector.settings_model.model_fields.items() if field.is_required()]
    assert [] == [name for name in required if f"settings.{name} =" not in text]


def test_every_page_of_a_vendor_has_a_vendor() -> None:
    assert VENDORS == sorted(page.stem for page in (DOCS / "vendors").glob("*.md"))


# Pages


def links(page: Path) -> list[Path]:
    text = FENCE.sub("", page.read_text())
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [(page.parent / link).resolve() for link in found if "://" not in link and not link.startswith("mailto:")]


def test_no_link_leads_nowhere() -> None:
    assert [] == [f"{page.name}: {link.name}" for page in PAGES for link in links(page) if not link.exists()]


def test_every_page_is_linked_from_the_readme_or_from_the_index() -> None:
    linked = {link for page in (ROOT / "README.md", DOCS / "README.md", DOCS / "adr/README.md") for link in links(page)}
    assert [] == [str(page.relative_to(ROOT)) for page in DOCS.rglob("*.md") if page.resolve() not in linked and page != DOCS / "README.md"]
    assert DOCS / "README.md" in links(ROOT / "README.md")


def test_every_file_that_a_page_names_is_there() -> None:
    top = tuple(path.name for path in ROOT.iterdir() if path.is_dir())
    missing = []
    for page in PAGES:
        for span in re.findall(r"`([\w.-]+/[\w./*-]*)`", FENCE.sub("", page.read_text())):
            if span.split("/")[0] in top and "klantenboek" not in span and not list(ROOT.glob(span.rstrip("/") + "*")):
                missing.append(f"{page.name}: {span}")
    assert [] == missing


def test_every_test_that_a_page_names_is_there() -> None:
    written = set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))))
    named_tests = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", FENCE.sub("", page.read_text()))}
    assert set() == named_tests - written
    assert len(named_tests) > 10


LAW = DOCS / "law.md"
PROMISES = [cells for cells in rows(LAW, "The promises") if cells[0] != "promise" and not cells[0].startswith("---")]
RULES_OF_RIGHTS = rows(LAW, "Rights")


@pytest.mark.parametrize("cells", [*PROMISES, *RULES_OF_RIGHTS], ids=lambda cells: cells[0].strip("| ")[:40])
def test_every_promise_names_a_test_that_stands_where_it_says_or_says_not_yet(cells: list[str]) -> None:
    proof = cells[-1].strip("| ")
    proven = re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", proof)
    assert proven or "**not yet**: " in proof
    assert [] == [name for file, name in proven if f"def {name}(" not in (ROOT / file).read_text()]
    assert all(cell.strip("| ") for cell in cells)


def test_no_statement_is_without_its_promises() -> None:
    controllers = re.findall(r"^### (.+)$", section(LAW, "The promises"), re.MULTILINE)
    assert ["de Kale ICT", "Perfacilis", "Defero", "Smart FMS", "DirectCoDe"] == [name.split(" (")[0] for name in controllers[:5]]
    assert len(PROMISES) > 70 and len(RULES_OF_RIGHTS) > 15


def test_the_readme_shows_the_example_as_it_is() -> None:
    assert (ROOT / "examples/emit.py").read_text() in blocks(ROOT / "README.md", "python")
    assert (ROOT / "examples/emit_sealed.py").read_text() in blocks(DOCS / "messages.md", "python")


# The certificate, checked without our software


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and the public keys, as users have them."""
    folder = tmp_path_factory.mktemp("certified")
    signing = keys(folder)
    (folder / "certificate.jws").write_text(signing.sign(canonical(certificate())))
    sealing = IntakeKeys.open(folder / "keys")
    sealing.ensure()
    (folder / "jwks.json").write_text(json.dumps({"keys": [*sealing.jwks(), *signing.jwks()["keys"]]}))  # as `keys export` prints it
    return folder


def checked(token: Path, jwks: Path) -> subprocess.CompletedProcess[str]:
    (program,) = blocks(DOCS / "verify-a-certificate.md", "python")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-W", "error::SyntaxWarning", "-c", program, str(token), str(jwks)]
    return subprocess.run(command, cwd=token.parent, env=environ, capture_output=True, text=True, check=False)


def test_the_program_on_the_page_verifies_a_certificate_of_ours(certified: Path) -> None:
    done = checked(certified / "certificate.jws", certified / "jwks.json")
    assert (0, certificate().model_dump(mode="json")) == (done.returncode, json.loads(done.stdout)), done.stderr


@pytest.mark.parametrize("part", [1, 2])
def test_the_program_on_the_page_refuses_a_certificate_that_was_changed(part: int, certified: Path, tmp_path: Path) -> None:
    parts = (certified / "certificate.jws").read_text().split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    (tmp_path / "changed.jws").write_text(".".join(parts))
    done = checked(tmp_path / "changed.jws", certified / "jwks.json")
    assert 1 == done.returncode
    assert "InvalidSignature" in done.stderr
    assert "" == done.stdout


def test_the_steps_on_the_page_are_as_many_as_those_of_the_code() -> None:
    text = FENCE.sub("", (DOCS / "verify-a-certificate.md").read_text())
    assert [str(number) for number in range(1, len(STEPS) + 1)] == re.findall(r"^\| (\d) \|", text, re.MULTILINE)
