"""`erasure dead-letters`: listing what could not be processed, opening it, and sending it again."""

import json
from dataclasses import replace

import pytest

from tests.orchestrator.command.stage import VALUES, Stage
from topics.bus import Delivery, Message
from topics.dead_letters import DeadLetter
from topics.keyring import Keyring, dead_letters_key
from topics.names import Topic

HEADERS = (("ce_specversion", b"1.0"), ("ce_id", b"7"), ("ce_source", b"/shop"), ("ce_type", b"subject.forget"), ("trace", b"abc"))
BODY = json.dumps({"email": "jan@voorbeeld.nl"}).encode()


def unreadable(stage: Stage, value: bytes | None = BODY, topic: str | None = None, offset: int = 41) -> Delivery:
    return Delivery(topic or stage.names.of(Topic.REQUESTS), 1, offset, b"C-1001", value, HEADERS)


def park(stage: Stage, *deliveries: Delivery) -> None:
    """Take in what cannot be read, and publish the dead letters."""
    for delivery in deliveries:
        stage.publish(stage.take(delivery))


def ids(stage: Stage) -> list[str]:
    return [row["id"] for row in json.loads(stage.erasure("dead-letters", "list", "--json").stdout)]


def test_an_empty_topic_is_an_empty_list(live: Stage) -> None:
    assert "There are no dead letters.\n" == live.erasure("dead-letters", "list").stdout
    assert [] == json.loads(live.erasure("dead-letters", "list", "--json").stdout)


def test_without_the_topic_the_list_is_empty_and_none_is_made(tmp_path, broker: str) -> None:
    stage = Stage(tmp_path, broker)

    assert 0 == stage.erasure("dead-letters", "list").exit_code
    assert f"{stage.prefix}dead-letters does not exist." in stage.erasure("topics", "diff").stdout


def test_the_list_says_what_when_why_and_from_where(live: Stage) -> None:
    park(live, unreadable(live))
    (row,) = json.loads(live.erasure("dead-letters", "list", "--json").stdout)
    text = live.erasure("dead-letters", "list").stdout

    assert ["id", "time", "reason", "detail", "topic", "partition", "offset"] == list(row)
    assert live.now.isoformat() == row["time"]
    assert ("unknown_type", live.names.of(Topic.REQUESTS), 1, 41) == tuple(row[k] for k in ("reason", "topic", "partition", "offset"))
    assert "known are subject.erase" in row["detail"]
    assert row["id"] in text
    assert "unknown_type" in text
    assert "In all: 1." in text


def test_what_is_no_dead_letter_of_ours_is_listed_as_such(live: Stage) -> None:
    live.publish([Message(live.names.of(Topic.DEAD_LETTERS), None, b"\x1b[31mhello", ())])
    result = live.erasure("dead-letters", "list")
    (id,) = ids(live)
    shown = live.erasure("dead-letters", "show", id, "--reveal")

    assert 0 == result.exit_code
    assert "This is no dead letter of ours." in result.stdout
    assert "\x1b" not in result.stdout
    assert (1, True) == (shown.exit_code, "nothing in it can be opened" in shown.stderr)


def test_show_keeps_the_original_sealed_until_it_is_told_to_reveal(live: Stage) -> None:
    park(live, unreadable(live))
    (id,) = ids(live)
    closed, opened = live.erasure("dead-letters", "show", id), live.erasure("dead-letters", "show", id, "--reveal")

    assert (0, 0) == (closed.exit_code, opened.exit_code)
    assert "sealed; --reveal opens it" in closed.stdout
    assert not any(value in closed.output for value in VALUES)
    assert "It may hold personal data" in opened.stderr
    assert "key        C-1001\n" in opened.stdout
    assert "header     ce_type: subject.forget\n" in opened.stdout
    assert f"value      {BODY.decode()}\n" in opened.stdout


def test_what_a_terminal_would_obey_is_not_printed(live: Stage) -> None:
    park(live, unreadable(live, b"\x1b[2Jhello"))

    assert "\x1b" not in live.erasure("dead-letters", "show", ids(live)[0], "--reveal").output


def test_an_original_that_was_too_large_is_taken_from_the_ledger(live: Stage) -> None:
    park(live, unreadable(live, b"x" * 2_000_000))
    (id,) = ids(live)
    (letter,) = live.on_topic(Topic.DEAD_LETTERS)

    assert DeadLetter.model_validate_json(letter.value or b"").sealed is None
    assert "value      " + "x" * 2_000_000 in live.erasure("dead-letters", "show", id, "--reveal").stdout
    assert 0 == live.erasure("dead-letters", "replay", id).exit_code


def test_an_original_that_nobody_keeps_is_told(live: Stage) -> None:
    park(live, unreadable(live))
    (letter,) = live.on_topic(Topic.DEAD_LETTERS)
    bare = json.loads(letter.value or b"") | {"sealed": None, "offset": 99}
    live.publish([Message(letter.topic, None, json.dumps(bare).encode(), letter.headers)])
    results = [live.erasure("dead-letters", "show", id, "--reveal") for id in ids(live)]

    assert [0, 1] == sorted(result.exit_code for result in results)
    assert any("the ledger does not hold it" in result.stderr for result in results)


def test_a_destroyed_key_is_told(live: Stage) -> None:
    park(live, unreadable(live))
    keyring = Keyring.open(live.configuration().keyring.url)
    keyring.destroy(dead_letters_key(live.now))
    keyring.close()
    (id,) = ids(live)

    for arguments in (("show", id, "--reveal"), ("replay", id), ("replay", "--all")):
        result = live.erasure("dead-letters", *arguments)
        assert 1 == result.exit_code
        assert "its key is not in the keyring, or was destroyed" in result.stderr
    assert [] == live.on_topic(Topic.REQUESTS)


def test_another_keyring_cannot_open_it(live: Stage) -> None:
    park(live, unreadable(live))
    (id,) = ids(live)
    (live.folder / "keyring.db").unlink()
    missing = live.erasure("dead-letters", "show", id, "--reveal")
    keyring = Keyring.open(live.configuration().keyring.url)
    keyring.ensure(dead_letters_key(live.now))
    keyring.close()
    other = live.erasure("dead-letters", "show", id, "--reveal")

    assert (1, 1) == (missing.exit_code, other.exit_code)
    assert "There is no keyring at" in missing.stderr
    assert "sealed under another key" in other.stderr


def test_a_keyring_that_is_none_is_told(live: Stage) -> None:
    park(live, unreadable(live))
    (live.folder / "keyring.db").write_text("this is no database" * 100)
    result = live.erasure("dead-letters", "show", ids(live)[0], "--reveal")

    assert 2 == result.exit_code
    assert "The keyring cannot be read" in result.stderr


def test_replay_sends_the_same_bytes_key_and_headers_and_says_from_where(live: Stage) -> None:
    park(live, unreadable(live))
    (id,) = ids(live)
    result = live.erasure("dead-letters", "replay", id)

    (sent,) = live.on_topic(Topic.REQUESTS)
    assert 0 == result.exit_code
    assert f"Sent {id} to {live.names.of(Topic.REQUESTS)} again.\n" == result.stdout
    (letter,) = live.on_topic(Topic.DEAD_LETTERS)
    origin = ("ce_causationid", dict(letter.headers)["ce_id"]), ("erasure-replayed-from", id.encode())
    assert (b"C-1001", BODY, (*HEADERS, *origin)) == (sent.key, sent.value, sent.headers)


def test_what_could_be_read_by_now_is_taken_in_after_a_replay(live: Stage) -> None:
    good = live.request(processors=["jira"])
    later = good.value.replace(b'"jira"', b'"mailman"')
    park(live, Delivery(good.topic, 0, 5, good.key, later, good.headers))
    live.erasure("dead-letters", "replay", "--all", "--reason", "unknown_processor")
    (sent,) = live.on_topic(Topic.REQUESTS)
    live.take(replace(sent, value=good.value))  # as if mailman were configured now

    assert 0 == live.erasure("status", (good.key or b"").decode()).exit_code


def test_a_replayed_message_names_its_dead_letter_as_its_cause_and_the_next_letter_too(live: Stage) -> None:
    park(live, unreadable(live))
    live.erasure("dead-letters", "replay", "--all")
    (sent,) = live.on_topic(Topic.REQUESTS)
    (first,) = live.on_topic(Topic.DEAD_LETTERS)
    park(live, sent)
    second = next(one for one in live.on_topic(Topic.DEAD_LETTERS) if one.value != first.value or one.offset != first.offset)
    live.erasure("dead-letters", "replay", f"{second.partition}-{second.offset}")
    again = live.on_topic(Topic.REQUESTS)[-1]

    letter = [dict(one.headers)["ce_id"] for one in (first, second)]
    assert letter[0] == dict(sent.headers)["ce_causationid"] == dict(second.headers)["ce_causationid"]
    assert "ce_causationid" not in dict(first.headers)
    assert {letter[0], letter[1]} == {dict(one.headers)["ce_causationid"] for one in live.on_topic(Topic.REQUESTS)}
    assert 1 == [name for name, _ in again.headers].count("ce_causationid")
    shown = live.erasure("dead-letters", "show", f"{second.partition}-{second.offset}").stdout
    assert f"cause      {letter[0].decode()}\n" in shown


def test_a_cause_that_the_sender_named_stays_its_own(live: Stage) -> None:
    own = replace(unreadable(live), headers=(*HEADERS, ("ce_causationid", b"order-7")))
    park(live, own)
    live.erasure("dead-letters", "replay", "--all")
    (sent,) = live.on_topic(Topic.REQUESTS)
    park(live, sent)

    assert b"order-7" == dict(sent.headers)["ce_causationid"]
    assert not any("ce_causationid" in dict(letter.headers) for letter in live.on_topic(Topic.DEAD_LETTERS))


def test_replaying_twice_opens_one_case_and_leaves_no_new_letter(live: Stage) -> None:
    early = live.request()
    park(live, Delivery(early.topic, 0, 5, early.key, b"{", early.headers))
    for _ in range(2):
        live.erasure("dead-letters", "replay", "--all")
    replayed = [replace(sent, value=early.value) for sent in live.on_topic(Topic.REQUESTS)]  # as if it could be read by now

    assert [2, 0] == [len(live.take(sent)) for sent in replayed]


def test_what_is_revealed_is_logged_without_its_contents(live: Stage, caplog: pytest.LogCaptureFixture) -> None:
    park(live, unreadable(live))
    (id,) = ids(live)
    live.erasure("dead-letters", "show", id)
    assert "was opened" not in caplog.text
    live.erasure("dead-letters", "show", id, "--reveal")
    assert f"the original of dead letter {id} was opened" in caplog.text
    assert not any(value in caplog.text for value in VALUES)


def test_replaying_twice_sends_one_that_lies_there_twice_only_once(live: Stage) -> None:
    park(live, unreadable(live))
    live.erasure("dead-letters", "replay", "--all")
    park(live, *live.on_topic(Topic.REQUESTS))
    result = live.erasure("dead-letters", "replay", "--all")

    assert 2 == len(ids(live))
    assert 1 == result.stdout.count("Sent ")
    assert 2 == len(live.on_topic(Topic.REQUESTS))
    assert all(1 == [name for name, _ in sent.headers].count("erasure-replayed-from") for sent in live.on_topic(Topic.REQUESTS))


def test_a_reason_narrows_what_is_replayed(live: Stage) -> None:
    park(live, unreadable(live), unreadable(live, b"", offset=42))

    assert "There is nothing to send again.\n" == live.erasure("dead-letters", "replay", "--all", "--reason", "internal").stdout
    assert 1 == live.erasure("dead-letters", "replay", "--all", "--reason", "unknown_type").stdout.count("Sent ")


def test_one_that_cannot_be_sent_does_not_keep_back_the_others(live: Stage) -> None:
    park(live, unreadable(live, None), unreadable(live, topic="elsewhere", offset=42), unreadable(live, offset=43))
    result = live.erasure("dead-letters", "replay", "--all")

    assert 1 == result.exit_code
    assert 1 == result.stdout.count("Sent ")
    assert "has no value at all" in result.stderr
    assert "a topic that this configuration does not read" in result.stderr
    assert 1 == len(live.on_topic(Topic.REQUESTS))


@pytest.mark.parametrize("word", ["show", "replay"])
def test_no_such_dead_letter_is_a_no(live: Stage, word: str) -> None:
    result = live.erasure("dead-letters", word, "0-99")

    assert 1 == result.exit_code
    assert "There is no dead letter of that id." in result.stderr


@pytest.mark.parametrize("arguments", [(), ("0-1", "--all"), ("0-1", "--reason", "internal")])
def test_replay_wants_one_id_or_all(live: Stage, arguments: tuple[str, ...]) -> None:
    result = live.erasure("dead-letters", "replay", *arguments)

    assert 2 == result.exit_code
    assert "Give one ID, or --all" in result.stderr


def test_an_unknown_reason_is_refused_with_those_that_there_are(live: Stage) -> None:
    result = live.erasure("dead-letters", "replay", "--all", "--reason", "because")

    assert 2 == result.exit_code
    assert "--reason must be one of: too_large, unreadable" in result.stderr


@pytest.mark.parametrize("arguments", [("list",), ("show", "0-1"), ("replay", "--all")])
def test_without_a_broker_it_says_so(stage: Stage, arguments: tuple[str, ...]) -> None:
    result = stage.erasure("dead-letters", *arguments)

    assert 2 == result.exit_code
    assert "No Kafka broker answers" in result.stderr


def test_a_long_topic_is_read_to_its_end_in_order(live: Stage) -> None:
    topic = live.names.of(Topic.DEAD_LETTERS)
    live.publish([Message(topic, str(number).encode(), b"%d" % number, ()) for number in range(1_200)])
    found = live.on_topic(Topic.DEAD_LETTERS)

    assert {b"%d" % number for number in range(1_200)} == {one.value for one in found}
    assert [(one.partition, one.offset) for one in found] == sorted((one.partition, one.offset) for one in found)
    assert {0, 1} == {one.partition for one in found}
