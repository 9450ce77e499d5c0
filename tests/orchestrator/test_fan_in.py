"""Two last answers at once, at two orchestrators on one ledger: one certificate."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Engine

from orchestrator.ledger import Ledger, Transaction
from tests.orchestrator.process_cases import Installation, answer, line, request, topics
from topics.database import engine_for


class Dawdling(Ledger):
    """The ledger of an orchestrator that has done all its work, and takes its time to commit."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.done, self.may_commit = threading.Event(), threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as transaction:
            yield transaction
            self.done.set()
            assert self.may_commit.wait(30)


def test_an_answer_that_comes_while_another_one_is_being_committed_waits_and_then_sees_it(
    installation: Installation, ledger_url: str
) -> None:
    id, dawdling = uuid4(), Dawdling(engine_for(ledger_url))
    installation.take(request(id))
    slow = installation.another(dawdling)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(slow.take, [answer(id, line())], installation.time.now)
        assert dawdling.done.wait(30)
        second = threads.submit(installation.take, answer(id, line(record="y"), name="b"))
        assert set() == wait([second], timeout=0.3).done
        dawdling.may_commit.set()
        assert [] == first.result(30)
        assert ["subject.certificates", "subject.notices"] == topics(second.result(30))
    dawdling.close()
    case = installation.case(id)
    assert case is not None
    assert ("closed", [1]) == (case.state, [certificate.revision for certificate in case.certificates])


def test_two_last_answers_at_the_same_moment_make_exactly_one_certificate_each_time(installation: Installation, ledger_url: str) -> None:
    other_ledger = Ledger.open(ledger_url)
    other, ids = installation.another(other_ledger), [uuid4() for _ in range(20)]
    installation.take(*(request(id) for id in ids))
    for id in ids:
        with ThreadPoolExecutor(2) as threads:
            one = threads.submit(installation.take, answer(id, line()))
            two = threads.submit(other.take, [answer(id, line(record="y"), name="b")], installation.time.now)
            sent = [*topics(one.result(30)), *topics(message for _, message in two.result(30))]
        assert ["subject.certificates", "subject.notices"] == sent
    other_ledger.close()
    with installation.ledger.reading() as transaction:
        assert [(id, 1) for id in ids] == [(issued.request_id, issued.revision) for issued in transaction.register()]
