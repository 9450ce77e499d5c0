"""`erasure suppression`: which rows of a file must go again, by number and never by value."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.command.spreadsheet import read
from orchestrator.suppression import Suppression
from tests.orchestrator.command.stage import Stage
from topics.subject import Subject

KEY = "0123456789abcdef0123456789abcdef"
TODAY = datetime.now(UTC).date()
SECTION = """
[suppression]
url = "sqlite:///suppression.db"
key = {env = "SUPPRESSION_KEY"}
ground = "6(1)(f), 21(3)"
keep = "2y"
"""
ERASED = {"email": ["jan@voorbeeld.nl"], "customer_id": ["C-1001"], "name": ["Jan de Vries"]}


class Suppressed(Stage):
    """An installation where one person was erased."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config.write_text(self.config.read_text() + SECTION)

    def store(self) -> Suppression:
        settings = self.configuration().suppression
        assert settings is not None
        return Suppression.open(settings)

    def configuration(self) -> Any:
        from topics.configuration import load

        return load(self.config, {"MONEYBIRD_TOKEN": "x", "JIRA_TOKEN": "x", "SUPPRESSION_KEY": KEY})

    def suppression(self, *words: str, key: str = KEY) -> Any:
        return self.erasure("suppression", *words, SUPPRESSION_KEY=key)

    def check(self, content: str | bytes, *options: str) -> Any:
        """Exit status and what is told of a file with that content."""
        file = self.folder / "people.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = self.suppression("check", str(file), "--json", *options)
        assert done.exit_code in (0, 1), done.stderr
        told = json.loads(done.stdout)
        assert [] == [value for values in ERASED.values() for value in values if value in done.output]
        return done.exit_code, told["again"], told["unreadable"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Suppressed]:
    made = Suppressed(tmp_path)
    store = made.store()
    store.note_tokens(uuid4(), Subject(ERASED), TODAY + timedelta(days=10))  # type: ignore[arg-type]
    store.close()
    yield made


NOBODY = (0, [], [])
IN_ROW_3 = (1, [3], [])


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(stage: Suppressed) -> None:
    assert IN_ROW_3 == stage.check("email,town\npiet@voorbeeld.nl,Delft\njan@voorbeeld.nl,Gouda\n")
    assert NOBODY == stage.check("email,town\npiet@voorbeeld.nl,Delft\n")


@pytest.mark.parametrize("address", ["JAN@Voorbeeld.NL", "  jan@voorbeeld.nl ", '"jan@voorbeeld.nl"'])
def test_another_letter_case_and_blanks_are_the_same_person(stage: Suppressed, address: str) -> None:
    assert IN_ROW_3 == stage.check(f"email\nx@y.nl\n{address}\n")


@pytest.mark.parametrize("address", ["jan+x@voorbeeld.nl", "jan@sub.voorbeeld.nl", "anna.jan@voorbeeld.nl", "C-1001", "Jan de Vries", ""])
def test_a_similar_address_is_another_person(stage: Suppressed, address: str) -> None:
    assert NOBODY == stage.check(f"email,x\nx@y.nl,\n{address},\n")


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_separator_of_excel_with_and_without_a_byte_order_mark_is_read(stage: Suppressed, bom: bytes, between: str, end: str) -> None:
    rows = (("email", "naam"), ("x@y.nl", "Café"), ("jan@voorbeeld.nl", '"A, B; C"'))
    text = end.join(between.join(row) for row in rows)
    assert IN_ROW_3 == stage.check(bom + text.encode())
    assert IN_ROW_3 == stage.check(text.encode("utf-16"))
    assert IN_ROW_3 == stage.check(text.encode("cp1252"))


def test_excels_own_first_line_is_no_row(stage: Suppressed) -> None:
    assert IN_ROW_3 == stage.check("sep=;\r\nemail;x\r\na@b.nl;1,2\r\njan@voorbeeld.nl;2,3\r\n")


def test_a_cell_may_have_lines_and_quotes_and_a_row_may_be_empty(stage: Suppressed) -> None:
    assert (1, [5], []) == stage.check('note,email\n"two\nlines, and ""quotes""",a@b.nl\n\n,\nx,jan@voorbeeld.nl\n')


def test_a_column_of_another_name_is_named(stage: Suppressed) -> None:
    assert IN_ROW_3 == stage.check("Naam;E-mail Adres\nx;a@b.nl\nx;jan@voorbeeld.nl\n", "--column", "email=e-mail adres")
    assert IN_ROW_3 == stage.check("klant\nC-1\nC-1001\n", "--column", "customer_id=klant")


def test_of_several_columns_one_is_enough(stage: Suppressed) -> None:
    assert IN_ROW_3 == stage.check("email,customer_id\na@b.nl,C-2\nnew@b.nl,C-1001\n")


@pytest.mark.parametrize(
    "row", ["jan@voorbeeld.nl; piet@b.nl,x", "Jan <jan@voorbeeld.nl>,x", "a,jan@voorbeeld.nl,x", '"jan@voorbeeld.nl, p@b.nl",x']
)
def test_a_row_of_which_nothing_can_be_said_is_told_and_never_taken_for_nobody(stage: Suppressed, row: str) -> None:
    assert (1, [], [3]) == stage.check(f"email,town\na@b.nl,x\n{row}\n")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"E-mail;Naam\njan@voorbeeld.nl;x\n", ()),
        (b"jan@voorbeeld.nl\n", ()),
        (b"", ()),
        (b"email\njan@voorbeeld.nl\n", ("--column", "email=nosuch")),
        (b"email\njan@voorbeeld.nl\n", ("--column", "jan@voorbeeld.nl")),
        (b'email\n"jan@voorbeeld.nl\n', ()),
        (b'email\n"jan"@voorbeeld.nl\n', ()),
        (b"PK\x03\x04\x00\x00", ()),
        (b"email\njan\x00@voorbeeld.nl\n", ()),
    ],
)
def test_a_file_that_cannot_be_checked_is_wrong_use_and_never_an_all_clear(
    stage: Suppressed, content: bytes, options: tuple[str, ...]
) -> None:
    (stage.folder / "people.csv").write_bytes(content)
    done = stage.suppression("check", str(stage.folder / "people.csv"), *options)
    assert 2 == done.exit_code
    assert "voorbeeld" not in done.output


@pytest.mark.parametrize(("words", "status"), [(("--email", "JAN@voorbeeld.nl"), 1), (("--email", "piet@b.nl"), 0), ((), 2)])
def test_one_person_can_be_asked_for(stage: Suppressed, words: tuple[str, ...], status: int) -> None:
    done = stage.suppression("check", *words)
    assert status == done.exit_code
    assert "voorbeeld" not in done.output


def test_what_is_typed_wrongly_is_not_repeated(stage: Suppressed) -> None:
    done = stage.suppression("check", "--emial", "jan@voorbeeld.nl")
    assert (2, False) == (done.exit_code, "voorbeeld" in done.output)
    done = stage.suppression("lift", "--identifier", "jan@voorbeeld.nl")
    assert (2, False) == (done.exit_code, "voorbeeld" in done.output)


@pytest.mark.parametrize("typed", ["jan@voorbeeld.nl", "C-1001", "jan-voorbeeld" * 30])
@pytest.mark.parametrize("command", [("suppression", "check"), ("verify", "--keys", "jwks.json")])
def test_who_is_typed_where_a_file_belongs_is_not_repeated(stage: Suppressed, command: tuple[str, ...], typed: str) -> None:
    done = stage.erasure(*command, typed, SUPPRESSION_KEY=KEY)
    assert (2, False, True) == (done.exit_code, typed in done.output, "cannot be used" in done.stderr)


def test_a_file_that_is_named_like_a_person_is_not_repeated(stage: Suppressed) -> None:
    (stage.folder / "jan@voorbeeld.nl").mkdir()
    done = stage.erasure("verify", "--keys", "jwks.json", str(stage.folder / "jan@voorbeeld.nl"), SUPPRESSION_KEY=KEY)
    assert (2, False) == (done.exit_code, "voorbeeld" in done.output)


def test_under_another_key_or_without_a_store_there_is_no_answer(stage: Suppressed) -> None:
    done = stage.suppression("check", "--email", "jan@voorbeeld.nl", key="z" * 32)
    assert (2, True) == (done.exit_code, "not the one" in done.stderr)
    (stage.folder / "suppression.db").unlink()
    assert 2 == stage.suppression("check", "--email", "jan@voorbeeld.nl").exit_code


def test_a_hundred_thousand_rows_are_read_some_at_a_time(stage: Suppressed) -> None:
    file = stage.folder / "many.csv"
    with file.open("w") as out:
        out.write("id;email\n")
        out.writelines(f'{n};"p{n}@voorbeeld.nl"\n' for n in range(2, 100_000))
        out.write("x;JAN@VOORBEELD.NL\n")
    done = stage.suppression("check", str(file), "--json")
    told = json.loads(done.stdout)
    assert (1, [100_000], []) == (done.exit_code, told["again"], told["unreadable"])
    rows = read(file)
    assert ["id", "email"] == next(rows)


def test_the_list_counts_by_kind_and_last_day(stage: Suppressed) -> None:
    until = (TODAY + timedelta(days=10)).isoformat()
    told = json.loads(stage.suppression("list", "--json").stdout)
    assert [{"kind": kind, "until": until, "count": 1} for kind in ("customer_id", "email")] == told
    assert until in stage.suppression("list").stdout


def test_who_came_back_is_lifted_once(stage: Suppressed) -> None:
    done = stage.suppression("lift", "--email", "Jan@voorbeeld.nl")
    assert (0, "Tokens dropped: 2.\n") == (done.exit_code, done.stdout)
    assert 1 == stage.suppression("lift", "--email", "jan@voorbeeld.nl").exit_code
    assert NOBODY == stage.check("email,customer_id\njan@voorbeeld.nl,C-1001\n")


def test_it_needs_neither_ledger_nor_keyring_nor_broker(stage: Suppressed) -> None:
    assert [] == [path.name for path in stage.folder.glob("*.db") if path.name != "suppression.db"]
    assert 1 == stage.suppression("check", "--email", "jan@voorbeeld.nl").exit_code


def test_without_the_section_it_is_wrong_use(tmp_path: Path) -> None:
    done = Stage(tmp_path).erasure("suppression", "list")
    assert (2, True) == (done.exit_code, "[suppression]" in done.stderr)


def test_a_request_that_was_not_suppressed_is_told_by_status(stage: Suppressed) -> None:
    from orchestrator.ledger import Ledger

    id, ledger = uuid4(), Ledger.open(stage.configuration().ledger.url)
    with ledger.transaction() as transaction:
        transaction.note_not_suppressed(id, stage.now)
    ledger.close()
    done = stage.erasure("status", str(id), SUPPRESSION_KEY=KEY)
    assert (1, True) == (done.exit_code, "not suppressed" in done.stderr)
