"""Mailman through the kit, and its own traps. tests/live/test_mailman_real.py compares the simulator with a real Mailman."""

from collections import Counter

import httpx
import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import HOST, JAN, LOOK_ALIKES, outcomes
from connectors.testing.simulator import Fault, body_of, route
from connectors.testing.simulators.mailman import MailmanSimulator
from connectors.vendors.mailman import Mailman
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS = {"user": "restadmin", "password": {"env": "KIT_SECRET"}}
ACTIES, NIEUWS = "acties.voorbeeld.nl", "nieuws.voorbeeld.nl"


class TestMailman(ConformanceKit):
    connector = Mailman
    simulator = MailmanSimulator
    settings = SETTINGS


def bench_of(simulator: MailmanSimulator) -> Bench:
    return Bench(Mailman, simulator, SETTINGS, HOST + simulator.base_path)


def with_account(*emails: str) -> tuple[Bench, MailmanSimulator, str]:
    simulator = MailmanSimulator()
    user = simulator.add_user("Jan de Vries")
    for email in emails:
        simulator.add_address(email, user)
    return bench_of(simulator), simulator, user


def kinds(answer: Answered) -> Counter[str]:
    return Counter(record.kind for record in answer.records)


def test_every_role_on_every_list_is_found_and_ends_with_the_account() -> None:
    bench, simulator, _ = with_account(JAN.email)
    for where in (ACTIES, NIEUWS):
        for role in ("member", "owner", "moderator", "nonmember"):
            simulator.add_member(where, JAN.email, role)
    answer = bench.carry_out(JAN.subject())
    assert Counter({"subscriber": 8, "user": 1}) == kinds(answer)
    assert {"erased": 9} == outcomes(answer)
    first = next(call.request for call in simulator.calls if call.writing)
    assert "DELETE" == first.method and "/users/" in first.url.path, "a membership was ended by itself: that sends a farewell mail"


def test_another_address_of_the_same_account_is_the_same_person() -> None:
    bench, simulator, _ = with_account(JAN.email, "jan@werk.nl")
    simulator.add_member(ACTIES, "jan@werk.nl")
    simulator.add_ban(NIEUWS, "Jan@Werk.nl")
    simulator.add_held(NIEUWS, "jan@werk.nl")
    answer = bench.carry_out(JAN.subject())
    assert Counter({"user": 1, "subscriber": 1, "ban": 1, "message": 1}) == kinds(answer)
    assert {"erased": 4} == outcomes(answer)
    assert not simulator.addresses and not simulator.members and not simulator.kept["bans"]


def test_what_was_refused_of_another_address_is_not_told_as_gone_later() -> None:
    """The account is gone, so that the search no longer leads to its other address; the message and the ban are asked for themselves."""
    bench, simulator, _ = with_account(JAN.email, "jan@werk.nl")
    simulator.add_held(NIEUWS, "jan@werk.nl")
    simulator.add_ban(NIEUWS, "jan@werk.nl")
    simulator.faults.append(Fault(httpx.Response(400), method="POST", writing=True))
    simulator.faults.append(Fault(httpx.Response(400), method="DELETE", writing=True))
    assert {"refused": 2, "erased": 1} == outcomes(bench.carry_out(JAN.subject()))
    assert not simulator.addresses and simulator.kept["held"] and simulator.kept["bans"]
    assert {"erased": 3} == outcomes(bench.carry_out(JAN.subject()))
    assert not simulator.kept["held"] and not simulator.kept["bans"]


def test_an_address_without_an_account_is_erased_with_its_memberships() -> None:
    """A stranger who once posted: 404 at /users, and a nonmember all the same."""
    simulator = MailmanSimulator()
    simulator.add_address(JAN.email)
    simulator.add_member(NIEUWS, JAN.email, "nonmember")
    answer = bench_of(simulator).carry_out(JAN.subject())
    assert Counter({"user": 1, "subscriber": 1}) == kinds(answer)
    assert {"erased": 2} == outcomes(answer) and not simulator.addresses


def test_an_account_is_found_by_its_id_alone() -> None:
    bench, simulator, user = with_account(JAN.email)
    simulator.add_member(ACTIES, JAN.email)
    for look_alike in LOOK_ALIKES:
        simulator.seed(look_alike)
    assert {"erased": 2} == outcomes(bench.carry_out({"mailman.user_id": [user]}))
    assert not bench.carry_out({"mailman.user_id": [user]}, known=False).records


def test_an_account_whose_address_was_taken_away_is_not_told_as_gone() -> None:
    """Left behind with a name and no address, it is only found by the id of the round before."""
    bench, simulator, user = with_account(JAN.email)
    simulator.faults.append(Fault(httpx.Response(400), writing=True))
    assert {"refused": 1} == outcomes(bench.carry_out(JAN.subject()))
    del simulator.addresses[JAN.email]
    assert {"erased": 1} == outcomes(bench.carry_out(JAN.subject()))
    assert user not in simulator.users


def test_a_star_in_an_address_matches_nobody_else() -> None:
    """Mailman's search takes it as a wildcard, and then an underscore too."""
    bench, simulator, _ = with_account("j*n@voorbeeld.nl", "ja_@voorbeeld.nl")
    simulator.seed(JAN)
    before = simulator.traces(JAN)
    for email in ("*", "*@voorbeeld.nl", "ja_*@voorbeeld.nl"):
        assert not bench.carry_out({"email": [email]}, known=False).records
    assert {"erased": 1} == outcomes(bench.carry_out({"email": ["j*n@voorbeeld.nl"]}, known=False))
    assert before == simulator.traces(JAN)


def test_an_id_in_place_of_an_address_and_the_reverse_erase_nobody() -> None:
    bench, simulator, user = with_account("piet@elders.nl")
    for subject in ({"mailman.user_id": ["piet@elders.nl"]}, {"email": [user]}):
        assert not bench.carry_out(subject).records
    assert user in simulator.users and not simulator.writing_calls


def test_a_ban_is_erased_as_it_was_typed_and_a_pattern_stays() -> None:
    """Asked for one address, Mailman says yes for a pattern too, and no for another letter case."""
    simulator = MailmanSimulator()
    for where, banned in (
        ("", "Jan@Voorbeeld.NL"),
        (NIEUWS, JAN.email),
        ("", "^jan@"),
        (NIEUWS, "^.*@voorbeeld[.]nl"),
        ("", "anna.jan@voorbeeld.nl"),
    ):
        simulator.add_ban(where, banned)
    answer = bench_of(simulator).carry_out(JAN.subject())
    assert Counter({"ban": 2}) == kinds(answer) and {"erased": 2} == outcomes(answer)
    assert ["^jan@", "^.*@voorbeeld[.]nl", "anna.jan@voorbeeld.nl"] == [row["email"] for row in simulator.kept["bans"].values()]


def test_held_messages_of_others_stay() -> None:
    simulator = MailmanSimulator()
    for sender in (JAN.email, *(person.email for person in LOOK_ALIKES)):
        simulator.add_held(NIEUWS, sender)
    assert {"erased": 1} == outcomes(bench_of(simulator).carry_out(JAN.subject()))
    assert [person.email for person in LOOK_ALIKES] == [row["sender"] for row in simulator.kept["held"].values()]


def test_a_request_to_leave_is_found_too() -> None:
    """Mailman lists it only when asked for, and keeps it when the account is gone."""
    simulator = MailmanSimulator()
    simulator.add_request(ACTIES, JAN.email)
    simulator.add_request(NIEUWS, JAN.email, "unsubscription")
    simulator.add_request(NIEUWS, LOOK_ALIKES[0].email, "unsubscription")
    assert {"erased": 2} == outcomes(bench_of(simulator).carry_out(JAN.subject()))
    assert 1 == len(simulator.kept["requests"])


def test_an_older_mailman_that_does_not_tell_requests_to_leave_is_no_failure() -> None:
    class Older(MailmanSimulator):
        def list_part(self, request: httpx.Request, what: str, where: str, part: str) -> httpx.Response:
            return httpx.Response(400) if "request_type" in request.url.params else super().list_part(request, what, where, part)

        list_part.route = MailmanSimulator.list_part.route  # type: ignore[attr-defined]

    simulator = Older()
    simulator.seed(JAN)
    assert {"erased": 5} == outcomes(bench_of(simulator).carry_out(JAN.subject()))


def test_a_list_that_asks_its_moderator_does_not_stop_the_erasure() -> None:
    bench, simulator, _ = with_account(JAN.email)
    simulator.add_member(ACTIES, JAN.email)
    simulator.moderated.add(ACTIES)
    assert {"erased": 2} == outcomes(bench.carry_out(JAN.subject()))
    assert not simulator.members and not simulator.kept["requests"]


def test_a_membership_that_waits_for_a_moderator_is_not_told_as_erased() -> None:
    """The account is refused; a membership alone is only asked for: 202, and it is still there."""
    bench, simulator, _ = with_account(JAN.email)
    simulator.add_member(ACTIES, JAN.email)
    simulator.moderated.add(ACTIES)
    simulator.faults.append(Fault(httpx.Response(400), method="DELETE", writing=True))
    answer = bench.carry_out(JAN.subject())
    assert {("user", "refused"), ("subscriber", "needs_person")} <= {(record.kind, record.outcome.value) for record in answer.records}
    assert simulator.members


def test_an_address_with_a_slash_needs_a_person() -> None:
    """It fits no path of Mailman's, so that 404 would say nothing."""
    bench, simulator, _ = with_account("jan/piet@voorbeeld.nl")
    answer = bench.carry_out({"email": ["jan/piet@voorbeeld.nl"]})
    assert Outcome.NEEDS_PERSON is answer.outcome and simulator.addresses


def test_mail_that_a_member_stopped_is_not_started_by_lifting() -> None:
    bench, simulator, _ = with_account(JAN.email)
    own, other = simulator.add_member(ACTIES, JAN.email), simulator.add_member(NIEUWS, JAN.email)
    simulator.delivery[own] = "by_user"
    assert {"restricted": 2, "refused": 1} == outcomes(bench.carry_out(JAN.subject(), "restrict"))
    assert {own: "by_user", other: "by_moderator"} == simulator.delivery
    answer = bench.carry_out(JAN.subject(), "lift")
    assert {"lifted": 2, "needs_person": 1} == outcomes(answer)
    assert {own: "by_user", other: "enabled"} == simulator.delivery


def test_where_preferences_are_not_offered_what_they_post_is_stopped() -> None:
    class Without(MailmanSimulator):
        show_preferences = change_preferences = None  # type: ignore[assignment]

        @route("PATCH", "/members/{id}")
        def change_member(self, request: httpx.Request, id: str) -> httpx.Response:
            self.members[id] |= body_of(request)
            return httpx.Response(204)

    simulator = Without()
    simulator.add_address(JAN.email, simulator.add_user("Jan"))
    id = simulator.add_member(ACTIES, JAN.email)
    bench = bench_of(simulator)
    assert {"restricted": 1, "refused": 1} == outcomes(bench.carry_out(JAN.subject(), "restrict"))
    assert "discard" == simulator.members[id]["moderation_action"]
    assert {"lifted": 2} == outcomes(bench.carry_out(JAN.subject(), "lift"))
    assert "defer" == simulator.members[id]["moderation_action"]


def test_a_list_that_shrinks_while_it_is_read_is_read_again_later() -> None:
    """A moderator works on it at the same time: rows move up a page, and one could be missed."""

    class Moderated(MailmanSimulator):
        def list_part(self, request: httpx.Request, what: str, where: str, part: str) -> httpx.Response:
            answer = super().list_part(request, what, where, part)
            if (where, part) == (NIEUWS, "held"):
                self.kept["held"].pop(next(iter(self.kept["held"])))
            return answer

        list_part.route = MailmanSimulator.list_part.route  # type: ignore[attr-defined]

    simulator = Moderated()
    for sender in (*(f"p{n}@elders.nl" for n in range(10)), JAN.email, "p11@elders.nl"):
        simulator.add_held(NIEUWS, sender)
    assert Outcome.FAILED is bench_of(simulator).carry_out(JAN.subject()).outcome


def test_a_search_that_gives_the_first_page_again_is_not_believed() -> None:
    bench, simulator, _ = with_account(JAN.email)
    for where in (ACTIES, NIEUWS):
        for role in ("member", "owner"):
            simulator.add_member(where, JAN.email, role)
    row = {"member_id": "1", "email": JAN.email}
    again = httpx.Response(200, json={"start": 0, "total_size": 4, "entries": [row, row]})
    simulator.faults.append(Fault(again, times=1_000, method="POST"))
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome


def test_a_404_amid_the_pages_is_not_the_end_of_a_list() -> None:
    simulator = MailmanSimulator()
    simulator.largest_page = 1
    simulator.add_held(NIEUWS, "piet@elders.nl")
    simulator.add_held(NIEUWS, JAN.email)
    clean = bench_of(simulator)
    clean.carry_out(JAN.subject(), mode="dry-run")
    nth = next(
        n for n, call in enumerate(simulator.calls) if call.request.url.params.get("page") == "2" and "held" in call.request.url.path
    )
    simulator.faults.append(Fault(httpx.Response(404), skip=nth))
    assert Outcome.FAILED is clean.carry_out(JAN.subject(), mode="dry-run").outcome


def test_a_search_has_its_page_in_the_body_as_documented_and_in_the_query_only_where_it_goes_on() -> None:
    bench, simulator, _ = with_account(JAN.email)
    for role in ("member", "owner"):
        simulator.add_member(NIEUWS, JAN.email, role)
    bench.carry_out(JAN.subject())
    asked = [call.request for call in simulator.calls if call.request.url.path.endswith("/members/find")]
    assert asked and all((1, "") == (body_of(request)["page"], request.url.query.decode()) for request in asked)


def test_an_address_is_never_deleted_without_the_account_that_it_belongs_to() -> None:
    bench, simulator, _ = with_account(JAN.email)
    simulator.add_member(NIEUWS, JAN.email)
    real, hidden = simulator.handle, [httpx.Response(404)]
    simulator.handle = lambda request: hidden.pop() if hidden and "/users/" in request.url.path else real(request)  # type: ignore[method-assign]
    assert Outcome.FAILED is bench.carry_out(JAN.subject()).outcome
    assert 0 == simulator.writing_calls and JAN.email in simulator.addresses


@pytest.mark.parametrize(("what", "field", "shown"), [
    ("members", "email", None), ("members", "email", 7), ("members", "email", ["x"]), ("members", "member_id", None),
    ("addresses", "email", None), ("held", "sender", 7), ("bans", "email", None), ("requests", "email", None), ("requests", "email", 7),
])  # fmt: skip
def test_a_field_of_another_shape_is_told_and_never_passed_over(what: str, field: str, shown: object) -> None:
    class Changed(MailmanSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            if f"/{what}" not in request.url.path or "entries" not in answer.text:
                return answer
            body = answer.json()
            return httpx.Response(200, json=body | {"entries": [row | {field: shown} for row in body["entries"]]})

    simulator = Changed()
    simulator.seed(JAN)
    answer = bench_of(simulator).carry_out(JAN.subject(), mode="dry-run")
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)
    assert "defect" not in (answer.reason or "")


class Missing(MailmanSimulator):
    """Some of what is read answers 404, so many times."""

    def __init__(self, end: str, times: int) -> None:
        super().__init__()
        self.end, self.times = end, times

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path.endswith(self.end) and self.times:
            self.times -= 1
            return httpx.Response(404)
        return super().handle(request)


@pytest.mark.parametrize("times", [1, 1_000])
@pytest.mark.parametrize("end", ["/lists", "/held", "/requests", "3.1/bans", f"{NIEUWS}/bans"])
def test_what_waits_under_another_address_of_the_account_is_not_lost_with_it_where_a_list_is_missing_for_a_while(
    end: str, times: int
) -> None:
    simulator = Missing(end, times)
    user = simulator.add_user("Jan de Vries")
    for email in (JAN.email, "jan@werk.nl"):
        simulator.add_address(email, user)
    simulator.add_held(NIEUWS, "jan@werk.nl")
    simulator.add_request(NIEUWS, "jan@werk.nl")
    simulator.add_ban("", "jan@werk.nl")
    simulator.add_ban(NIEUWS, "jan@werk.nl")
    case = bench_of(simulator)
    case.carry_out(JAN.subject())
    if times == 1 or "bans" not in end:  # a server that never shows its bans is searched all the same
        simulator.times = 0
        case.carry_out(JAN.subject())
        assert {} == {part: kept for part, kept in simulator.kept.items() if kept} and not simulator.addresses


def test_an_address_that_an_account_leaves_behind_is_found_by_the_next_look() -> None:
    class Halved(MailmanSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            if request.method != "DELETE" or "/users/" not in request.url.path or not self.addresses["jan@werk.nl"].get("user"):
                return super().handle(request)
            self.addresses["jan@werk.nl"].pop("user")
            return super().handle(request)

    simulator = Halved()
    user = simulator.add_user("Jan de Vries")
    for email in (JAN.email, "jan@werk.nl"):
        simulator.add_address(email, user)
    bench_of(simulator).carry_out(JAN.subject())
    assert not simulator.addresses
