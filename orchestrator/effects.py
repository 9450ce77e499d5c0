"""What `decide` wants done, made into what is sent and recorded: the last step of a message before its batch is saved."""

from collections.abc import Iterable
from datetime import datetime

from orchestrator.batch import Batch, head
from orchestrator.case import Case
from orchestrator.issued import Issued
from orchestrator.ledger import Transaction
from orchestrator.messages import Certify, Destroy, Effect, Order, Recall, Tell
from orchestrator.registrar import Registrar
from topics.bus import Message as Outgoing
from topics.commands import COMMAND_TYPE
from topics.envelope import ORCHESTRATOR, write
from topics.keyring import Keyring, case_key
from topics.names import Names, Topic
from topics.notices import NOTICE_TYPE


class Effects:
    """Carries out what a case wants done."""

    def __init__(self, registrar: Registrar, keyring: Keyring, names: Names) -> None:
        self._registrar, self._keyring, self._names = registrar, keyring, names

    def carry_out(
        self, batch: Batch, transaction: Transaction, case: Case, effects: Iterable[Effect], now: datetime
    ) -> tuple[Case, list[Outgoing], list[Issued]]:
        """The case, what is to be sent, and the certificates among it."""
        outgoing: list[Outgoing] = []
        certified: list[Issued] = []
        for effect in effects:
            match effect:
                case Order(command):
                    topic = self._names.commands(command.processor)
                    sending = write(topic, COMMAND_TYPE, ORCHESTRATOR, case.request_id, command, now, command.command_id, trace=case.trace)
                case Certify():
                    before = head(transaction, batch.certified + certified)
                    gone = transaction.destroyed_keys.destroyed_at(case_key(case.request_id)) if case.shredded_at else None
                    case, issued, sending = self._registrar.certify(case, effect, before, now, gone)
                    outgoing += self._registrar.superseding(issued, transaction, batch.certified + certified, case.trace)
                    certified.append(issued)
                case Tell(notice):
                    topic = self._names.of(Topic.NOTICES)
                    sending = write(topic, NOTICE_TYPE, ORCHESTRATOR, case.request_id, notice, now, trace=case.trace)
                case Recall(request_id, processor, round):
                    self._keyring.recall(request_id, processor, round)  # before the commit, so that a crash repeats it
                    continue
                case Destroy():
                    continue  # ordered with the rest, also where what follows was done long ago
            outgoing.append(sending)
        return case, outgoing, certified
