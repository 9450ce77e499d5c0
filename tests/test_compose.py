"""docker-compose.yml holds together; and its parts run, by its own commands and environment, without containers."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from connectors.registry import Registry
from connectors.roster import roster, settings_of
from connectors.testing.harness import SECRETS
from connectors.testing.serve import simulator_class
from orchestrator.command.opening import NOT_FOR_WORKERS
from tests.live.servers import ServerUnavailable
from tests.live.servers.postgres import Postgres
from tests.test_docs import problem
from topics.broker import BrokerUnavailable, EmbeddedBroker
from topics.configuration import load

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
COMMANDS = {name: service for name, service in OURS.items() if "entrypoint" not in service}
WORKERS = [name for name, service in COMMANDS.items() if "--only" in service["command"]]
SIMULATED = [word.split("=")[0] for word in SERVICES["simulators"]["command"] if "=" in word]


def environment_of(service: str) -> dict[str, str]:
    """Its variables, as Compose gives them where nobody has set any."""
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in SERVICES[service].get("environment", {}).items()}


def config_of(service: str) -> Path:
    """The file of ours that is mounted where `ERASURE_CONFIG` points."""
    mounts = dict(mount.split(":")[1::-1] for mount in SERVICES[service]["volumes"])
    return ROOT / mounts[environment_of(service)["ERASURE_CONFIG"]]


def secrets_of(service: str) -> set[str]:
    return {f"/run/secrets/{name}" for name in SERVICES[service].get("secrets", [])}


# What it says


def test_it_fits_the_schema_of_the_compose_specification() -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    validator = Draft7Validator(schema)
    assert [] == [f"{error.json_path}: {error.message}" for error in validator.iter_errors(COMPOSE)]
    assert list(validator.iter_errors(COMPOSE | {"servcies": {}}))


def test_every_image_that_is_pulled_is_pinned_by_its_tag() -> None:
    (built,) = {service["build"]["dockerfile_inline"] for service in OURS.values()}
    pulled = [service["image"] for name, service in SERVICES.items() if name not in OURS] + re.findall(r"^FROM (\S+)", built, re.MULTILINE)
    assert 3 == len(pulled)
    assert [] == [image for image in pulled if not re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)]


def test_the_image_is_built_from_files_that_are_there() -> None:
    (built,) = {service["build"]["dockerfile_inline"] for service in OURS.values()}
    copied = [word for line in re.findall(r"^COPY (.+) \S+$", built, re.MULTILINE) for word in line.split()]
    assert {"topics", "orchestrator", "connectors", "requirements.lock", "pyproject.toml", "README.md"} == set(copied)
    assert [] == [name for name in copied if not (ROOT / name).exists()]
    assert 'ENTRYPOINT ["erasure"]' in built


@pytest.mark.parametrize("service", COMMANDS)
def test_every_command_is_one_that_erasure_has(service: str) -> None:
    assert problem(shlex.join(COMMANDS[service]["command"]), whole=True) is None


def test_every_processor_has_one_worker_and_every_worker_a_processor() -> None:
    configured = load(config_of("orchestrator"), environment_of("orchestrator")).processors
    assert [one.name for one in configured] == [SERVICES[worker]["command"][-1] for worker in WORKERS]


def test_orchestrator_and_simulated_workers_know_the_same_processors_and_holds() -> None:
    real = load(config_of("orchestrator"), environment_of("orchestrator"))
    simulated = load(config_of("workers-on-simulators"), environment_of("workers-on-simulators"), without=NOT_FOR_WORKERS)
    assert [(one.name, one.connector) for one in real.processors] == [(one.name, one.connector) for one in simulated.processors]
    assert (real.holds, real.controller) == (simulated.holds, simulated.controller)


def test_everything_that_a_configuration_takes_from_outside_is_given_by_the_compose_file() -> None:
    for service in COMMANDS:
        text, given = config_of(service).read_text(), environment_of(service)
        needed = set(re.findall(r'env = "(\w+)"', text)) - ({"LEDGER_URL"} if "workers" in COMMANDS[service]["command"] else set())
        assert needed <= given.keys(), service
    named = set(re.findall(r'file = "(/run/secrets/\w+)"', config_of("orchestrator").read_text()))
    assert named == {secret for worker in WORKERS for secret in secrets_of(worker)}
    assert {name.removeprefix("/run/secrets/") for name in named} == COMPOSE["secrets"].keys()
    assert all(list(secret) == ["environment"] for secret in COMPOSE["secrets"].values())


def test_a_worker_sees_its_own_secret_and_the_orchestrator_none() -> None:
    configured = {one.name: str(one.settings) for one in load(config_of("orchestrator"), environment_of("orchestrator")).processors}
    for worker in WORKERS:
        wanted = set(re.findall(r"/run/secrets/\w+", configured[SERVICES[worker]["command"][-1]]))
        assert wanted == secrets_of(worker)
    assert set() == secrets_of("orchestrator")


def test_every_process_that_joins_a_group_has_a_fixed_host_name() -> None:
    names = [service.get("hostname") or service["network_mode"].removeprefix("service:") for service in COMMANDS.values()]
    assert len(set(names)) == len(COMMANDS)


def test_the_kafka_of_the_orchestrator_is_the_one_that_is_started() -> None:
    (kafka,) = {environment_of(service)["KAFKA_BOOTSTRAP_SERVERS"] for service in COMMANDS}
    assert f"PLAINTEXT://{kafka}" == SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_the_databases_of_the_environment_are_those_that_postgres_makes() -> None:
    postgres = environment_of("postgres")
    (made,) = re.findall(r"CREATE DATABASE (\w+);", COMPOSE["configs"]["make-keyring"]["content"])
    server = f"postgresql://{postgres['POSTGRES_USER']}:{postgres['POSTGRES_PASSWORD']}@postgres"
    given = environment_of("orchestrator")
    assert (f"{server}/{postgres['POSTGRES_DB']}", f"{server}/{made}") == (given["LEDGER_URL"], given["KEYRING_URL"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nosuch=0"], "There is no simulator 'nosuch'; there are brevo, cloudflare, "),
        (["nosuch.module:Simulator=0"], "The module nosuch of 'nosuch.module:Simulator' is not installed"),
        (["connectors.testing.simulators.mollie:Nosuch=0"], "has no simulator 'Nosuch'"),
        (["moneybird"], "'moneybird' is not NAME=PORT"),
        (["moneybird=0", "--secrets", "nosuch/folder"], "No such file or directory"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_sentence(words: list[str], told: str) -> None:
    command = [sys.executable, "-W", "error", *SERVICES["simulators"]["entrypoint"][1:], *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


# The same without containers


class Outside:
    """Services as processes of this machine: their commands and environment, volumes and secrets below `folder`, servers on loopback."""

    def __init__(self, folder: Path, kafka: str, postgres: Postgres, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        given = environment_of("orchestrator")
        databases = {given[name]: postgres.new_database() for name in ("LEDGER_URL", "KEYRING_URL")}
        self.replaced = {given["KAFKA_BOOTSTRAP_SERVERS"]: kafka, "/run/secrets": f"{folder}/secrets", **databases}
        for name in ("secrets", *COMPOSE["volumes"]):
            (folder / name).mkdir()
        simulator_class("transip")  # has a key of its own
        for name in COMPOSE["secrets"]:
            (folder / "secrets" / name).write_text(SECRETS["TRANSIP_SECRET" if name == "transip_private_key" else "KIT_SECRET"])

    def translated(self, service: str, text: str) -> str:
        mounts = [mount.split(":")[:2] for mount in SERVICES[service]["volumes"]]
        volumes = {inside: f"{self.folder}/{name}" for name, inside in mounts if "/" not in name}
        for inside, outside in (self.replaced | volumes).items():
            text = text.replace(inside, outside)
        return text

    def environ(self, service: str) -> dict[str, str]:
        """Its environment; its configuration is written, as it is there."""
        given = {name: self.translated(service, value) for name, value in environment_of(service).items()}
        path = self.folder / f"{service}.toml"
        if service in COMMANDS:
            path.write_text(self.translated(service, config_of(service).read_text()))
        return {**os.environ, **given, "ERASURE_CONFIG": str(path)}

    def start(self, service: str) -> subprocess.Popen[str]:
        """Until it says `ready`."""
        entrypoint = SERVICES[service].get("entrypoint", ["python", "-m", "orchestrator.command"])
        words = [re.sub(r"^(\w+)=\d+$", r"\1=0", self.translated(service, word)) for word in SERVICES[service]["command"]]
        with (self.folder / f"{service}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *entrypoint[1:], *words],
                cwd=ROOT,
                env=self.environ(service),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.stack.enter_context(process)
        self.stack.callback(process.kill)
        assert process.stdout is not None
        told = ""
        while not told.endswith("ready\n"):
            line = process.stdout.readline()
            assert line, (self.folder / f"{service}.log").read_text()[-3000:]
            told += line
        self.replaced |= self.moved(service, told)
        return process

    @staticmethod
    def moved(service: str, told: str) -> dict[str, str]:
        """Where the simulators really answer: any free port will do here."""
        wanted = dict(re.findall(r"(\w+)=(\d+)", " ".join(SERVICES[service]["command"])))
        return {f"127.0.0.1:{wanted[name]}": url for name, url in re.findall(r"^(\w+) answers at http://([\d.:]+)", told, re.MULTILINE)}

    def erasure(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        """`docker compose exec SERVICE erasure ...`."""
        command = [sys.executable, "-m", "orchestrator.command", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environ(service), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, Postgres]]:
    with ExitStack() as stack:
        try:
            broker, postgres = stack.enter_context(EmbeddedBroker()), stack.enter_context(Postgres())
        except (BrokerUnavailable, ServerUnavailable) as error:
            if os.environ.get("ERASURE_TEST_ALL") == "1":
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield broker.bootstrap_servers, postgres


@pytest.fixture
def outside(servers: tuple[str, Postgres], tmp_path: Path) -> Iterator[Outside]:
    with ExitStack() as stack:
        yield Outside(tmp_path, *servers, stack)


def stopped(process: subprocess.Popen[str]) -> int:
    """The exit status after SIGTERM, which is what `docker compose stop` sends."""
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def test_the_settings_of_every_worker_can_be_used(outside: Outside) -> None:
    for worker in WORKERS:
        configuration = load(None, outside.environ(worker), without=NOT_FOR_WORKERS)
        entries = {entry.processor.name: entry for entry in roster(configuration, Registry())}
        assert settings_of(configuration, entries[SERVICES[worker]["command"][-1]])


def test_orchestrator_and_worker_say_ready_and_end_well(outside: Outside) -> None:
    orchestrator, worker = outside.start("orchestrator"), outside.start("worker-moneybird")
    assert (0, 0) == (stopped(worker), stopped(orchestrator))


def test_a_person_is_erased_at_the_simulated_vendors(outside: Outside) -> None:
    running = [outside.start(name) for name in ("simulators", "orchestrator", "workers-on-simulators")]
    checks = [outside.erasure("workers-on-simulators", "connectors", "check", name) for name in SIMULATED]
    assert [] == [check.stderr for check in checks if check.returncode]
    sent = outside.erasure("orchestrator", "emit", "erase", "--email", "jan@voorbeeld.nl", "--customer-id", "C-1001")
    request = sent.stdout.strip()
    watched = outside.erasure("orchestrator", "watch", request)
    assert 0 == watched.returncode, watched.stdout + watched.stderr
    told = json.loads(outside.erasure("orchestrator", "certificate", request, "--format", "json").stdout)
    assert ("complete_with_holds", SIMULATED) == (told["status"], [one["name"] for one in told["processors"]])
    assert [0, 0, 0] == [stopped(process) for process in reversed(running)]
