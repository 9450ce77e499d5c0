"""`erasure topics`, `connectors`, `keys` and `broker`."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from connectors.registry import GROUP
from connectors.testing.serve import serving
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.factuursturen import FactuurSturenSimulator
from connectors.testing.simulators.google_analytics import GoogleAnalyticsSimulator
from connectors.testing.simulators.jira import JiraSimulator
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from orchestrator.command.check import NOBODY, nobody
from tests.orchestrator.command.stage import Stage
from topics.admin import apply


def test_topics_are_created_once_and_then_are_as_they_must_be(tmp_path: Path, broker: str) -> None:
    stage = Stage(tmp_path, broker)
    before, made, again, after = (stage.erasure("topics", word) for word in ("diff", "apply", "apply", "diff"))

    assert (1, 0, 0, 0) == (before.exit_code, made.exit_code, again.exit_code, after.exit_code)
    assert f"{stage.prefix}subject.requests does not exist." in before.stdout
    assert "7 differences." in before.stderr
    assert f"Created {stage.prefix}processor.commands.jira.\n" in made.stdout
    assert "All 7 topics are as they must be.\n" == again.stdout == after.stdout


def test_a_topic_that_differs_is_told_and_never_changed(tmp_path: Path, broker: str) -> None:
    stage = Stage(tmp_path, broker)
    asyncio.run(apply(broker, stage.names.specs(["jira", "moneybird"], 1), None))
    diff, made = stage.erasure("topics", "diff"), stage.erasure("topics", "apply")

    assert (1, 2) == (diff.exit_code, made.exit_code)
    assert "partitions is 1, and must be 2." in diff.stdout
    assert "partitions is 1, and must be 2." in made.stderr


@pytest.mark.parametrize("word", ["apply", "diff"])
def test_topics_without_a_broker_say_so(stage: Stage, word: str) -> None:
    result = stage.erasure("topics", word)

    assert 2 == result.exit_code
    assert "No Kafka broker answers at 127.0.0.1:1" in result.stderr


def test_the_connectors_are_listed_with_what_they_can(stage: Stage) -> None:
    moneybird = next(row for row in json.loads(stage.erasure("connectors", "list", "--json").stdout) if row["name"] == "moneybird")

    assert ["name", "kind", "kinds", "erases", "restricts", "lifts", "verifies", "package"] == list(moneybird)
    assert "accounting" == moneybird["kind"]
    assert {"invoice", "contact"} <= set(moneybird["kinds"])
    assert (["contact"], [], "by reference") == (moneybird["restricts"], moneybird["lifts"], moneybird["verifies"])
    assert "gdpr-erasure-orchestrator" == moneybird["package"]
    assert "moneybird (accounting, from gdpr-erasure-orchestrator)" in stage.erasure("connectors", "list").stdout


def test_who_never_looks_is_not_listed_as_verifying(stage: Stage) -> None:
    """A yes, a signed word, a person's proof and a rule are taken; that something is gone is seen by nobody."""
    told = {row["name"]: row["verifies"] for row in json.loads(stage.erasure("connectors", "list", "--json").stdout)}
    never = {"google_analytics", "opendsr", "manual", "nothing_held", "ages_out"}
    assert never == {name for name, verifies in told.items() if verifies == "never"}
    assert {"by reference", "by search", "never"} == set(told.values())


def test_the_list_needs_no_configuration(stage: Stage) -> None:
    stage.config.unlink()

    assert 0 == stage.erasure("connectors", "list").exit_code


@dataclass
class Checked:
    """A stage whose Moneybird is a simulator on loopback."""

    stage: Stage
    simulator: MoneybirdSimulator

    async def check(self, name: str = "moneybird", **environ: str) -> Result:
        async with serving(self.simulator) as base_url:
            stage = Stage(self.stage.folder, base_url=base_url)
            return await asyncio.to_thread(stage.erasure, "connectors", "check", name, **environ)


@pytest.fixture
def checked(stage: Stage) -> Checked:
    return Checked(stage, MoneybirdSimulator())


async def test_a_connector_that_works_says_so_and_writes_nothing(checked: Checked) -> None:
    result = await checked.check()

    assert 0 == result.exit_code
    assert "moneybird works: settings, credential and answers are as expected" in result.stdout
    assert 0 == checked.simulator.writing_calls < len(checked.simulator.calls)


async def test_what_cannot_be_told_without_writing_is_said_to_be_so(checked: Checked) -> None:
    result = await checked.check()

    assert "To erase, the credential has the scope sales_invoices, the scope estimates; may or may not have," in result.stdout
    assert "To restrict, the credential may or may not have, for the vendor does not say, a user who" in result.stdout


async def test_a_vendor_that_tells_nothing_of_rights_is_said_to_tell_nothing(stage: Stage) -> None:
    async with serving(FactuurSturenSimulator()) as base_url:
        settings = 'settings.user = "bureau"\nsettings.api_key = {env = "JIRA_TOKEN"}\n'
        text = f'\n[[processors]]\nname = "bills"\nconnector = "factuursturen"\nbase_url = "{base_url}"\n{settings}'
        stage.config.write_text(stage.config.read_text() + text)
        result = await asyncio.to_thread(stage.erasure, "connectors", "check", "bills", JIRA_TOKEN="kit-secret-9f3a71")

    assert 0 == result.exit_code, result.stderr
    assert "Whether it may erase cannot be told without erasing. Whether it may restrict cannot be told" in result.stdout
    assert "factuursturen offers no reading call that tells it." in result.stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            'connector = "manual"\nsettings.instructions = "Shred the folder."',
            "is done by a person, so there is nothing to call: Shred",
        ),
        (
            'connector = "nothing_held"\nsettings.reason = "Only hashes."',
            "is declared to hold nothing, so there is nothing to call: Only",
        ),
        (
            'connector = "ages_out"\nsettings = {kind = "backup", reason = "Daily backups.", days = 7}',
            "is not called: what it holds goes by itself",
        ),
    ],
)
def test_what_has_no_vendor_is_said_to_have_none_to_check(stage: Stage, settings: str, told: str) -> None:
    stage.config.write_text(stage.config.read_text() + f'\n[[processors]]\nname = "archive"\n{settings}\n')
    result = stage.erasure("connectors", "check", "archive", JIRA_TOKEN="kit-secret-9f3a71")
    assert (0, "") == (result.exit_code, result.stderr)
    assert told in result.stdout


class Looked:
    """A stage whose Jira is a simulator on loopback."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.simulator = stage, JiraSimulator()

    async def check(self) -> Result:
        async with serving(self.simulator) as base_url:
            text = self.stage.config.read_text().replace("bot@example.nl", "bot@bureau.example")
            before, _, after = text.partition('connector = "jira"\n')
            address = f'connector = "jira"\nbase_url = "{base_url}"\n'
            self.stage.config.write_text(before + address + after[after.index("\n") + 1 :])
            return await asyncio.to_thread(self.stage.erasure, "connectors", "check", "jira", JIRA_TOKEN="kit-secret-9f3a71")


async def test_the_rights_that_the_vendor_tells_are_said_without_a_writing_call(stage: Stage) -> None:
    looked = Looked(stage)
    result = await looked.check()

    assert 0 == result.exit_code, result.stderr
    assert "To erase, the credential has Delete_issues in some project, Delete_all_comments in some" in result.stdout
    assert "There is nothing that it could restrict." in result.stdout
    assert 0 == looked.simulator.writing_calls


async def test_a_right_that_is_lacking_is_named_and_the_answer_is_no(stage: Stage) -> None:
    looked = Looked(stage)
    looked.simulator.withheld.add("DELETE_ISSUES")
    result = await looked.check()

    assert 1 == result.exit_code
    assert "jira can be searched, but its credential lacks a right." in result.stderr
    assert "; lacks Delete_issues in some project." in result.stderr


async def test_rights_that_cannot_be_asked_for_are_no_rights(stage: Stage) -> None:
    looked = Looked(stage)
    await looked.check()
    looked.simulator.faults.append(Fault(httpx.Response(403), skip=len(looked.simulator.calls) - 1))  # the last call asks for the rights
    result = await looked.check()

    assert 0 == result.exit_code, result.stderr
    assert "Whether it may erase cannot be told without erasing." in result.stdout
    assert "did not say: jira answered 403 to GET /rest/api/3/mypermissions" in result.stdout


async def analytics(stage: Stage, *properties: str) -> Result:
    """The check of a Google Analytics that is a simulator on loopback with the properties 1001 and 1002."""
    simulator = GoogleAnalyticsSimulator()
    async with serving(simulator) as base_url:
        settings = f'settings.properties = {list(properties)}\nsettings.token = {{env = "JIRA_TOKEN"}}\n'
        text = f'\n[[processors]]\nname = "visits"\nconnector = "google_analytics"\nbase_url = "{base_url}"\n{settings}'
        stage.config.write_text(stage.config.read_text() + text)
        result = await asyncio.to_thread(stage.erasure, "connectors", "check", "visits", JIRA_TOKEN="kit-secret-9f3a71")
    assert 0 == simulator.writing_calls
    return result


async def test_where_nobody_can_be_looked_up_the_settings_are_tried_by_what_can_be_read(stage: Stage) -> None:
    result = await analytics(stage, "1001", "properties/1002")

    assert 0 == result.exit_code, result.stderr
    assert "visits works" in result.stdout
    assert "for the vendor does not say, the role Editor on property 1001, the role Editor on property 1002." in result.stdout


async def test_where_nobody_can_be_looked_up_a_property_that_may_not_be_seen_is_told(stage: Stage) -> None:
    result = await analytics(stage, "1001", "1009")

    assert 1 == result.exit_code
    assert "visits does not work." in result.stderr and "visits answered 403" in result.stderr


async def test_a_credential_that_is_not_accepted_is_told(checked: Checked) -> None:
    result = await checked.check(MONEYBIRD_TOKEN="another")

    assert 1 == result.exit_code
    assert "the credential does not work" in result.stderr
    assert "another" not in result.output


async def test_settings_that_cannot_be_used_are_told(checked: Checked) -> None:
    result = await checked.check(MONEYBIRD_TOKEN="")

    assert 1 == result.exit_code
    assert "its settings cannot be used" in result.stderr
    assert "MONEYBIRD_TOKEN is not set" in result.stderr


async def test_answers_of_another_shape_are_told(checked: Checked) -> None:
    checked.simulator.faults.append(Fault(httpx.Response(200, json={"an": "error"})))
    result = await checked.check()

    assert 1 == result.exit_code
    assert "answers, but not as documented" in result.stderr


async def test_a_vendor_that_is_busy_is_told_at_once(checked: Checked) -> None:
    checked.simulator.faults.append(Fault(httpx.Response(503), times=1))
    result = await checked.check()

    assert 1 == result.exit_code
    assert "cannot be used now" in result.stderr
    assert 1 == len(checked.simulator.calls)


async def test_a_connector_that_finds_nobody_s_records_is_dangerous_and_told(checked: Checked) -> None:
    checked.simulator.seed(Person(NOBODY))
    result = await checked.check()

    assert 1 == result.exit_code
    assert "records of somebody who cannot exist" in result.stderr


def test_a_vendor_that_cannot_be_reached_is_told(stage: Stage) -> None:
    result = stage.erasure("connectors", "check", "moneybird")

    assert 1 == result.exit_code
    assert "moneybird did not answer" in result.stderr


def test_a_connector_s_name_will_do_if_only_one_processor_has_it(stage: Stage) -> None:
    unknown = stage.erasure("connectors", "check", "nowhere")
    stage.config.write_text(
        stage.config.read_text().replace('name = "jira"\nconnector = "jira"', 'name = "books"\nconnector = "moneybird"')
    )
    stage.config.write_text(stage.config.read_text().replace('name = "moneybird"', 'name = "ledger"'))
    several = stage.erasure("connectors", "check", "moneybird")

    assert (2, 2) == (unknown.exit_code, several.exit_code)
    assert "No processor of that name is configured; give one of: moneybird, jira." in unknown.stderr
    assert "Several processors have that connector; give one of: ledger, books." in several.stderr


def test_nobody_has_a_value_of_every_kind() -> None:
    subject = nobody(("email", "customer_id", "phone"))

    assert {"email", "customer_id", "phone"} == subject.kinds()
    assert subject.matches("email", NOBODY)


def test_a_connector_that_is_not_installed_is_a_configuration_error(stage: Stage) -> None:
    stage.config.write_text(stage.config.read_text().replace('connector = "jira"', 'connector = "nowhere"'))
    result = stage.erasure("connectors", "check", "moneybird")

    assert 2 == result.exit_code
    assert "No connector 'nowhere' is installed" in result.stderr


def test_a_connector_that_is_broken_is_told_beside_the_list(stage: Stage) -> None:
    with _installed("broken", "nowhere.at:all"):
        result = stage.erasure("connectors", "list", "--json")

    assert 0 == result.exit_code
    assert "The connector 'broken' cannot be loaded" in result.stderr
    assert "broken" not in [row["name"] for row in json.loads(result.stdout)]


def test_two_packages_with_one_connector_are_told(stage: Stage) -> None:
    with _installed("moneybird", "nowhere.at:all"):
        result = stage.erasure("connectors", "list")

    assert 2 == result.exit_code
    assert "Two installed packages offer a connector 'moneybird'" in result.stderr


@contextmanager
def _installed(name: str, value: str) -> Iterator[None]:
    """One more package on the path, as an outside author would install it."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "outside-1.0.dist-info")
        package.mkdir()
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")
        sys.path.append(folder)
        try:
            yield
        finally:
            sys.path.remove(folder)


def test_the_first_key_is_made_by_its_export(stage: Stage) -> None:
    none, first, again = stage.erasure("keys", "list"), stage.erasure("keys", "export"), stage.erasure("keys", "export")

    key, to_seal_to = json.loads(first.stdout)["keys"]
    assert ("EC", "P-256", "enc", False) == (to_seal_to["kty"], to_seal_to["crv"], to_seal_to["use"], "d" in to_seal_to)
    assert "There is no signing key yet." in none.stdout
    assert ("OKP", "Ed25519", False) == (key["kty"], key["crv"], "d" in key)
    assert first.stdout == again.stdout
    assert f"{key['kid']}  made " in stage.erasure("keys", "list").stdout


def test_a_rotated_key_signs_and_the_old_one_stays(stage: Stage) -> None:
    stage.erasure("keys", "export")
    result = stage.erasure("keys", "rotate")

    lines = stage.erasure("keys", "list").stdout.splitlines()[:2]
    assert 0 == result.exit_code
    assert [False, True] == [line.endswith("  signs") for line in lines]
    assert lines[1].split()[0] == result.stdout.split()[0]
    assert ["sig", "sig", "enc"] == [key["use"] for key in json.loads(stage.erasure("keys", "export").stdout)["keys"]]


def test_a_new_key_to_seal_to_takes_the_place_of_the_old_one_which_opens_on(stage: Stage) -> None:
    before = json.loads(stage.erasure("keys", "export").stdout)["keys"]
    result = stage.erasure("keys", "rotate", "--intake")
    after = json.loads(stage.erasure("keys", "export").stdout)["keys"]

    listed = stage.erasure("keys", "list").stdout.splitlines()
    assert 0 == result.exit_code
    assert before[0] == after[0]
    assert f"Requests are to be sealed to {after[1]['kid']} from now on." in result.stdout
    assert f"{before[1]['kid']}  made" in listed[1] and "opens requests until" in listed[1]
    assert f"{after[1]['kid']}  made" in listed[2] and "requests are sealed to it" in listed[2]


@pytest.mark.parametrize("word", ["list", "rotate", "export"])
def test_a_key_folder_that_others_may_write_into_is_refused(stage: Stage, word: str) -> None:
    (stage.folder / "keys").mkdir()
    (stage.folder / "keys").chmod(0o777)
    result = stage.erasure("keys", word)

    assert 2 == result.exit_code
    assert "Others may write into the key folder" in result.stderr


def _erasure(*arguments: str) -> subprocess.Popen[str]:
    command: Any = [sys.executable, "-m", "orchestrator.command", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def test_the_broker_answers_until_it_is_stopped_and_says_what_it_is_for() -> None:
    with _erasure("broker", "--port", "0") as running:
        assert running.stdout and running.stderr
        line = running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        told = running.stderr.read()

    assert line.startswith("The broker answers at 127.0.0.1:")
    assert "for development and demo only" in told
    assert 0 == running.returncode


def test_a_port_that_is_taken_is_told(stage: Stage, broker: str) -> None:
    result = stage.erasure("broker", "--port", broker.rpartition(":")[2])

    assert 2 == result.exit_code
    assert "cannot be used; choose another one." in result.stderr
