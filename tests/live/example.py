"""A company of `examples/` as it would run, with stand-ins for its vendors: simulators over HTTP, Dovecot, SQLite files."""

import json
import os
import re
import sqlite3
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.serve import simulator_class
from connectors.testing.simulator import Person, Simulator, route
from connectors.testing.simulators.google_analytics import GoogleAnalyticsSimulator
from tests.live.installation import Installation
from tests.live.servers.dovecot import Dovecot
from tests.live.servers.mailbox import RealMailbox
from tests.live.vendors import Served

EXAMPLES = Path(__file__).parents[2] / "examples"
NOT_CALLED = ("manual", "nothing_held", "ages_out")
OWN_TABLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {  # by the variable that holds the database's URL; the first column is the kind
    "BOOKKEEPING_DATABASE_URL": {"invoices": ("invoice", "email", "customer_number", "invoiced_on")},
    "CMS_DATABASE_URL": {"accounts": ("user", "email", "name"), "comments": ("comment", "author_email", "author_name")},
    "CRM_DATABASE_URL": {"contacts": ("contact", "email", "customer_number", "name")},
    "WEB_SHOP_DATABASE_URL": {"accounts": ("customer", "email", "number"), "orders": ("order", "email", "placed_on", "name")},
    "MONITORING_DATABASE_URL": {"alert_contacts": ("contact", "email", "name")},
    "DATABASE_URL": {"users": ("user", "email", "customer_number", "name"), "applications": ("attachment", "applicant_email")},
}


class OwnDatabase:
    """A SQLite file with tables of the company's own: seeded and looked into as a simulated vendor is."""

    def __init__(self, file: Path, tables: Mapping[str, tuple[str, ...]]) -> None:
        self._file, self._tables = file, tables
        for table, (_, *columns) in tables.items():
            self._do(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(columns)})")

    @property
    def url(self) -> str:
        return f"sqlite:///{self._file}"

    def seed(self, person: Person) -> None:
        told = {"email": person.email, "number": person.customer_id, "name": person.name, "on": person.since.isoformat()}
        for table, (_, *columns) in self._tables.items():
            values = [told[column.rpartition("_")[2]] for column in columns]
            self._do(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", *values)

    def traces(self, person: Person) -> Counter[str]:
        left: Counter[str] = Counter()
        for table, (kind, *_) in self._tables.items():
            rows = self._do(f"SELECT * FROM {table}")
            left[kind] += sum(bool({person.email, person.customer_id, person.name} & {*row}) for row in rows)
        return left

    def restricted(self, person: Person) -> Counter[str]:
        return Counter()

    def _do(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            return connection.execute(statement, values).fetchall()


class GoogleSignIn(Simulator):
    """Where a service account gets its token."""

    def seed(self, person: Person) -> None:
        """It knows nobody."""

    def traces(self, person: Person) -> Counter[str]:
        return Counter()

    @route("POST", "/token", reads=True)
    def grant(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": SECRETS["KIT_SECRET"], "expires_in": 3600, "token_type": "Bearer"})


@dataclass
class Company(Installation):
    """`name`: its file in `examples/`. Addresses and paces are overridden, and how long it waits; nothing else."""

    name: str = ""
    standing: dict[str, Any] = field(default_factory=dict)  # by processor: what stands in for it
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> Mapping[str, str]:
        told = {"ERASURE_CONFIG": str(self.config), "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}
        return {**os.environ, **self.secrets, **told}

    def stand_in(self, served: Served, mailbox: RealMailbox | None) -> None:
        """Write what the company needs beside its file: the derived file, secrets, a token."""
        text = (EXAMPLES / f"{self.name}.toml").read_text()
        urls = dict(served.urls) | ({_imap(text): mailbox.server.base_url} if mailbox else {})
        self.config.write_text(derived(text, urls))
        self.standing |= {name: one for name, one in served.by_name().items() if name != "google"}
        self.standing |= {_imap(text): mailbox} if mailbox else {}
        self.secrets |= dict.fromkeys(variables(text), SECRETS["KIT_SECRET"])
        self.secrets |= {"TRANSIP_PRIVATE_KEY": SECRETS["TRANSIP_SECRET"], "MAIL_PASSWORD": Dovecot.password}
        key = {"client_email": "bot@bureau.example", "private_key": SECRETS["TRANSIP_SECRET"], "token_uri": f"{urls['google']}/token"}
        self.secrets["GOOGLE_SERVICE_ACCOUNT"] = json.dumps(key)
        (self.folder / "exact_online_token.json").write_text('{"refresh_token": "refresh-1"}')
        for processor in (one for one in processors(text) if one["connector"] == "sql"):
            variable = processor["settings"]["url"]["env"]
            self.standing[processor["name"]] = own = OwnDatabase(self.folder / f"{processor['name']}.sqlite", OWN_TABLES[variable])
            self.secrets[variable] = own.url


def processors(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text)["processors"]
    return found


def variables(text: str) -> list[str]:
    """Every secret that an example names."""
    return re.findall(r'\{env = "(\w+)"\}', text)


def _imap(text: str) -> str:
    return next(one["name"] for one in processors(text) if one["connector"] == "imap")


def simulators(text: str) -> dict[str, Simulator]:
    """A simulated vendor for every processor that is called over HTTP, and Google's sign-in."""
    called = {one["name"]: one["connector"] for one in processors(text) if one["connector"] not in (*NOT_CALLED, "sql", "imap")}
    made = {name: simulator_class(connector)() for name, connector in called.items()}
    for analytics in (one for one in made.values() if isinstance(one, GoogleAnalyticsSimulator)):
        analytics.now = datetime.now(UTC)
    return {**made, "google": GoogleSignIn()}


def mailbox_of(text: str, server: Dovecot) -> RealMailbox | None:
    users = [one["settings"]["user"] for one in processors(text) if one["connector"] == "imap"]
    return RealMailbox(server, users[0]) if users else None


def derived(text: str, urls: Mapping[str, str]) -> str:
    """The example with the addresses of its stand-ins, their pace, and short waits."""
    lines, name = [], ""
    for line in text.splitlines():
        name = given[1] if (given := re.fullmatch(r'name = "(.*)"', line)) else name
        if name in urls and line.startswith("base_url = "):
            continue
        lines.append(line)
        if name in urls and line.startswith("connector = "):
            lines += [f'base_url = "{urls[name]}"', "calls_per_minute = 1000000"]
    return "\n".join([*lines, "[retry]", 'give_up_after = "5s"', "[certificate]", 'partial_after = "2s"', ""])
