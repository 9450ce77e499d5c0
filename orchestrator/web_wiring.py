"""Wires the pages: the one place beside `wiring` that knows the real ledger, keyring and Kafka."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from orchestrator.ledger import Ledger
from orchestrator.letters import Seat, language_of
from orchestrator.sign import SigningKeys
from orchestrator.web.access import Access
from orchestrator.web.ports import Ports
from orchestrator.web.proofs import Proofs, ProofsGone
from orchestrator.web.server import serve
from orchestrator.web.site import build
from topics.configuration import Configuration, Web
from topics.kafka import Cluster, KafkaPublisher
from topics.keyring import Keyring, KeyringGone
from topics.model import utc_now
from topics.names import Names
from topics.together import together

log = logging.getLogger(__name__)

_SWEPT_EVERY = 3600.0


def address_of(web: Web) -> str:
    """The pages as browsers reach them, without a slash at the end."""
    if web.address is None:
        return f"http://{web.host}:{web.port}"
    parts = urlsplit(web.address)
    return f"{parts.scheme}://{parts.netloc}"


async def run(configuration: Configuration, cluster: Cluster, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Serve the pages until `stop` is set.

    Raises:
        LedgerGone, KeyringGone, AccessGone, ProofsGone, BrokerGone, KeyFolderError, CannotListen: they cannot start.
    """
    web, controller = configuration.web, configuration.controller
    ledger = Ledger.open(configuration.ledger.url)
    keyring = Keyring.open(configuration.keyring.url, configuration.keyring.wrappers)
    access = Access.open(web.store, utc_now)
    try:
        proofs = Proofs.open(web.keep_proofs, keyring) if web.keep_proofs else None
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
                proofs=proofs,
                promise=controller.promise,
            )
            serving = serve(build(ports, access), web.host, web.port, stop, on_ready)
            await together([serving, *([swept(proofs, stop)] if proofs else [])], stop)
    finally:
        access.close()
        keyring.close()
        ledger.close()


async def swept(proofs: Proofs, stop: asyncio.Event) -> None:
    """At the start and once an hour, the proofs go of which the keys are destroyed."""
    while not stop.is_set():
        try:
            if number := await asyncio.to_thread(proofs.sweep):
                log.info("proofs of %d requests are removed; their keys are destroyed", number)
        except (KeyringGone, ProofsGone, SQLAlchemyError) as error:
            log.warning("proofs are not removed yet (%s); in an hour again", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _SWEPT_EVERY)
