"""TransIP through the kit, and its own traps."""

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.client import Client
from connectors.contract import Record
from connectors.errors import VendorError
from connectors.evidence import Evidence as Gathered
from connectors.http import HttpDoor, Limits, Vendor
from connectors.pace import Pace
from connectors.testing.harness import START, Bench, Time, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.transip import LOGIN, TransipSimulator
from connectors.vendors.transip import _BOXES, _FORWARDS, _LISTS, _MONITORING, Transip
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered
from topics.sealing import Key

HOST = "https://vendor.test"
SETTINGS: dict[str, Any] = {"login": LOGIN, "private_key": {"env": "TRANSIP_SECRET"}}
JAN = Person("jan@voorbeeld.nl")
PIET = Person("piet@elders.nl", "Piet", "P-1", "+31301234567")
HOW = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


class TestTransip(ConformanceKit):
    connector = Transip
    simulator = TransipSimulator
    settings = SETTINGS
    exempt = {"a_list_without_end_is_told_and_never_nothing_found": "A list may know no pages: what repeats has ended."}


def bench(simulator: TransipSimulator, **changed: Any) -> Bench:
    return Bench(Transip, simulator, SETTINGS | changed, HOST + simulator.base_path)


def fates(answer: Answered, kind: str) -> list[Outcome]:
    assert answer.outcome is None, answer.reason
    return [record.outcome for record in answer.records if record.kind == kind]


def calls(simulator: TransipSimulator, method: str) -> list[str]:
    return [call.request.url.raw_path.decode().split("?")[0] for call in simulator.calls if call.request.method == method]


class Strict(TransipSimulator):
    """Takes a changed list in one shape only, and nothing beside it."""

    shape: set[str] = {"mailList"}

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and {*json.loads(request.content)} != self.shape:
            return httpx.Response(406, json={"error": "Unknown field"})
        if request.method == "PUT" and "mailList" not in self.shape:
            body = {"mailList": json.loads(request.content)}
            request = httpx.Request("PUT", request.url, headers={"Authorization": request.headers["Authorization"]}, json=body)
        return super().handle(request)


class StrictAndBare(Strict):
    shape = {"name", "emailAddress", "entries"}


@pytest.mark.parametrize("vendor", [Strict, StrictAndBare])
def test_a_list_is_changed_whichever_of_the_two_shapes_is_taken(vendor: type[TransipSimulator]) -> None:
    simulator = vendor()
    simulator.add_list("perfacilis.nl", "nieuws", [PIET.email, JAN.email])
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "subscriber")
    assert [[PIET.email]] == [row["entries"] for row in simulator.rows("mail-lists")]


def test_a_list_that_is_refused_in_every_shape_is_told() -> None:
    simulator = Strict()
    simulator.shape = {"nothing"}
    simulator.add_list("perfacilis.nl", "nieuws", [JAN.email])
    assert [Outcome.REFUSED] == fates(bench(simulator).carry_out(JAN.subject()), "subscriber")


def test_contacts_of_a_domain_are_asked_for_without_pages_since_the_call_has_none() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    bench(simulator).carry_out(JAN.subject())
    asked = [call.request.url for call in simulator.calls if call.request.url.path.endswith(("/contacts", "domain-defaults/contacts"))]
    assert asked and not any(url.query for url in asked)


def test_every_domain_and_every_page_is_searched_and_lists_that_do_not_page_end() -> None:
    for paged in (True, False):
        simulator = TransipSimulator()
        simulator.pages, simulator.largest_page = paged, 1
        for n in range(4):
            simulator.add_forward(f"domein{n}.nl", "verkoop", PIET.email)
            simulator.add_forward(f"domein{n}.nl", "inkoop", JAN.email)
        answer = bench(simulator).carry_out(JAN.subject())
        assert [Outcome.ERASED] * 4 == fates(answer, "forward")
        assert 4 == len(simulator.rows("mail-forwards"))


def test_forwards_to_the_person_and_at_the_persons_address_go_and_no_others() -> None:
    simulator = TransipSimulator()
    for local, to in (("info", JAN.email), ("", "Jan@Voorbeeld.NL"), ("jan", "archief@elders.nl"), ("JAN", JAN.email)):
        simulator.add_forward("voorbeeld.nl", local, to)
    stay = [("voorbeeld.nl", "jan.de.vries"), ("voorbeeld.nl", "jan+family"), ("voorbeeld.nl", ""), ("mail.voorbeeld.nl", "jan")]
    for domain, local in stay:
        simulator.add_forward(domain, local, "anna.jan@voorbeeld.nl")
    answer = bench(simulator).carry_out(JAN.subject())
    assert [Outcome.ERASED] * 4 == fates(answer, "forward")
    assert stay == [(row["domain"], row["localPart"]) for row in simulator.rows("mail-forwards")]


def test_a_mailbox_of_another_that_copies_to_the_person_is_left_to_a_person() -> None:
    simulator = TransipSimulator()
    simulator.add_mailbox("voorbeeld.nl", "info", "info@voorbeeld.nl", JAN.email)
    simulator.add_mailbox("voorbeeld.nl", "jan", "Jan@voorbeeld.nl", JAN.email)
    for mode in ("dry-run", "execute"):
        answer = bench(simulator).carry_out(JAN.subject(), mode=mode)  # type: ignore[arg-type]
        assert ([Outcome.NEEDS_PERSON], [Outcome.ERASED]) == (fates(answer, "forward"), fates(answer, "mailbox"))
    assert ["info@voorbeeld.nl"] == [row["identifier"] for row in simulator.rows("mailboxes")]


@pytest.mark.parametrize("address", ["jan@voorbeeld.nl", "Jan/x?y#z%20&@voorbeeld.nl", "..@voorbeeld.nl"])
def test_a_mailbox_is_deleted_by_its_address_in_one_path_segment(address: str) -> None:
    simulator = TransipSimulator()
    simulator.add_mailbox("voorbeeld.nl", address.partition("@")[0], address)
    simulator.add_mailbox("voorbeeld.nl", "x", "x@voorbeeld.nl")
    answer = bench(simulator).carry_out({"email": [address.upper()]})
    assert [Outcome.ERASED] == fates(answer, "mailbox")
    assert [] == [
        path for path in calls(simulator, "DELETE") if "@" in path or not re.fullmatch(r"/v6/email/voorbeeld.nl/mailboxes/[^/]+", path)
    ]
    assert ["x@voorbeeld.nl"] == [row["identifier"] for row in simulator.rows("mailboxes")]


def test_a_mail_list_keeps_its_other_entries_and_its_name_and_is_never_deleted() -> None:
    simulator = TransipSimulator()
    mixed = ["anna@x.nl", "Jan@Voorbeeld.nl", "jan@werk.nl", "jan@voorbeeld.nl.example", "jan@voorbeeld.nl"]
    kept, emptied = simulator.add_list("voorbeeld.nl", "nieuws", mixed), simulator.add_list("voorbeeld.nl", "alleen", ["jan@voorbeeld.nl"])
    answer = bench(simulator).carry_out({"email": ["jan@voorbeeld.nl", "jan@werk.nl"]})
    assert [Outcome.ERASED] * 2 == fates(answer, "subscriber")
    lists = simulator.mail["voorbeeld.nl"]["mail-lists"]
    left = {"id": kept, "name": "nieuws", "emailAddress": "nieuws@voorbeeld.nl", "entries": ["anna@x.nl", "jan@voorbeeld.nl.example"]}
    assert (left, []) == (lists[kept], lists[emptied]["entries"])
    assert (2, []) == (len(calls(simulator, "PUT")), calls(simulator, "DELETE"))


class Filling(TransipSimulator):
    """Somebody else subscribes whenever the lists are looked at."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("mail-lists") and request.url.params["page"] == "1":
            for row in self.rows("mail-lists"):
                row["entries"] = [*row["entries"], f"nieuw{len(self.calls)}@elders.nl"]
        return super().handle(request)


def test_who_subscribes_between_the_search_and_the_change_stays_on_the_list() -> None:
    simulator = Filling()
    simulator.add_list("voorbeeld.nl", "nieuws", [JAN.email])
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "subscriber")
    looks = sum(path.endswith("mail-lists") for path in calls(simulator, "GET")) // 2
    assert (looks, 0) == (len(simulator.rows("mail-lists")[0]["entries"]), simulator.traces(JAN)["subscriber"])


def test_a_mail_list_at_the_persons_own_address_is_left_to_a_person() -> None:
    simulator = TransipSimulator()
    simulator.add_list("voorbeeld.nl", "familie", ["anna@x.nl"], JAN.email)
    assert [Outcome.NEEDS_PERSON] == fates(bench(simulator).carry_out(JAN.subject()), "forward")
    assert ["anna@x.nl"] == simulator.rows("mail-lists")[0]["entries"]


def test_contacts_of_domains_are_located_and_left_to_a_person() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    for domain in ("voorbeeld.nl", "perfacilis.nl", ""):
        simulator.whois[domain] = [{"type": "registrant", "email": PIET.email}, {"type": "technical", "email": "JAN@voorbeeld.nl"}]
    answer = bench(simulator).carry_out(JAN.subject())
    assert sorted([Outcome.NEEDS_PERSON] * 3 + [Outcome.ERASED]) == sorted(fates(answer, "contact"))
    reasons = {record.reason for record in answer.records if record.outcome is Outcome.NEEDS_PERSON}
    assert all("control panel" in (reason or "") for reason in reasons)
    assert 3 == simulator.traces(JAN)["contact"] and not any("contacts" in path for path in calls(simulator, "PUT"))


def test_a_contact_that_a_person_has_replaced_is_told_as_gone_in_the_next_round() -> None:
    simulator = TransipSimulator()
    simulator.add_forward("voorbeeld.nl", "verkoop", PIET.email)
    simulator.whois["voorbeeld.nl"] = [{"type": "registrant", "email": JAN.email}]
    run = bench(simulator)
    assert [Outcome.NEEDS_PERSON] == fates(run.carry_out(JAN.subject()), "contact")
    simulator.whois["voorbeeld.nl"] = [{"type": "registrant", "email": PIET.email}]
    (line,) = run.carry_out(JAN.subject()).records
    assert (Outcome.ERASED, Evidence.VERIFIED) == (line.outcome, line.evidence)


def test_a_monitoring_contact_is_found_by_its_own_id_too() -> None:
    simulator = TransipSimulator()
    simulator.add_contact(Person("oud@voorbeeld.nl"))
    simulator.add_contact(PIET)
    (id, other) = simulator.contacts
    answer = bench(simulator).carry_out({"email": [JAN.email], "transip.contact_id": [id]})
    assert [Outcome.ERASED] == fates(answer, "contact")
    assert [other] == list(simulator.contacts)


def test_a_domain_without_mail_service_is_passed_over_and_the_others_are_searched() -> None:
    simulator = TransipSimulator()
    simulator.no_mail = {("leeg.nl", which) for which in simulator.mail["leeg.nl"]}
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert {Outcome.ERASED} == {record.outcome for record in answer.records} and 4 == len(answer.records)


@pytest.mark.parametrize("missing", [["mail-forwards"], ["mailboxes"], ["mail-lists"], ["mail-forwards", "mail-lists"]])
def test_a_domain_that_shows_some_of_its_mail_and_not_all_is_not_known(missing: Sequence[str]) -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    simulator.no_mail = {("perfacilis.nl", which) for which in missing}
    answer = bench(simulator).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and 0 == simulator.writing_calls


@pytest.mark.parametrize("status", [404, 406, 410])
def test_no_single_answer_of_404_or_406_is_ever_nothing_found(status: int) -> None:
    clean = TransipSimulator()
    clean.seed(JAN)
    bench(clean).carry_out(JAN.subject(), mode="dry-run")
    mail = [nth for nth, call in enumerate(clean.calls) if "contacts" not in call.request.url.path or "monitoring" in call.request.url.path]
    for nth in mail[1:]:
        simulator = TransipSimulator()
        simulator.seed(JAN)
        simulator.faults.append(Fault(httpx.Response(status, json={"error": "Not found"}), skip=nth))
        answer = bench(simulator).carry_out(JAN.subject())
        assert Outcome.FAILED is answer.outcome and 0 == simulator.writing_calls, clean.calls[nth].request.url.path


class EndsIn404(TransipSimulator):
    """A page behind the last is 404, and not empty."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        behind = request.method == "GET" and request.url.params["page"] != "1" and answer.json() in ([{name: []} for name in answer.json()])
        return httpx.Response(404, json={"error": "Not found"}) if behind else answer


def test_a_404_to_a_later_page_is_no_missing_mail_service() -> None:
    simulator = EndsIn404()
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "page 2" in (answer.reason or "")


def test_a_forward_of_all_mail_is_of_nobody_who_is_called_none() -> None:
    simulator = TransipSimulator()
    id = simulator.add_forward("voorbeeld.nl", "", PIET.email)
    simulator.mail["voorbeeld.nl"]["mail-forwards"][id]["localPart"] = None
    assert () == bench(simulator).carry_out({"email": ["none@voorbeeld.nl"]}).records


class OfTheGoLibrary(TransipSimulator):
    """The names as TransIP's Go library reads them, ids as numbers, more fields, and what may be null is null."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if request.method != "GET" or answer.status_code != 200:
            return answer
        ((name, rows),) = answer.json().items()
        rows = [row | {"unheard": {"of": [1]}} | ({"id": int(row["id"])} if "id" in row else {}) for row in rows]
        nulls = [{"identifier": "x@x.nl", "forwardTo": None}] * (name == "mailboxes")
        name = {"mailboxes": "Mailboxes", "mailLists": "lists"}.get(name, name)
        return httpx.Response(200, json={"_links": [{"rel": "self"}], "page": 1, name: rows + nulls, "more": None})


def test_the_other_names_numbers_and_nulls_of_its_libraries_are_read() -> None:
    simulator = OfTheGoLibrary()
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert {Outcome.ERASED} == {record.outcome for record in answer.records} and 4 == len(answer.records)
    assert 0 == simulator.traces(JAN).total()


@pytest.mark.parametrize("field", ["id", "localPart", "forwardTo", "identifier", "name", "emailAddress", "entries", "email"])
def test_a_row_without_a_field_that_decides_is_misread(field: str) -> None:
    class Changed(TransipSimulator):
        def _page(self, request: httpx.Request, name: str, rows: list[Any]) -> httpx.Response:
            return super()._page(request, name, [{key: value for key, value in row.items() if key != field} for row in rows])

    simulator = Changed()
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and 0 == simulator.writing_calls


def test_a_list_whose_pages_never_repeat_and_never_end_is_told_as_failed() -> None:
    class Endless(TransipSimulator):
        def _page(self, request: httpx.Request, name: str, rows: list[Any]) -> httpx.Response:
            number = request.url.params.get("page", "1")
            return super()._page(request, name, [{**row, "id": f"{row['id']}{number}"} for row in rows] if name == "forwards" else rows)

    simulator = Endless()
    simulator.pages = False
    simulator.seed(JAN)
    answer = bench(simulator).carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "does not end" in (answer.reason or "")
    assert 0 == simulator.writing_calls


def test_what_is_locked_is_told_as_failed_so_that_it_is_tried_again_and_the_rest_goes() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    simulator.locked = {JAN.email}
    answer = bench(simulator).carry_out(JAN.subject())
    assert [Outcome.FAILED] == fates(answer, "mailbox")
    assert {Outcome.ERASED} == {record.outcome for record in answer.records if record.kind != "mailbox"}


def test_the_rate_limit_header_of_transip_is_waited_for() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    reset = {"X-Rate-Limit-Limit": "1000", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(int(START.timestamp()) + 90)}
    simulator.faults.append(Fault(httpx.Response(429, headers=reset), skip=3))
    run = bench(simulator)
    assert {Outcome.ERASED} == {record.outcome for record in run.carry_out(JAN.subject()).records}
    assert 90 == max(run.time.waits)


def test_only_the_documented_lists_are_read_and_no_invoice_is_asked_for() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    bench(simulator).carry_out(JAN.subject())
    assert {path.split("/")[2] for path in calls(simulator, "GET")} == {"domains", "email", "domain-defaults", "monitoring-contacts"}


WRITES = re.compile(
    r"DELETE /v6/(email/[^/?#]+/(mail-forwards|mailboxes)/[^/?#]+|monitoring-contacts/[^/?#]+)|PUT /v6/email/[^/?#]+/mail-lists/[^/?#]+"
)
"""Every call that may change something. Above all, what stands right below `/domains`, `/vps` and the like ends a contract."""
ODD = st.one_of(st.text(max_size=12), st.sampled_from(["", ".", "..", "/", "../..", "?a=b", "#", "%2e%2e", "..%2f", "\\", "{id}", "{0}"]))
PATHS = st.sampled_from([*_LISTS, "/domains/{domain}", "/vps", "/vps/{domain}", "/email/{domain}", "/email/{domain}/mail-addons", ""])


async def written_by(record: Record) -> list[str]:
    """What a connector writes to erase it, whatever stands in the reference."""
    written = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            written.append(f"{request.method} {request.url.raw_path.decode()}")
            return httpx.Response(204)
        rows = [{"id": json.loads(record.ref)[2], "name": "n", "emailAddress": "a@x.nl", "entries": ["jan@voorbeeld.nl"]}]
        return httpx.Response(200, json={"mailLists": rows})

    time = Time()
    async with Client(f"{HOST}/v6", 30.0, httpx.MockTransport(answer)) as client:
        vendor = Vendor("transip", client, None, Pace(1_000_000, time, time.sleep), Limits(30.0, timedelta(minutes=1)), time, time.sleep)
        connector = Transip(settings_of(Transip, SETTINGS), HttpDoor(vendor, Gathered(Key("case", b"k" * 32))))
        with suppress(VendorError, LookupError, ValueError):
            if connector.left_to_a_person(record) is None:  # else it is never handed over
                await connector.erase(record)
    return written


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(["forward", "subscriber", "mailbox", "contact", "domain"]), path=PATHS, domain=ODD, id=ODD)
def test_no_call_can_be_made_that_cancels_a_domain_or_product_or_deletes_a_list(kind: str, path: str, domain: str, id: str) -> None:
    record = Record(kind, json.dumps([path, domain, id, ["jan@voorbeeld.nl"]]))
    assert [] == [call for call in asyncio.run(written_by(record)) if not WRITES.fullmatch(call)]


@pytest.mark.parametrize("path", _LISTS)
def test_each_kind_of_record_is_deleted_only_where_it_stands(path: str) -> None:
    wanted = {_FORWARDS: {"forward"}, _BOXES: {"mailbox"}, _MONITORING: {"contact"}}.get(path, set())
    deleted = set()
    for kind in ("forward", "mailbox", "contact"):
        if asyncio.run(written_by(Record(kind, json.dumps([path, "voorbeeld.nl", "7", ["jan@voorbeeld.nl"]])))):
            deleted.add(kind)
    assert wanted == deleted
