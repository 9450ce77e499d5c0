"""The Mailman connector, over a socket, against a real Mailman 3; and the simulator's answers held against the real ones."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from connectors.client import Client
from connectors.http import Limits, Vendor
from connectors.pace import Pace
from connectors.testing.harness import SECRETS, Time
from connectors.testing.simulators.mailman import MailmanSimulator
from connectors.vendors.mailman import Mailman as Connector
from connectors.worker import Processor, Worker
from tests.live.servers import ServerUnavailable
from tests.live.servers.mailman import Mailman
from topics.commands import Action, Command, command_id
from topics.keyring import Keyring, case_key, hold_key
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered, Located
from topics.subject import Subject

ACTIES, NIEUWS, VRAGEN = "acties.voorbeeld.nl", "nieuws.voorbeeld.nl", "vragen.voorbeeld.nl"
AT_ONCE = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), True)
Transport = Callable[[], httpx.AsyncBaseTransport]


class Server(Mailman):
    """A real Mailman with the means to put something into it."""

    def call(self, method: str, path: str, json: Any = None, **query: Any) -> httpx.Response:
        with self._client() as client:
            return client.request(method, path, json=json, params=query)

    def put(self, path: str, **json: Any) -> dict[str, Any]:
        answer = self.call("POST", path, json)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def join(self, where: str, email: str, role: str = "member") -> None:
        self.put(
            "/members", list_id=where, subscriber=email, role=role, **(AT_ONCE if role == "member" else {}), display_name="Jan de Vries"
        )

    def members(self, email: str) -> list[dict[str, Any]]:
        return list(self.call("POST", "/members/find", {"subscriber": email}).json().get("entries", []))

    def post_message(self, where: str, sender: str) -> None:
        """Sent by a stranger to the list, so that Mailman holds it."""
        text = f"From: Jan de Vries <{sender}>\nTo: {where}\nSubject: hoi\nMessage-ID: <{uuid4()}@elders.nl>\n\nhoi\n"
        self.put("/queues/in", list_id=where, text=text)
        account = {"user": "list", "group": "list", "extra_groups": []} if os.geteuid() == 0 else {}
        runner = ["/usr/lib/mailman3/bin/runner", "-C", str(self.folder / "mailman.cfg"), "-r", "in:0:1", "-o"]
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder)}
        subprocess.run(runner, cwd=self.folder, env=environment, check=True, capture_output=True, timeout=60, **account)  # type: ignore[call-overload]

    def mail_waiting(self) -> int:
        return len(list((self.folder / "queue" / "virgin").glob("*.pck")))


class Case:
    """One case at a real server: as `connectors.testing.harness.Bench`, with a socket in place of a simulator."""

    def __init__(self, server: Mailman, transport: Transport = httpx.AsyncHTTPTransport, base_url: str | None = None) -> None:
        self.server, self.transport, self.base_url = server, transport, base_url or server.base_url
        self.password, self.time, self.located, self.round = server.password, Time(), list[Located](), 0
        self.keyring, self.request_id = Keyring.open("sqlite://"), uuid4()

    def carry_out(self, subject: dict[str, list[str]], action: Action = "erase") -> Answered:
        self.round += 1
        return asyncio.run(self._carry_out(subject, action))

    async def _carry_out(self, subject: dict[str, list[str]], action: Action) -> Answered:
        key, _ = self.keyring.ensure(case_key(self.request_id), hold_key(self.request_id))
        sealed = key.seal("subject", Subject.model_validate(subject).to_seal())
        known = tuple(report.sealed for report in self.located)
        id = command_id(self.request_id, "mailman", self.round)
        command = Command(
            command_id=id, request_id=self.request_id, processor="mailman", action=action, mode="execute", round=self.round,
            subject=sealed, known=known, due_by=date(2026, 12, 21),
        )  # fmt: skip
        raw = {"user": self.server.user, "password": {"env": "PASSWORD"}}
        settings = Connector.settings_model.model_validate(
            raw, context={"folder": self.server.folder, "environ": {"PASSWORD": self.password}}
        )
        async with Client(self.base_url, 30.0, self.transport()) as client:
            pace, limits = Pace(1_000_000, self.time, self.time.sleep), Limits(30.0, timedelta(minutes=1))
            vendor = Vendor("mailman", client, Connector.auth(settings), pace, limits, self.time, self.time.sleep)
            processor = Processor("mailman", Connector, settings, vendor, (), ZoneInfo("Europe/Amsterdam"))
            return await Worker(processor, self.keyring, self.time, self.time.sleep).carry_out(command, self._report)

    async def _report(self, located: Located) -> None:
        self.located.append(located)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(Server())
        except ServerUnavailable as error:
            if os.environ.get("ERASURE_TEST_ALL") == "1":
                pytest.fail(str(error))
            pytest.skip(str(error))
        for where in (ACTIES, NIEUWS, VRAGEN):
            started.add_list(where.replace(".", "@", 1))
        yield started


@pytest.fixture(params=[httpx.AsyncHTTPTransport, AiohttpTransport])
def transport(request: pytest.FixtureRequest) -> Transport:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def jan() -> str:
    """His address; each test has its own domain."""
    return f"jan@{uuid4().hex[:12]}.nl"


def look_alikes(email: str) -> list[str]:
    name, _, domain = email.partition("@")
    return [f"anna.{email}", f"{email}.example", f"{name}+family@{domain}", f"{name}@mail.{domain}", email[:-1]]


def told(answer: Answered) -> Counter[tuple[str, str]]:
    assert answer.outcome is None, answer.reason
    return Counter((record.kind, record.outcome.value) for record in answer.records)


def erased(**kinds: int) -> dict[tuple[str, str], int]:
    return {(kind, "erased"): number for kind, number in kinds.items()}


def test_everything_of_a_person_is_erased_and_nothing_of_others(server: Server, transport: Transport, jan: str) -> None:
    typed, others = jan.replace("jan", "JAN"), look_alikes(jan)
    for email in (typed, *others[:2]):
        server.post_message(NIEUWS, email)
    for email in (typed, *others):
        server.join(ACTIES, email)
        server.join(NIEUWS, email, "owner")
        server.put("/members", list_id=VRAGEN, subscriber=email)  # is asked to confirm it
        server.put(f"/lists/{ACTIES}/bans", email=email)
    server.put("/bans", email=f"^.*@{jan.partition('@')[2]}")
    waiting = server.mail_waiting()
    answer = Case(server, transport).carry_out({"email": [jan], "customer_id": ["C-1001"]})
    assert erased(subscriber=3, user=1, ban=1, message=1, subscription_request=1) == told(answer)
    assert {Evidence.VERIFIED} == {record.evidence for record in answer.records}
    assert waiting == server.mail_waiting(), "somebody got a mail about it"
    assert 404 == server.call("GET", f"/users/{jan}").status_code == server.call("GET", f"/addresses/{jan}").status_code
    assert not server.members(jan) and [3, 3, 2, 2, 2] == [len(server.members(email)) for email in others]
    left = Case(server).carry_out({"email": others})
    assert erased(subscriber=12, user=5, ban=5, message=2, subscription_request=5) == told(left)


def test_a_second_address_of_the_account_goes_along_with_all_that_hangs_from_it(server: Server, jan: str) -> None:
    second = f"werk-{jan}"
    for role in ("member", "moderator", "nonmember"):
        server.join(ACTIES, jan, role)
    server.put(f"/users/{jan}/addresses", email=second)
    server.join(NIEUWS, second)
    server.put("/bans", email=second)
    user = server.call("GET", f"/users/{jan}").json()["user_id"]
    assert erased(subscriber=4, user=1, ban=1) == told(Case(server).carry_out({"mailman.user_id": [user.upper()]}))
    assert 404 == server.call("GET", f"/addresses/{second}").status_code == server.call("GET", f"/users/{user}").status_code


def test_a_stranger_who_once_posted_has_an_address_without_an_account(server: Server, jan: str) -> None:
    server.post_message(NIEUWS, jan)
    assert 404 == server.call("GET", f"/users/{jan}").status_code and 200 == server.call("GET", f"/addresses/{jan}").status_code
    assert erased(message=1, user=1, subscriber=1) == told(Case(server).carry_out({"email": [jan]}))
    assert 404 == server.call("GET", f"/addresses/{jan}").status_code
    assert not told(Case(server).carry_out({"email": [jan]}))


def test_a_request_to_leave_a_moderated_list_goes_too(server: Server, jan: str) -> None:
    server.call("PATCH", f"/lists/{VRAGEN}/config", {"unsubscription_policy": "moderate"}).raise_for_status()
    server.join(VRAGEN, jan)
    assert 202 == server.call("DELETE", f"/members/{server.members(jan)[0]['member_id']}").status_code
    assert erased(subscription_request=1, user=1, subscriber=1) == told(Case(server).carry_out({"email": [jan]}))
    requests = server.call("GET", f"/lists/{VRAGEN}/requests", request_type="unsubscription").json()
    assert jan not in [entry["email"] for entry in requests.get("entries", [])]


def test_restricting_stops_their_mail_and_lifting_gives_back_what_was(server: Server, jan: str) -> None:
    for where in (ACTIES, NIEUWS):
        server.join(where, jan)
    own, other = (f"/members/{member['member_id']}" for member in server.members(jan))
    server.call("PATCH", f"{own}/preferences", {"delivery_status": "by_user"}).raise_for_status()
    case = Case(server)

    def delivery() -> list[str]:
        return [server.call("GET", f"{member}/all/preferences").json()["delivery_status"] for member in (own, other)]

    assert {("subscriber", "restricted"): 2, ("user", "refused"): 1} == told(case.carry_out({"email": [jan]}, "restrict"))
    assert ["by_user", "by_moderator"] == delivery()
    lifted = told(case.carry_out({"email": [jan]}, "lift"))
    assert {("subscriber", "lifted"): 1, ("subscriber", "needs_person"): 1, ("user", "lifted"): 1} == lifted
    assert ["by_user", "enabled"] == delivery()


@pytest.mark.parametrize("local", ["100%", "a#b", "a?b", "j*n", "a+b", "o'neil", "a%2fb", "a_b", "a&b=c"])
def test_an_address_with_odd_signs_is_found_and_erased(server: Server, transport: Transport, jan: str, local: str) -> None:
    odd = jan.replace("jan", local)
    for email in (odd, jan):
        server.join(ACTIES, email)
    assert erased(user=1, subscriber=1) == told(Case(server, transport).carry_out({"email": [odd]}))
    assert not server.members(odd.replace("*", "?")) and 1 == len(server.members(jan))


def test_an_address_with_a_slash_is_there_and_needs_a_person(server: Server, jan: str) -> None:
    slashed = f"a/{jan}"
    server.join(ACTIES, slashed)
    assert 404 == server.call("GET", f"/users/{slashed.replace('/', '%2F')}").status_code and server.members(slashed)
    assert Outcome.NEEDS_PERSON is Case(server).carry_out({"email": [slashed]}).outcome


def test_a_wrong_password_or_base_url_is_never_nothing_found(server: Server, jan: str) -> None:
    wrong = Case(server)
    wrong.password = "another"
    elsewhere = [Case(server, base_url=server.base_url.replace("3.1", path)) for path in ("", "3.9", "3.1/lists")]
    for case in (wrong, *elsewhere):
        for subject in ({"email": [jan]}, {"mailman.user_id": ["0" * 32]}):
            assert Outcome.FAILED is case.carry_out(subject).outcome


def test_the_simulator_answers_as_the_real_one() -> None:
    """The same state in both and the same calls: the same status, and no field that the real one does not have."""
    simulator = MailmanSimulator()
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Server())
        except ServerUnavailable as error:
            pytest.skip(str(error))
        differences = [line for call in _calls(*_same_state(server, simulator)) if (line := _difference(server, simulator, *call))]
    assert not differences, "\n".join(differences)


def _same_state(server: Server, simulator: MailmanSimulator) -> tuple[list[str], list[str]]:
    """Jan with two memberships, a ban of each sort, a message and two requests; what the ids in paths are, there and here."""
    for where in (ACTIES, NIEUWS):
        server.add_list(where.replace(".", "@", 1))
    user = simulator.add_user("Jan de Vries")
    server.post_message(NIEUWS, "piet@elders.nl")
    simulator.add_address("piet@elders.nl")
    simulator.add_member(NIEUWS, "piet@elders.nl", "nonmember")
    held = simulator.add_held(NIEUWS, "piet@elders.nl")
    server.call("PATCH", f"/lists/{NIEUWS}/config", {"unsubscription_policy": "moderate"}).raise_for_status()
    simulator.moderated.add(NIEUWS)
    simulator.add_address("Jan@Elders.nl", user)
    server.join(NIEUWS, "Jan@Elders.nl")
    server.join(NIEUWS, "jan@elders.nl", "owner")
    ours = [simulator.add_member(NIEUWS, "jan@elders.nl", role) for role in ("member", "owner")]
    theirs = [member["member_id"] for member in sorted(server.members("jan@elders.nl"), key=lambda member: member["role"])]
    token = server.put("/members", list_id=ACTIES, subscriber="jan@elders.nl")["token"]
    request = simulator.add_request(ACTIES, "jan@elders.nl")
    for where, email in (("", "Jan@Elders.nl"), ("", "^.*@nergens.nl"), (NIEUWS, "jan@elders.nl")):
        server.put(f"/lists/{where}/bans" if where else "/bans", email=email)
        simulator.add_ban(where, email)
    message = server.call("GET", f"/lists/{NIEUWS}/held").json()["entries"][0]["request_id"]
    known = server.call("GET", "/users/jan@elders.nl").json()["user_id"]
    return [known, *theirs, token, str(message)], [user, *ours, request, held]


_FIND = "/members/find"
_CALLS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("GET", "/users/jan@elders.nl", None, {}),
    ("GET", "/users/JAN%40elders.nl", None, {}),
    ("GET", "/users/{0}", None, {}),
    ("GET", "/users/piet@elders.nl", None, {}),
    ("GET", "/users/nobody@elders.nl", None, {}),
    ("GET", "/users/nobody", None, {}),
    ("GET", "/users/{0}/addresses", None, {}),
    ("GET", "/users/{0}/addresses", None, {"count": 100, "page": 1}),
    ("GET", "/users/nobody@elders.nl/addresses", None, {}),
    ("GET", "/addresses/JAN@elders.nl", None, {}),
    ("GET", "/addresses/piet@elders.nl", None, {}),
    ("GET", "/addresses/nobody@elders.nl", None, {}),
    ("POST", _FIND, {"subscriber": "jan@elders.nl"}, {}),
    ("POST", _FIND, {"subscriber": "JAN@elders.nl", "count": 1, "page": 2}, {"count": 1, "page": 2}),
    ("POST", _FIND, {"subscriber": "jan@elders.nl", "count": 1, "page": 2}, {}),
    ("POST", _FIND, {"subscriber": "jan@elders.nl"}, {"count": 2, "page": 9}),
    ("POST", _FIND, {"subscriber": "piet@elders.nl"}, {}),
    ("POST", _FIND, {"subscriber": "nobody@elders.nl"}, {}),
    ("POST", _FIND, {"subscriber": "0" * 32}, {}),
    ("POST", _FIND, {"subscriber": "j_n@elders.nl"}, {}),
    ("POST", _FIND, {"subscriber": "j_n@*"}, {}),
    ("POST", _FIND, {"bogus": "1"}, {}),
    ("GET", "/members/{1}", None, {}),
    ("GET", "/members/{2}", None, {}),
    ("GET", "/members/nobody", None, {}),
    ("GET", "/members/{1}/all/preferences", None, {}),
    ("GET", "/members/nobody/all/preferences", None, {}),
    ("PATCH", "/members/{1}/preferences", {"delivery_status": "by_moderator"}, {}),
    ("PATCH", "/members/{1}/preferences", {"delivery_status": ""}, {}),
    ("GET", "/members/{1}/all/preferences", None, {}),
    ("GET", "/members/{1}", None, {}),
    ("GET", "/members/{1}", None, {}),
    ("GET", "/lists", None, {"count": 1, "page": 2}),
    ("GET", "/bans", None, {}),
    ("GET", f"/lists/{NIEUWS}/bans", None, {"count": 10, "page": 1}),
    ("GET", f"/lists/{NIEUWS}/held", None, {"count": 10, "page": 1}),
    ("GET", f"/lists/{ACTIES}/held", None, {}),
    ("GET", "/lists/none.voorbeeld.nl/held", None, {}),
    ("GET", f"/lists/{NIEUWS}/nothing", None, {}),
    ("GET", f"/lists/{ACTIES}/requests", None, {"count": 10, "page": 1}),
    ("GET", f"/lists/{ACTIES}/requests", None, {"request_type": "unsubscription"}),
    ("GET", f"/lists/{ACTIES}/requests", None, {"request_type": "bogus"}),
    ("GET", f"/lists/{ACTIES}/requests", None, {"bogus": "1"}),
    ("GET", f"/lists/{ACTIES}/requests/{{3}}", None, {}),
    ("GET", f"/lists/{ACTIES}/requests/none", None, {}),
    ("GET", f"/lists/{NIEUWS}/held/{{4}}", None, {}),
    ("GET", f"/lists/{ACTIES}/held/{{4}}", None, {}),
    ("POST", f"/lists/{NIEUWS}/held/{{4}}", {"action": "bogus"}, {}),
    ("POST", f"/lists/{NIEUWS}/held/{{4}}", {"action": "defer"}, {}),
    ("POST", f"/lists/{NIEUWS}/held/{{4}}", {"action": "discard"}, {}),
    ("POST", f"/lists/{NIEUWS}/held/{{4}}", {"action": "discard"}, {}),
    ("POST", f"/lists/{ACTIES}/requests/{{3}}", {"action": "discard"}, {}),
    ("POST", f"/lists/{ACTIES}/requests/{{3}}", {"action": "discard"}, {}),
    ("DELETE", "/bans/jan@elders.nl", None, {}),  # typed otherwise
    ("DELETE", "/bans/piet@nergens.nl", None, {}),  # a pattern bans it
    ("DELETE", "/bans/Jan%40Elders.nl", None, {}),
    ("GET", "/bans", None, {}),
    ("DELETE", f"/lists/{NIEUWS}/bans/jan@elders.nl", None, {}),
    ("DELETE", f"/lists/{NIEUWS}/bans/jan@elders.nl", None, {}),
    ("GET", f"/lists/{NIEUWS}/bans", None, {}),
    ("DELETE", "/members/{1}", None, {}),  # its moderator is asked
    ("GET", f"/lists/{NIEUWS}/requests", None, {"request_type": "unsubscription", "count": 10, "page": 1}),
    ("DELETE", "/members/{2}", None, {}),
    ("DELETE", "/members/{2}", None, {}),
    ("DELETE", "/users/piet@elders.nl", None, {}),
    ("DELETE", "/addresses/piet@elders.nl", None, {}),
    ("DELETE", "/addresses/piet@elders.nl", None, {}),
    ("DELETE", "/users/{0}", None, {}),
    ("DELETE", "/users/{0}", None, {}),
    ("GET", "/addresses/jan@elders.nl", None, {}),
    ("POST", _FIND, {"subscriber": "jan@elders.nl"}, {}),
    ("GET", f"/lists/{NIEUWS}/requests", None, {"request_type": "unsubscription"}),
    ("GET", "/nothing", None, {}),
]


def _calls(theirs: list[str], ours: list[str]) -> Iterator[tuple[str, str, str, Any, dict[str, Any]]]:
    for method, path, json, query in _CALLS:
        yield method, path.format(*theirs), path.format(*ours), json, query


def _difference(
    server: Server, simulator: MailmanSimulator, method: str, there: str, here: str, json: Any, query: dict[str, Any]
) -> str | None:
    """What the simulator says otherwise than the real one, in one line."""
    real = server.call(method, there, json, **query)
    url, auth = httpx.URL(f"http://localhost:8001/3.1{here}", params=query or None), httpx.BasicAuth("restadmin", SECRETS["KIT_SECRET"])
    call = next(auth.auth_flow(httpx.Request(method, url, json=json)))
    ours = simulator.handle(call)
    line = f"{method} {there} {json} {query}: {ours.status_code} {ours.text[:200]!r}, really {real.status_code} {real.text[:200]!r}"
    if (ours.status_code, bool(ours.content)) != (real.status_code, bool(real.content)):
        return line
    if not real.content:
        return None
    said, meant = ours.json(), real.json()
    exact = ("title", "description", "start", "total_size", "email", "original_email", "display_name", "role", "list_id", "type")
    pairs = [(said, meant), *zip(said.get("entries", []), meant.get("entries", []), strict=False)]
    same = len(said.get("entries", [])) == len(meant.get("entries", []))
    same = same and all(mine.keys() <= its.keys() and all(mine[k] == its[k] for k in exact if k in mine) for mine, its in pairs)
    optional = ("entries", "user", "delivery_status", "description")
    same = same and all(not its.get(name) or name in mine for mine, its in pairs for name in optional)
    return None if same else line
