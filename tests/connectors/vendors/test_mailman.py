"""Mailman through the kit, and its own traps. What the simulator says is compared with a real Mailman in tests/live/test_mailman_real.py."""

from collections import Counter

import httpx

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import HOST, JAN, LOOK_ALIKES, outcomes
from connectors.testing.simulator import Fault, Person, route
from connectors.testing.simulators.mailman import MailmanSimulator
from connectors.vendors.mailman import Mailman
from topics.outcomes import Evidence, Outcome
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


def test_an_id_in_place_of_an_address_erases_nobody() -> None:
    bench, simulator, user = with_account("piet@elders.nl")
    assert Outcome.NEEDS_IDENTIFIER is bench.carry_out({"name": ["Jan de Vries"]}).outcome
    assert not bench.carry_out({"mailman.user_id": ["piet@elders.nl"]}, mode="dry-run").records
    assert user in simulator.users
