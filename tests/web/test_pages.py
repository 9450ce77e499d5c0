"""What an officer reads and does, from the overview to the certificate."""

import hashlib
import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from connectors.testing.simulator import Person
from orchestrator.handled import entries
from orchestrator.papers import attached, pages
from orchestrator.register import Wanted
from orchestrator.tables import certificates
from orchestrator.tongue import WORDS
from orchestrator.verify import verify
from orchestrator.web.pages import csv_parts
from orchestrator.web.views import overview, tasks
from tests.flow.company import AMSTERDAM
from tests.web.conftest import JAN, Office, act, csrf
from topics.outcomes import Evidence, Outcome


def test_the_overview_counts_what_is_open_and_shows_the_most_urgent_first(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    first = office.company.ask(JAN.subject())
    office.company.settle(days=10)
    second = office.company.ask(Person("piet@voorbeeld.nl").subject())
    office.company.settle(days=25)
    page = office.visitor().get("/").text
    assert page.index(str(first)) < page.index(str(second))
    assert "<dt>Open requests</dt><dd>2</dd>" in page
    assert "<dt>Overdue</dt><dd>1</dd>" in page
    assert "days late" in page and "days left" in page


def test_a_case_shows_every_processor_from_the_order_to_the_evidence(office: Office) -> None:
    request = office.erased()
    page = office.visitor().get(f"/cases/{request}").text
    for words in ("moneybird", "kept by law", "AWR art. 52(4)", "GDPR art. 17(3)(b)", "looked again: it is so", "complete, with holds"):
        assert words in page
    assert JAN.email not in page


def test_dates_and_words_are_the_readers_own(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    assert "21 december 2026" in browser.get(f"/cases/{request}", headers={"accept-language": "nl-NL,nl;q=0.9,en;q=0.5"}).text
    assert "21 December 2026" in browser.get(f"/cases/{request}", headers={"accept-language": "en"}).text
    chosen = browser.get(f"/cases/{request}?language=nl")
    assert '<html lang="nl">' in chosen.text
    assert '<html lang="nl">' in browser.get("/", headers={"accept-language": "en"}).text


def test_both_languages_have_all_words() -> None:
    english, dutch = WORDS.values()
    assert english.keys() == dutch.keys()
    for word in [*Outcome, *Evidence]:
        assert word.value in english or f"outcome_{word.value}" in english


def test_the_certificate_is_shown_checked_and_can_be_downloaded(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    page = browser.get(f"/cases/{request}/certificate").text
    assert "Erasure: <strong>complete, with holds</strong>" in page
    assert "DOES NOT HOLD" not in page and page.count("holds</td>") == 6
    jws = browser.get(f"/cases/{request}/certificate.jws").text
    assert request == verify(jws, office.company.keys.jwks()).request_id
    assert str(request) == json.loads(browser.get(f"/cases/{request}/certificate.json").text)["request_id"]
    assert hashlib.sha256(jws.encode()).hexdigest() in page
    assert "Onderwerp: Het wissen van uw persoonsgegevens" in browser.get(f"/cases/{request}/letter.txt?language=nl").text
    pdf = browser.get(f"/cases/{request}/certificate.pdf").content
    assert (jws, "unchanged") == (attached(pdf), pages(pdf, jws))
    assert browser.get(f"/cases/{request}/letter.pdf").content.startswith(b"%PDF-")
    assert 404 == browser.get(f"/cases/{request}/certificate?revision=7").status_code


def test_what_an_officer_decides_travels_as_an_event_and_nothing_else_is_written(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    request = office.company.ask(JAN.subject())
    office.company.settle()
    before = office.company.case(request)
    browser = office.visitor()
    answer = act(browser, request, "refuse", reason="The request is manifestly excessive.")
    assert (303, f"/cases/{request}?said=true") == (answer.status_code, answer.headers["location"])
    assert before == office.company.case(request)
    (message,) = office.sent
    assert b"case.refuse" == dict(message.headers)["ce_type"]
    office.company.settle(minutes=20)
    assert "refuse: The request is manifestly excessive." in browser.get(f"/cases/{request}").text
    assert "refuse" == office.access.audit()[1].action


@pytest.mark.parametrize(
    ("order", "given", "status", "sentence"),
    [
        ("refuse", {"reason": "Because jan@voorbeeld.nl asked."}, 422, "e-mail address"),
        ("refuse", {}, 422, "reason"),
        ("resume", {}, 409, "not standing still"),
        ("decide", {"decision": "uphold", "reason": "It is right."}, 409, "waits for no decision"),
        ("hold", {"reason": "A summons.", "until": "2020-01-01"}, 409, "lies in the past"),
        ("hold", {"reason": "A summons.", "until": "x"}, 422, "until"),
        ("retry", {"only": "nowhere"}, 409, "processor"),
    ],
)
def test_an_order_that_does_not_fit_is_told_on_the_page_and_not_sent(
    office: Office, order: str, given: dict[str, str], status: int, sentence: str
) -> None:
    office.company.stopped = {"moneybird"}
    request = office.company.ask(JAN.subject())
    office.company.settle()
    answer = act(office.visitor(), request, order, **given)
    assert status == answer.status_code
    assert sentence in answer.text and 'role="alert"' in answer.text
    assert "jan@voorbeeld.nl" not in answer.text
    assert [] == office.sent


def test_an_order_of_an_unknown_name_is_not_found(office: Office) -> None:
    assert 404 == act(office.visitor(), office.erased(), "destroy").status_code


def test_the_time_is_stopped_and_goes_on_by_the_pages(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    request, browser = office.company.ask(JAN.subject()), office.visitor()
    office.company.settle()
    act(browser, request, "pause", ground="The address is new.")
    office.company.settle()
    page = browser.get(f"/cases/{request}").text
    assert "The address is new." in page and "the time stands still" in page
    assert "Identity in doubt" in browser.get("/").text
    act(browser, request, "resume")
    office.company.settle()
    assert "the time stands still" not in browser.get(f"/cases/{request}").text


def test_holds_are_listed_with_the_law_and_the_last_day(office: Office) -> None:
    request = office.erased()
    page = office.visitor().get("/holds").text
    for words in (str(request), "invoice", "AWR art. 52(4)", "31 December 2032"):
        assert words in page


def test_the_register_is_filtered_and_downloaded(office: Office) -> None:
    office.erased()
    browser = office.visitor()
    assert "complete, with holds" in browser.get("/register").text
    assert "Nothing was found." in browser.get("/register?right=objection").text
    assert "Nothing was found." in browser.get("/register?since=2027-01-01").text
    rows = browser.get("/register.csv").text.lstrip("\ufeff").splitlines()
    assert 2 == len(rows) and "complete_with_holds" in rows[1]
    assert [422, 422, 422] == [browser.get(f"/register?{wrong}").status_code for wrong in ("since=x", "right=x", "status=x")]


def test_a_long_register_is_sent_in_parts_and_has_one_head(office: Office) -> None:
    office.erased()
    (entry,) = entries(office.company.ledger, AMSTERDAM, Wanted())
    parts = list(csv_parts(iter([entry] * 1_001), date(2026, 11, 20)))
    rows = b"".join(parts).decode("utf-8-sig").splitlines()
    assert (3, 1_002) == (len(parts), len(rows))
    assert 1 == sum(row.startswith("pseudonym") for row in rows)
    assert [] == [row for row in rows if not row or "\ufeff" in row]


def test_the_register_is_shown_page_by_page(office: Office) -> None:
    office.erased()
    browser = office.visitor()
    with office.company.ledger.transaction() as transaction:
        (row,) = transaction.connection.execute(select(certificates)).mappings()
        copies = [
            {**row, "request_id": uuid4(), "certificate_id": uuid4(), "register_index": n, "sha256": f"{n:064}"} for n in range(2, 252)
        ]
        transaction.connection.execute(insert(certificates), copies)
    first, second = browser.get("/register").text, browser.get("/register?page=2").text
    assert (200, 51) == tuple(page.count('<th scope="row"><code>') for page in (first, second))
    assert "page=2" in first and "Older" in first and "Newer" not in first
    assert "page=1" in second and "Newer" in second and "Older" not in second
    assert 422 == browser.get("/register?page=0").status_code


def test_who_it_is_is_shown_only_where_configured_audited_and_never_after_shredding(tmp_path_factory: pytest.TempPathFactory) -> None:
    office = Office(tmp_path_factory.mktemp("office"), show_person=True)
    request, browser = office.erased(), office.visitor()
    form = {"csrf": csrf(browser.get(f"/cases/{request}"))}
    assert JAN.email in browser.post(f"/cases/{request}/person", data=form).text
    assert ("person", request) == (office.access.audit()[0].action, office.access.audit()[0].request_id)
    office.company.settle(days=3)
    office.company.settle(days=3)
    later = office.visitor()
    gone = later.post(f"/cases/{request}/person", data={"csrf": csrf(later.get("/"))})
    assert 410 == gone.status_code and JAN.email not in gone.text
    office.close()


def test_who_it_is_is_not_shown_where_it_is_not_configured(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    assert 403 == browser.post(f"/cases/{request}/person", data={"csrf": csrf(browser.get("/"))}).status_code


def test_progress_is_told_until_the_case_is_closed(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    request = office.company.ask(JAN.subject())
    office.company.settle()
    office.company.stopped = set()
    sleeps = 0

    async def sleep(_seconds: float) -> None:
        nonlocal sleeps
        sleeps += 1
        if sleeps == 3:
            await office.company._settle()
            office.company.time.now += timedelta(minutes=1)

    object.__setattr__(office.ports, "sleep", sleep)
    answer = office.visitor().get(f"/cases/{request}/progress")
    assert "text/event-stream; charset=utf-8" == answer.headers["content-type"]
    told = [line for line in answer.text.splitlines() if line]
    assert 2 == len(told) and told[0] != told[1]


def test_a_task_is_noted_with_the_digest_of_its_proof_and_the_file_is_not_kept(office: Office) -> None:
    office.company.vendors["moneybird"].add_contact(JAN, archived=True)
    request = office.company.ask(JAN.subject(), "subject.unrestrict")
    office.company.settle()
    office.company.settle(minutes=15)
    browser, proof = office.visitor(), b"Lifted by hand on the screen, says Moneybird."
    assert str(request) in browser.get("/tasks").text
    form = {"csrf": csrf(browser.get(f"/cases/{request}")), "processor": "moneybird", "outcome": "lifted", "count": "1", "on": "2026-11-20"}
    sent = {"data": form, "files": {"file": ("proof.txt", proof)}}
    assert 303 == browser.post(f"/cases/{request}/orders/done", **sent).status_code
    office.company.settle()
    last = office.company.certificates(request)[-1]
    assert ("complete", "lifted") == (last.status, last.processors[0].records[0].outcome)
    assert hashlib.sha256(proof).hexdigest() in browser.get(f"/cases/{request}/certificate").text
    assert str(request) not in browser.get("/tasks").text
    assert not any(proof in path.read_bytes() for path in office.folder.rglob("*") if path.is_file())


WAITING: list[tuple[str, dict[str, str], bool]] = [
    ("subject.object", {"ground": "21(1)"}, False),
    ("subject.erase", {"identity": "doubtful"}, False),
    ("subject.restrict", {"ground": "18(1)(a)"}, False),
    ("subject.unrestrict", {}, True),
]
"""What each kind of request waits for: a decision, an identity, a word on what cannot be undone, work."""


@pytest.mark.parametrize(("type", "given", "is_work"), WAITING)
def test_what_waits_for_the_officer_is_found_behind_any_number_of_more_urgent_requests(
    office: Office, type: str, given: dict[str, str], is_work: bool
) -> None:
    company, asked = office.company, []
    for person in (JAN, Person("piet@voorbeeld.nl")):
        company.vendors["moneybird"].add_contact(person, archived=is_work)
        asked.append(company.ask(person.subject(), type, **given))
        company.settle(hours=30)
    company.settle(minutes=15)
    with company.ledger.reading() as transaction:
        found = overview(transaction, company.time.now, AMSTERDAM, most=1)
        work = tasks(transaction)
    assert 1 == len(found.open_cases)
    assert asked == [one.request_id for one in found.waiting]
    assert (asked if is_work else []) == [one.request_id for one in work]


def test_a_claim_is_placed_and_lifted_by_the_pages(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    assert 303 == act(browser, request, "hold", reason="A dispute over the delivery.", until="2027-06-30").status_code
    office.company.settle()
    assert ["A dispute over the delivery."] == [placed.claim.reason for placed in office.company.case(request).claims]
    page = browser.get(f"/cases/{request}").text
    assert all(words in page for words in ("Kept for a legal claim", "A dispute over the delivery.", "30 June 2027"))
    assert 303 == act(browser, request, "unhold").status_code
    office.company.settle()
    assert [] == list(office.company.case(request).claims)
    assert "Kept for a legal claim" not in browser.get(f"/cases/{request}").text


def test_the_time_is_extended_by_the_pages(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    request, browser = office.company.ask(JAN.subject()), office.visitor()
    office.company.settle()
    assert 303 == act(browser, request, "extend", reason="Five systems answer by letter only.").status_code
    office.company.settle()
    page = browser.get(f"/cases/{request}").text
    assert "Five systems answer by letter only." in page and "22 February 2027" in page


def test_the_overview_says_that_everything_is_stopped_by_whom_and_why(office: Office) -> None:
    browser = office.visitor()
    assert "Everything is stopped" not in browser.get("/").text
    office.company.keyring.stops.press("rik", "The shop erases every visitor.")
    page = browser.get("/").text
    assert "Everything is stopped" in page and "rik: The shop erases every visitor." in page


def test_the_api_lists_open_cases_those_that_are_late_and_those_that_wait_page_by_page(office: Office) -> None:
    office.company.stopped = {"moneybird"}
    asked = [office.company.ask(JAN.subject())]
    office.company.settle(days=10)
    for person in (Person("piet@voorbeeld.nl"), Person("an@voorbeeld.nl")):
        asked.append(office.company.ask(person.subject(), identity="doubtful"))
        office.company.settle(minutes=1)
    office.company.settle(days=22)
    browser = office.visitor()

    def found(query: str) -> tuple[int, list[str], int | None]:
        answer = browser.get(f"/api/cases{query}").json()
        return answer["number"], [one["request_id"] for one in answer["cases"]], answer["next"]

    first, second, third = map(str, asked)
    assert (3, [first, second, third], None) == found("")
    assert (1, [first], None) == found("?which=overdue")
    assert (2, [second, third], None) == found("?which=waiting")
    assert (3, [first, second], 2) == found("?size=2")
    assert (3, [third], None) == found("?size=2&page=2")
    assert 422 == browser.get("/api/cases?size=201").status_code
    assert 422 == browser.get("/api/cases?which=closed").status_code
