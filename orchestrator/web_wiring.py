"""Wires the pages: the one place beside `wiring` that knows the real ledger, keyring and Kafka."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from orchestrator.ledger import Ledger
from orchestrator.letters import Seat, language_of
from orchestrator.sign import SigningKeys
from orchestrator.web.access import Access
from orchestrator.web.ports import Ports
from orchestrator.web.server import serve
from orchestrator.web.site import build
from topics.configuration import Configuration, Web
from topics.kafka import Cluster, KafkaPublisher
from topics.keyring import Keyring
from topics.model import utc_now
from topics.names import Names


def address_of(web: Web) -> str:
    """The pages as browsers reach them, without a slash at the end."""
    if web.address is None:
        return f"http://{web.host}:{web.port}"
    parts = urlsplit(web.address)
    return f"{parts.scheme}://{parts.netloc}"


async def run(configuration: Configuration, cluster: Cluster, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Serve the pages until `stop` is set.

    Raises:
        LedgerGone, KeyringGone, AccessGone, BrokerGone, KeyFolderError, CannotListen: they cannot start.
    """
    web, controller = configuration.web, configuration.controller
    ledger = Ledger.open(configuration.ledger.url)
    keyring = Keyring.open(configuration.keyring.url, configuration.keyring.wrappers)
    access = Access.open(web.store, utc_now)
    try:
        async with KafkaPublisher(cluster) as publisher:
            ports = Ports(
                ledger=ledger,
                keyring=keyring,
                publish=publisher.publish,
                names=Names(configuration.kafka.prefix),
                jwks=SigningKeys.open(configuration.signing.keys).jwks(),
                address=address_of(web),
                seat=Seat(controller.time_zone, controller.country, controller.authority),
                language=language_of(controller.country),
                clock=utc_now,
                sleep=asyncio.sleep,
                show_person=web.show_person,
                sign_in=web.sign_in,
                promise=controller.promise,
            )
            await serve(build(ports, access), web.host, web.port, stop, on_ready)
    finally:
        access.close()
        keyring.close()
        ledger.close()
