"""Who was erased is noticed when seen again: keyed tokens with a ground and an end, and a case of its own. On both databases."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orchestrator.case import Status
from orchestrator.certificate import Certificate
from orchestrator.jose import decode
from orchestrator.ledger import Ledger
from orchestrator.suppression import Kept, Line, Suppression, SuppressionGone
from tests.orchestrator.process_cases import Installation, answer, line, reasons, request, topics
from topics.bus import Message
from topics.calendar_settings import Keep
from topics.configuration import SuppressionSettings
from topics.database import engine_for
from topics.keyring import case_key
from topics.outcomes import Outcome
from topics.subject import Subject

TODAY = date(2026, 11, 20)
UNTIL = date(2028, 11, 20)
GROUND = "6(1)(f), 21(3)"
JAN = {"email": ["jan@voorbeeld.nl"], "customer_id": ["C-1001"], "name": ["Jan de Vries"], "phone": ["+31201234567"]}


@pytest.fixture
def settings(request: pytest.FixtureRequest, ledger_url: str, tmp_path: Path) -> SuppressionSettings:
    """A store on the same kind of database as the ledger."""
    on_sqlite = ledger_url.startswith("sqlite")
    url = f"sqlite:///{tmp_path}/suppression.db" if on_sqlite else str(request.getfixturevalue("postgres").new_database())
    return SuppressionSettings(url=url, key=SecretStr("k" * 32), ground=GROUND, keep=Keep(2, "y"))


@pytest.fixture
def store(settings: SuppressionSettings) -> Iterator[Suppression]:
    opened = Suppression.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def installation(ledger: Ledger, tmp_path: Path, store: Suppression) -> Iterator[Installation]:
    made = Installation(ledger, tmp_path, store=store)
    yield made
    made.keyring.close()


def erase(installation: Installation, id: UUID, *lines: Any, **fields: Any) -> list[Message]:
    """A request that is answered at once by both processors; what was sent with the last answer."""
    names = fields.get("processors") or ["a", "b"]
    installation.take(request(id, **({"subject": JAN} | fields)))
    return [installation.take(answer(id, *(lines or [line()]), name=name)) for name in names][-1]


def certificate(messages: list[Message]) -> Certificate:
    (jws,) = [message.value.decode() for message in messages if message.topic == "subject.certificates"]
    return Certificate.model_validate_json(decode(jws.split(".")[1]))


def seen(subject: Any = JAN, id: UUID | None = None, event_id: str | None = None, **more: Any) -> Any:
    return request(id, "subject.seen", event_id, subject=subject, **more)


def test_a_complete_erasure_leaves_a_token_of_each_identifier_that_is_one_persons_alone(
    installation: Installation, store: Suppression
) -> None:
    erase(installation, uuid4())
    assert [Line("customer_id", UNTIL, 1), Line("email", UNTIL, 1)] == store.lines()


def test_the_certificate_tells_of_the_tokens_with_their_ground_and_end(installation: Installation) -> None:
    told = certificate(erase(installation, uuid4()))
    line_of = told.orchestrator.records[-1]
    assert ("suppression", Outcome.EXPIRING, 2, UNTIL) == (line_of.kind, line_of.outcome, line_of.count, line_of.until)
    (said,) = [sentence for sentence in told.not_claimed if "Keyed tokens" in sentence]
    assert UNTIL.isoformat() in said and GROUND in said


def test_nothing_of_the_store_is_readable_and_another_key_makes_other_tokens(
    installation: Installation, store: Suppression, settings: SuppressionSettings
) -> None:
    erase(installation, uuid4())
    engine = engine_for(settings.url)
    with engine.connect().execution_options(read_only=True) as connection:
        rows = str(connection.execute(text("SELECT * FROM tokens")).all()).lower()
    engine.dispose()
    assert [] == [value for values in JAN.values() for value in values if value.lower() in rows]
    other = Suppression(engine_for(settings.url), settings.model_copy(update={"key": SecretStr("z" * 32)}))
    assert other.request_of(Subject(JAN), TODAY) is None  # type: ignore[arg-type]
    other.close()
    other.close()


def test_a_store_is_refused_under_another_key_since_every_check_would_find_nobody(
    store: Suppression, settings: SuppressionSettings
) -> None:
    assert [] == store.lines()
    with pytest.raises(SuppressionGone, match="not the one"):
        Suppression.open(settings.model_copy(update={"key": SecretStr("z" * 32)}))
    Suppression.open(settings).close()


@pytest.mark.parametrize(
    "fields",
    [
        {"processors": ["a"]},
        {"type": "subject.restrict"},
        {"mode": "dry-run"},
        {"subject": {"name": ["Jan de Vries"]}},
        {"role": "processor"},
    ],
)
def test_what_was_not_an_erasure_everywhere_of_one_person_leaves_no_token(
    installation: Installation, store: Suppression, fields: dict[str, Any]
) -> None:
    restricted = [line(Outcome.RESTRICTED)] if "type" in fields else []
    erase(installation, uuid4(), *restricted, **fields)
    assert [] == store.lines()


def test_an_erasure_that_is_not_complete_leaves_no_token_until_it_is(installation: Installation, store: Suppression) -> None:
    id = uuid4()
    installation.take(request(id, subject=JAN), answer(id, line()))
    assert [] == store.lines()
    installation.take(answer(id, line(), name="b"))
    assert Kept(2, UNTIL, GROUND) == store.kept(id, TODAY)


def test_tokens_that_were_written_before_a_crash_are_written_again_and_stand_once(installation: Installation, store: Suppression) -> None:
    id = uuid4()
    installation.take(request(id, subject=JAN), answer(id, line()))
    case = installation.case(id)
    assert case is not None and installation.suppressing is not None
    assert installation.suppressing.tokens(case, Status.COMPLETE, installation.time.now)  # and then it dies, with nothing committed
    told = certificate(installation.take(answer(id, line(), name="b")))
    assert (2, 2) == (told.orchestrator.records[-1].count, sum(one.count for one in store.lines()))


def test_a_case_whose_key_is_gone_is_certified_without_tokens(installation: Installation, store: Suppression) -> None:
    id = uuid4()
    installation.take(request(id, subject=JAN), answer(id, line()))
    installation.keyring.destroy(case_key(id))
    told = certificate(installation.take(answer(id, line(), name="b")))
    assert (False, []) == ("suppression" in {one.kind for one in told.orchestrator.records}, store.lines())


def test_a_store_that_cannot_be_written_stops_the_certificate_and_not_the_truth(
    installation: Installation, store: Suppression, settings: SuppressionSettings
) -> None:
    id = uuid4()
    installation.take(request(id, subject=JAN), answer(id, line()))
    engine = engine_for(settings.url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    last = answer(id, line(), name="b")
    with pytest.raises(SuppressionGone):
        installation.take(last)
    case = installation.case(id)
    assert case is not None and () == case.certificates
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO tokens"))
    engine.dispose()
    assert 2 == certificate(installation.take(last)).orchestrator.records[-1].count


# subject.seen


@pytest.mark.parametrize("address", ["jan@voorbeeld.nl", "JAN@Voorbeeld.NL", " Jan@voorbeeld.nl "])
def test_who_is_seen_again_is_erased_again_under_a_ground_of_its_own(installation: Installation, address: str) -> None:
    first, again = uuid4(), uuid4()
    erase(installation, first)
    assert ["processor.commands.a", "processor.commands.b"] == topics(installation.take(seen({"email": [address]}, again)))
    case = installation.case(again)
    assert case is not None
    assert (first, "17(1)(d)", "erasure") == (case.again_of, case.ground, case.right)
    installation.take(answer(again, line()))
    told = certificate(installation.take(answer(again, line(), name="b")))
    assert (first, "17(1)(d)") == (told.again_of, told.ground)


@pytest.mark.parametrize("address", ["jan+x@voorbeeld.nl", "jan@sub.voorbeeld.nl", "anna.jan@voorbeeld.nl", "jan@voorbeeld.nl.example"])
def test_who_has_a_similar_address_is_not_suppressed_and_nothing_is_ordered(installation: Installation, address: str) -> None:
    id = uuid4()
    erase(installation, uuid4())
    (notice,) = installation.take(seen({"email": [address]}, id))
    assert ("subject.notices", "not_suppressed") == (notice.topic, json.loads(notice.value)["about"])
    assert installation.case(id) is None
    with installation.ledger.reading() as transaction:
        assert transaction.was_not_suppressed(id)


def test_who_shares_only_a_name_or_a_telephone_with_who_was_erased_is_not_suppressed(installation: Installation) -> None:
    erase(installation, uuid4())
    assert ["subject.notices"] == topics(installation.take(seen({"name": ["Jan de Vries"], "phone": ["+31201234567"]})))


def test_seen_twice_is_one_case_within_a_batch_and_after_it_and_after_a_restart(installation: Installation) -> None:
    erase(installation, uuid4())
    id = uuid4()
    twice = [seen(id=id, event_id="s1"), seen(id=id, event_id="s1"), seen(id=id)]
    assert 2 == len(installation.take(*twice))
    installation.process = installation.another(installation.ledger)
    assert [] == installation.take(*twice, seen(id=id))


def test_who_was_not_suppressed_is_told_once(installation: Installation) -> None:
    id = uuid4()
    assert 1 == len(installation.take(seen(id=id, event_id="s1"), seen(id=id, event_id="s1")))
    assert [] == installation.take(seen(id=id, event_id="s1"))
    assert 1 == len(installation.take(seen(id=id)))


def test_the_id_of_the_erasure_itself_cannot_be_used_for_who_is_seen(installation: Installation) -> None:
    id = uuid4()
    erase(installation, id)
    assert ["conflicting_request"] == reasons(installation.take(seen(id=id)))


def test_a_second_orchestrator_sees_what_the_first_erased(installation: Installation) -> None:
    erase(installation, uuid4())
    id, other = uuid4(), installation.another(installation.ledger)
    event = seen(id=id, event_id="s1")
    assert 2 == len(other.take([event], installation.time.now))
    assert [] == installation.take(event)


def test_once_the_end_date_is_over_nobody_is_suppressed(installation: Installation, store: Suppression) -> None:
    erase(installation, uuid4())
    assert store.request_of(Subject(JAN), UNTIL) is not None  # type: ignore[arg-type]
    assert store.request_of(Subject(JAN), UNTIL + timedelta(days=1)) is None  # type: ignore[arg-type]
    store.forget(UNTIL)
    assert 2 == len(store.lines())
    store.forget(UNTIL + timedelta(days=1))
    assert [] == store.lines()


def test_without_a_store_it_is_refused_with_what_to_do(ledger: Ledger, tmp_path: Path) -> None:
    plain = Installation(ledger, tmp_path)
    (letter,) = plain.take(seen())
    assert "unsupported" == json.loads(letter.value)["reason"]
    assert "[suppression]" in json.loads(letter.value)["detail"]
    assert "suppression" not in {one.kind for one in certificate(erase(plain, uuid4())).orchestrator.records}
    plain.keyring.close()


def test_what_a_restriction_keeps_is_not_erased_again_without_a_word(installation: Installation) -> None:
    erase(installation, uuid4())
    installation.take(request(uuid4(), "subject.restrict", subject=JAN, ground="18(1)(c)"))
    id = uuid4()
    assert {"subject.notices"} == set(topics(installation.take(seen(id=id))))
    case = installation.case(id)
    assert case is not None and case.block is not None


def test_who_came_back_of_his_own_will_is_suppressed_no_longer_by_anything_of_that_erasure(
    installation: Installation, store: Suppression
) -> None:
    erase(installation, uuid4())
    assert 2 == store.lift(Subject({"email": ["JAN@voorbeeld.nl"]}))  # type: ignore[arg-type]
    assert [] == store.lines()
    assert ["subject.notices"] == topics(installation.take(seen({"customer_id": ["C-1001"]})))


def test_what_is_lifted_is_lifted_of_every_erasure_and_who_shares_nothing_stays(installation: Installation, store: Suppression) -> None:
    erase(installation, uuid4())
    erase(installation, uuid4(), subject={"customer_id": ["C-1001"]})
    erase(installation, uuid4(), subject={"email": ["piet@voorbeeld.nl"]})
    assert 3 == store.lift(Subject({"email": ["jan@voorbeeld.nl"]}))  # type: ignore[arg-type]
    assert [Line("email", UNTIL, 1)] == store.lines()
    assert store.request_of(Subject({"email": ["piet@voorbeeld.nl"]}), TODAY) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["lifted", "over"])
def test_of_tokens_that_were_dropped_nothing_stands_in_a_file(tmp_path: Path, how: str) -> None:
    own = SuppressionSettings(url=f"sqlite:///{tmp_path}/suppression.db", key=SecretStr("k" * 32), ground=GROUND, keep=Keep(2, "y"))
    store, jan = Suppression.open(own), Subject(JAN)  # type: ignore[arg-type]
    store.note_tokens(uuid4(), jan, UNTIL)
    token = store.token("email", "jan@voorbeeld.nl").encode()
    assert [token in path.read_bytes() for path in tmp_path.iterdir() if token in path.read_bytes()]
    store.lift(jan) if how == "lifted" else store.forget(UNTIL + timedelta(days=1))
    assert [] == [path.name for path in tmp_path.iterdir() if token in path.read_bytes()]
    store.close()
