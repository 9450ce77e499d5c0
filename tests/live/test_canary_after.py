"""The canary after its key is destroyed, on real Kafka and PostgreSQL: every byte of their disks, and all that any key left still opens."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.canary.people import VALUES
from tests.canary.search import Search
from tests.live.conftest import or_left_out
from tests.live.servers.kafka import Kafka
from tests.live.servers.postgres import Postgres
from tests.live.test_canary import Outspoken, Place, SealingBackend, live_through, on_disk, on_the_wire, shown
from tests.live.vendors import Vendors
from topics import sealing
from topics.keyring import Keyring, case_key
from topics.sealing import CannotOpen, Key

SEARCH = Search(VALUES)
_SEALED = re.compile(rb"eyJ[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+")
_PLACES: tuple[sealing.Place, ...] = ("subject", "verified_by", "located.records", "hold.record", "dead_letter", "ledger.original")


class Shredding(Outspoken):
    """Keys stand in PostgreSQL, bare, and go soon after a case has ended."""

    keyring = ""

    def configure(self) -> None:
        super().configure()
        soon = '[certificate]\nlook_again_after = "15s"'
        self.config.write_text(self.config.read_text().replace("[certificate]", soon) + f'[keyring]\nurl = "{self.keyring}"\n')


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        vendors = stack.enter_context(Vendors())
        kafka, postgres = stack.enter_context(or_left_out(Kafka)), stack.enter_context(or_left_out(Postgres))
        installation = Shredding(tmp_path, kafka.bootstrap_servers, vendors, postgres.new_database(), f"t{uuid4().hex[:8]}.")
        installation.keyring = postgres.new_database()
        installation.configure()
        stack.callback(installation.stop)
        yield Place(installation, {"installation": tmp_path, "kafka": kafka.folder, "postgresql": postgres.folder})


def opened(written: Mapping[str, bytes], keys: Iterable[Key]) -> list[bytes]:
    """What those keys open of all sealed tokens that stand anywhere."""
    tokens = {token.decode() for raw in written.values() for token in _SEALED.findall(raw)}
    return [plain for key in keys for token in tokens for place in _PLACES if (plain := _open(key, place, token)) is not None]


def _open(key: Key, place: sealing.Place, token: str) -> bytes | None:
    try:
        return key.open(place, token)
    except CannotOpen:
        return None


def holding(secret: bytes, written: Mapping[str, bytes]) -> list[str]:
    return [where for where, raw in written.items() if secret in raw or secret.hex().encode() in raw.lower()]


def vacuum(*urls: str) -> None:
    """As docs/keys.md has it done at night."""
    for url in urls:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("VACUUM FULL")
            connection.execute("CHECKPOINT")


async def test_of_a_shredded_person_nothing_is_left_but_what_the_docs_say(place: Place) -> None:
    installation = place.installation
    assert isinstance(installation, Shredding) and 0 == installation.erasure("topics", "apply").returncode
    with closing(Keyring.open(installation.keyring)) as keyring:
        async with SealingBackend(installation.bootstrap_servers, installation.prefix) as backend:
            (backend.key,) = [key for key in json.loads(installation.erasure("keys", "export").stdout)["keys"] if key["use"] == "enc"]
            request = await live_through(installation, backend)
            kid = case_key(UUID(request))
            key = keyring.get(kid)
            await backend.until(lambda _: bool(keyring.destroyed([kid])), 120.0)
        told = {**shown(installation, request), **await on_the_wire(installation)}
        installation.stop()
        before = on_disk(place.disks)
        vacuum(installation.ledger, installation.keyring)
        written = {**told, **on_disk(place.disks)}
        left = keyring.get_all(*sorted(keyring.names()))
    assert {} == SEARCH.in_all(written)
    assert SEARCH.in_bytes(b"\n".join(opened(written, [key])))  # of what Kafka keeps the key would still open the person: it is gone
    assert opened(written, left) and set() == SEARCH.in_bytes(b"\n".join(opened(written, left)))  # dead letters are of sealed requests
    assert [where for where in holding(key.secret, before) if where.startswith("postgresql/")]
    assert [] == [where for where in holding(key.secret, written) if "/pg_wal/" not in where]
