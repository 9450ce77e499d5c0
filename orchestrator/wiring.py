"""Wires the orchestrator: the only place of this side that knows broker, ledger, keyring, keys and the real clock together."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from orchestrator import faust_app, serve
from orchestrator.certificate import Controller
from orchestrator.handle import Handler
from orchestrator.intake import Expected, Intake
from orchestrator.ledger import Ledger
from orchestrator.policy import Guards, Policy
from orchestrator.process import Process
from orchestrator.registrar import Registrar
from orchestrator.restored import Restoration
from orchestrator.sealed_requests import IntakeKeys
from orchestrator.sign import KeyFolderError, SigningKeys
from orchestrator.standstill import Standstill
from orchestrator.suppressing import Suppressing
from orchestrator.suppression import Suppression
from orchestrator.upkeep import Upkeep
from topics.bus import Publisher
from topics.configuration import Configuration
from topics.kafka import Cluster, KafkaPublisher
from topics.keyring import Keyring
from topics.liveness import Watch
from topics.model import utc_now
from topics.names import Names, Topic
from topics.parking import ParkedLately
from topics.reading import KafkaLog
from topics.slots import Slot
from topics.steps import Step, passed

log = logging.getLogger(__name__)


def process(
    configuration: Configuration, expected: Sequence[Expected], ledger: Ledger, keyring: Keyring, store: Suppression | None = None
) -> Process:
    """The core behind the handler, on a given ledger and keyring.

    Raises:
        KeyFolderError: the signing keys cannot be used, or are missing where certificates were signed before.
    """
    certificate, controller, names = configuration.certificate, configuration.controller, Names(configuration.kafka.prefix)
    notice = configuration.rights.lifting_notice or timedelta(0)
    policy = Policy(
        certificate.partial_after,
        certificate.retry_every,
        controller.time_zone,
        notice,
        controller.country,
        controller.promise,
        certificate.look_again_after,
        certificate.look_again_after,
        Guards(**configuration.guards.model_dump()),
    )
    intake_keys = IntakeKeys.open(configuration.signing.keys)
    intake_keys.ensure()
    intake = Intake(names, keyring, intake_keys, tuple(expected), policy, controller.country, store)
    suppressing = Suppressing(store, keyring, controller.time_zone) if store else None
    facts = Controller(name=controller.name, contact=controller.contact)
    registrar = Registrar(_signing_keys(configuration, ledger), facts, controller.time_zone, names, suppressing)
    return Process(ledger, keyring, intake, registrar, policy, names, ParkedLately(configuration.dead_letters.most_per_minute))


def _keyring(configuration: Configuration) -> Keyring:
    """The keyring, wrapped from now on if it was not; only the orchestrator does that, since it makes the keys of cases."""
    settings = configuration.keyring
    keyring = Keyring.open(settings.url, settings.wrappers)
    if not settings.wrappers:
        log.warning("The keyring is not wrapped: who copies it reads open cases. Set [keyring] key_encryption_key (docs/keys.md).")
    elif not keyring.is_wrapped():
        log.warning("%d keys are wrapped by the key-encryption key now.", keyring.rewrap())
    return keyring


def _signing_keys(configuration: Configuration, ledger: Ledger) -> SigningKeys:
    """The first key is made by itself; a lost one is not, since nobody could tell its certificates from forged ones."""
    keys = SigningKeys.open(configuration.signing.keys)
    with ledger.reading() as transaction:
        signed_before = transaction.has_certificates()
    if signed_before and not keys.all:
        raise KeyFolderError(
            f"The ledger holds certificates, but {configuration.signing.keys} holds no signing key. "
            "Restore the folder from its backup; to go on with a new key all the same, run `erasure keys rotate`."
        )
    keys.ensure()
    return keys


async def run(
    configuration: Configuration, cluster: Cluster, expected: Sequence[Expected], stop: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    """Run the orchestrator until `stop` is set.

    Raises:
        Broken: it had to stop by itself; nothing was acknowledged that was not safe.
        BrokerGone, LedgerGone, KeyFolderError: it cannot start.
    """
    names = Names(configuration.kafka.prefix)
    group = f"{names.prefix}erasure.orchestrator"
    ledger, keyring = Ledger.open(configuration.ledger.url), _keyring(configuration)
    store = Suppression.open(configuration.suppression) if configuration.suppression else None
    upkeep = Upkeep(ledger, keyring, configuration.register_.keep, configuration.controller.time_zone, store)
    slot = Slot(cluster.bootstrap_servers, group)
    try:
        core = process(configuration, expected, ledger, keyring, store)
        jwks = SigningKeys.open(configuration.signing.keys).jwks()
        found = await Restoration(KafkaLog(cluster), ledger, keyring, core, jwks, names, group).run(utc_now())
        if told := str(found):
            log.warning("%s", told)
        await asyncio.to_thread(core.shredder.tick, utc_now())
        passed(Step.KEYS_READY)
        async with KafkaPublisher(cluster) as publisher:
            handler = _handler(core, publisher, upkeep)
            topics = [names.of(Topic.REQUESTS), names.of(Topic.REPORTS)]
            app = faust_app.build(cluster, group, slot.identity, topics, handler.take, handler.tick, _once(on_ready))
            watching = asyncio.create_task(_watch(app, KafkaLog(cluster), group, topics, handler))
            try:
                with Watch(handler.hung):
                    await serve.run(app, stop, lambda: handler.stopping or _defect(watching))
            finally:
                watching.cancel()
    finally:
        slot.release()
        keyring.close()
        if store:
            store.close()
        ledger.close()


async def _watch(app: faust_app.Orchestrator, log: KafkaLog, group: str, topics: Sequence[str], handler: Handler) -> None:
    await serve.watch(app, lambda: log.standing(group, topics), handler.stop, utc_now, asyncio.sleep, Standstill())


def _defect(watching: asyncio.Task[None]) -> str | None:
    """It never ends by itself; a defect in it must not leave us unwatched."""
    return f"A defect of the orchestrator ({type(watching.exception()).__name__})." if watching.done() else None


def _handler(core: Process, publisher: Publisher, upkeep: Upkeep) -> Handler:
    return Handler(core, publisher, utc_now, asyncio.sleep, upkeep)


def _once(tell: Callable[[], None]) -> Callable[[], None]:
    """Faust says so at every rebalance."""
    told = False

    def first_time() -> None:
        nonlocal told
        if not told:
            told = True
            tell()

    return first_time
