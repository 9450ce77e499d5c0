"""Each real server starts, does one round trip, and keeps its data when it is killed."""

import base64
import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import httpx
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]

from tests.live.servers import ServerUnavailable
from tests.live.servers.identity_provider import IdentityProvider
from tests.live.servers.kafka import Kafka
from tests.live.servers.mailman import Mailman
from tests.live.servers.postgres import Postgres
from topics.broker import BrokerUnavailable, EmbeddedBroker

Server = TypeVar("Server")


def started(make: Callable[[], AbstractContextManager[Server]]) -> Iterator[Server]:
    try:
        context = make()
        server = context.__enter__()
    except (ServerUnavailable, BrokerUnavailable) as error:
        if os.environ.get("ERASURE_TEST_ALL") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    try:
        yield server
    finally:
        context.__exit__(None, None, None)


@pytest.fixture
def embedded() -> Iterator[EmbeddedBroker]:
    yield from started(EmbeddedBroker)


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    yield from started(Kafka)


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    yield from started(Postgres)


@pytest.fixture
def mailman() -> Iterator[Mailman]:
    yield from started(Mailman)


async def create_topic(bootstrap_servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("round-trip", num_partitions=2, replication_factor=1)])
    await admin.close()


async def send(bootstrap_servers: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        await producer.send_and_wait("round-trip", value, key=b"key")


async def read_one(bootstrap_servers: str) -> bytes | None:
    async with AIOKafkaConsumer("round-trip", bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest") as consumer:
        value: bytes | None = (await consumer.getone()).value
        return value


async def test_embedded_broker_carries_a_message_and_ends(embedded: EmbeddedBroker) -> None:
    await create_topic(embedded.bootstrap_servers)
    await send(embedded.bootstrap_servers, b"kept in memory")
    assert await read_one(embedded.bootstrap_servers) == b"kept in memory"
    embedded.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", embedded.port))


def test_embedded_broker_says_which_port_is_taken(embedded: EmbeddedBroker) -> None:
    with pytest.raises(BrokerUnavailable, match=f"Port {embedded.port} "):
        EmbeddedBroker(embedded.port).start()


async def test_kafka_keeps_a_message_over_a_kill(kafka: Kafka) -> None:
    await create_topic(kafka.bootstrap_servers)
    await send(kafka.bootstrap_servers, b"kept on disk")
    kafka.kill()
    kafka.start()
    assert await read_one(kafka.bootstrap_servers) == b"kept on disk"


def test_postgres_keeps_a_row_over_a_kill(postgres: Postgres) -> None:
    url = postgres.new_database().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    postgres.kill()
    postgres.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_mailman_forgets_a_deleted_user(mailman: Mailman) -> None:
    mailman.add_list("nieuws@voorbeeld.nl")
    mailman.subscribe("nieuws@voorbeeld.nl", "jan@voorbeeld.nl", "Jan")
    with httpx.Client(base_url=mailman.base_url, auth=(mailman.user, mailman.password), trust_env=False) as client:
        assert client.post("/members/find", data={"subscriber": "jan@voorbeeld.nl"}).json()["total_size"] == 1
        assert client.delete("/users/jan@voorbeeld.nl").status_code == 204
        assert client.post("/members/find", data={"subscriber": "jan@voorbeeld.nl"}).json()["total_size"] == 0


def test_the_openid_provider_signs_an_account_in_and_says_its_roles() -> None:
    back, verifier = "http://127.0.0.1:9/back", "v" * 64
    for provider in started(lambda: IdentityProvider(back, {"olga": ["officer"]})):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"client_id": provider.client_id, "response_type": "code", "scope": "openid profile", "redirect_uri": back}
        asked |= {"state": "s", "code_challenge": challenge, "code_challenge_method": "S256"}
        answered = httpx.URL(provider.sign_in(f"{provider.issuer}/auth?{httpx.QueryParams(asked)}", "olga")).params
        token = {"grant_type": "authorization_code", "code": answered["code"], "redirect_uri": back, "code_verifier": verifier}
        told = httpx.post(f"{provider.issuer}/token", data=token, auth=(provider.client_id, provider.client_secret)).json()
        payload = told["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert ("s", "olga", ["officer"]) == (answered["state"], claims["sub"], claims["roles"])
