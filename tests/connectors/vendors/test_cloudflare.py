"""Cloudflare through the kit, and its own traps."""

import json
from typing import Any

import httpx
import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Fault, Person
from connectors.testing.simulators.cloudflare import ACCOUNT, RIGHTS, ZONE, CloudflareSimulator
from connectors.vendors.cloudflare import Cloudflare, CloudflareSettings
from topics.outcomes import Outcome
from topics.reports import Answered

SETTINGS: dict[str, Any] = {"token": {"env": "KIT_SECRET"}, "account_id": ACCOUNT, "zone_ids": [ZONE]}
JAN = Person("jan@voorbeeld.nl")
INFO, PIET = "info@bureau.example", "piet@elders.nl"


class TestCloudflare(ConformanceKit):
    optional = {"value": "A rule that matches everything has none."}
    connector = Cloudflare
    simulator = CloudflareSimulator
    settings = SETTINGS


class Odd(CloudflareSimulator):
    """Cloudflare, but for some paths: another answer to every call of their end."""

    def __init__(self, **answers: httpx.Response) -> None:
        super().__init__()
        self.answers = answers

    def handle(self, request: httpx.Request) -> httpx.Response:
        given = self.answers.get(request.url.path.rpartition("/")[2])
        return httpx.Response(given.status_code, content=given.content) if given else super().handle(request)


def bench(simulator: CloudflareSimulator, **settings: Any) -> Bench:
    return Bench(Cloudflare, simulator, SETTINGS | settings, "https://vendor.test/client/v4")


def fates(answer: Answered) -> list[tuple[str, Outcome]]:
    assert answer.outcome is None, answer.reason
    return [(line.kind, line.outcome) for line in answer.records]


@pytest.mark.parametrize(
    ("to", "literal", "kind"),
    [
        ([JAN.email], INFO, "forward"), ([PIET], "JAN@voorbeeld.nl", "forward"), ([JAN.email, "Jan@Voorbeeld.nl"], INFO, "forward"),
        ([JAN.email, PIET], "jan@voorbeeld.nl", "forward"), ([JAN.email, PIET], INFO, "shared_forward"),
    ],
)  # fmt: skip
def test_a_rule_is_deleted_only_where_one_side_of_it_names_nobody_else(to: list[str], literal: str, kind: str) -> None:
    simulator = CloudflareSimulator()
    id = simulator.add_rule(to, literal=literal)
    told = fates(bench(simulator).carry_out(JAN.subject()))
    assert [(kind, Outcome.ERASED if kind == "forward" else Outcome.REFUSED)] == told
    assert (kind == "shared_forward") == (id in simulator.rules)


def test_the_catch_all_rule_is_never_touched_and_told_whether_the_list_shows_it_or_not() -> None:
    for listed in (True, False):
        simulator = CloudflareSimulator()
        rule = simulator.rules[simulator.catch_all]
        rule["actions"] = [{"type": "forward", "value": [JAN.email]}]
        if not listed:
            simulator = Odd(catch_all=httpx.Response(200, json={"success": True, "result": rule}))
        assert [("shared_forward", Outcome.REFUSED)] == fates(bench(simulator).carry_out(JAN.subject()))
        assert 0 == simulator.writing_calls


def test_a_worker_of_a_rule_is_no_address_and_a_rule_without_values_is_read() -> None:
    simulator = CloudflareSimulator()
    simulator.rules["w"] = {"id": "w", "enabled": True, "actions": [{"type": "worker", "value": ["jan"]}, {"type": "drop"}], "matchers": []}
    simulator.rules["t"] = {"id": "t", "enabled": True, "actions": [{"type": "forward", "value": JAN.email}], "matchers": []}
    assert [("forward", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))
    assert "w" in simulator.rules


def test_a_restricted_rule_keeps_everything_else_and_is_as_before_when_it_is_lifted() -> None:
    simulator = CloudflareSimulator()
    id = simulator.add_rule([JAN.email], literal=INFO, name="n" * 256, priority=7)
    before = dict(simulator.rules[id])
    case = bench(simulator)
    case.carry_out(JAN.subject(), "restrict")
    now = simulator.rules[id]
    assert (False, 7, before["actions"], before["matchers"]) == (now["enabled"], now["priority"], now["actions"], now["matchers"])
    assert now["name"].endswith(" [restricted]")
    case.carry_out(JAN.subject(), "lift")
    assert before | {"name": "n" * 243} == simulator.rules[id]


def test_a_rule_that_was_disabled_before_is_not_enabled_by_lifting() -> None:
    simulator = CloudflareSimulator()
    id = simulator.add_rule([JAN.email], literal=INFO, enabled=False)
    case = bench(simulator)
    assert [("forward", Outcome.RESTRICTED)] == fates(case.carry_out(JAN.subject(), "restrict"))
    assert [("forward", Outcome.NEEDS_PERSON)] == fates(case.carry_out(JAN.subject(), "lift"))
    assert (False, 0) == (simulator.rules[id]["enabled"], simulator.writing_calls)


def test_a_rule_that_was_given_to_somebody_else_between_two_rounds_is_left_alone() -> None:
    simulator = CloudflareSimulator()
    id = simulator.add_rule([JAN.email], literal=INFO)
    case = bench(simulator)
    simulator.faults.append(Fault(httpx.Response(403), times=9, writing=True))
    assert [("forward", Outcome.FAILED)] == fates(case.carry_out(JAN.subject()))
    simulator.faults.clear()
    simulator.rules[id]["actions"] = [{"type": "forward", "value": [PIET]}]
    assert [("forward", Outcome.ERASED)] == fates(case.carry_out(JAN.subject()))
    assert id in simulator.rules


def test_unverified_addresses_and_members_who_have_not_joined_are_found_where_the_lists_hide_them() -> None:
    class Hiding(CloudflareSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/members") and "status" not in request.url.params:
                request = httpx.Request("GET", request.url.copy_set_param("status", "accepted"), headers=request.headers)
            return super().handle(request)

    simulator = Hiding()
    simulator.add_address(JAN.email, verified=None)
    for status in ("pending", "rejected"):
        simulator.add_member(JAN.email, status)
    assert [("address", Outcome.ERASED), *[("user", Outcome.ERASED)] * 2] == fates(bench(simulator).carry_out(JAN.subject()))


class HidesDisabled(CloudflareSimulator):
    """Its list of rules shows the enabled ones, unless asked for the others."""

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/rules") and "enabled" not in request.url.params:
            request = httpx.Request("GET", request.url.copy_merge_params({"enabled": "true"}), headers=request.headers)
        return super().handle(request)


def test_a_disabled_rule_is_found_and_erased_where_the_list_hides_it() -> None:
    simulator = HidesDisabled()
    id = simulator.add_rule([JAN.email], literal=INFO, enabled=False)
    assert [("forward", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))
    assert id not in simulator.rules


def test_a_restriction_is_seen_and_lifted_where_the_list_hides_what_it_disabled() -> None:
    simulator = HidesDisabled()
    id = simulator.add_rule([JAN.email], literal=INFO)
    run = bench(simulator)
    assert [("forward", Outcome.RESTRICTED)] == fates(run.carry_out(JAN.subject(), "restrict"))
    assert [("forward", Outcome.LIFTED)] == fates(run.carry_out(JAN.subject(), "lift"))
    assert simulator.rules[id]["enabled"]


class UnpagedAccess(CloudflareSimulator):
    """Its list of Access users takes no parameter, as documented; `total` is what it tells of itself."""

    total: int | None = 1

    def handle(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/access/users"):
            return super().handle(request)
        body = super().handle(request).json()
        told = {} if self.total is None else {"result_info": {"total_count": self.total}}
        rows = {"success": True, "result": body["result"], **told}
        return httpx.Response(200, json=rows) if self.total is None or not request.url.query else httpx.Response(400, json=body)


@pytest.mark.parametrize("total", [1, None])
def test_access_users_are_listed_without_the_parameters_that_the_call_does_not_have(total: int | None) -> None:
    simulator = UnpagedAccess()
    simulator.total = total
    simulator.access_users["1"] = {"id": "1", "email": JAN.email}
    assert [("access_user", Outcome.REFUSED)] == fates(bench(simulator).carry_out(JAN.subject()))


def test_a_list_of_access_users_that_tells_of_more_than_it_shows_is_misread() -> None:
    simulator = UnpagedAccess()
    simulator.total = 2
    simulator.access_users["1"] = {"id": "1", "email": PIET}
    answer = bench(simulator).carry_out(JAN.subject())
    assert (Outcome.FAILED, ()) == (answer.outcome, answer.records)


def test_the_rights_that_the_tokens_policies_name_are_told_and_others_are_not_known() -> None:
    class Named(CloudflareSimulator):
        def handle(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle(request)
            return httpx.Response(200, text=answer.text.replace("Account Settings Write", "Account Settings Edit"))

    told = [(right.name, right.to, right.held) for right in bench(CloudflareSimulator()).rights()]
    assert [*((name, "erase", True) for name in RIGHTS), (RIGHTS[-1], "restrict", True)] == told
    assert [None, True, True, True] == [right.held for right in bench(Named()).rights()]


def test_a_member_is_removed_with_the_json_body_that_the_call_asks_for() -> None:
    simulator = CloudflareSimulator()
    simulator.add_member(JAN.email)
    bench(simulator).carry_out(JAN.subject())
    assert [{}] == [json.loads(call.request.content) for call in simulator.calls if call.writing]


@pytest.mark.parametrize("path", ["members", "rules"])
def test_404_to_what_every_account_has_is_never_nothing_found(path: str) -> None:
    assert Outcome.FAILED is bench(Odd(**{path: httpx.Response(404)})).carry_out(JAN.subject()).outcome


@pytest.mark.parametrize("path", ["addresses", "users", "catch_all"])
def test_what_an_account_does_not_have_is_passed_over_and_what_is_forbidden_is_told(path: str) -> None:
    assert [] == fates(bench(Odd(**{path: httpx.Response(404)})).carry_out(JAN.subject()))
    assert Outcome.FAILED is bench(Odd(**{path: httpx.Response(403)})).carry_out(JAN.subject()).outcome


def test_access_users_are_not_asked_for_where_the_settings_say_that_there_are_none() -> None:
    assert [] == fates(bench(Odd(users=httpx.Response(403)), access=False).carry_out(JAN.subject()))


def test_an_unknown_zone_is_told() -> None:
    assert Outcome.FAILED is bench(CloudflareSimulator(), zone_ids=["c" * 32]).carry_out(JAN.subject()).outcome


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "errors": [{"code": 1000, "message": ""}], "result": []}, {"success": False, "result": None}, {"result": []},
        {"success": True, "result": {}}, {"success": True, "result": [{"id": "1"}]}, {"success": True, "result": [{"id": "1", "user": {}}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["members", "rules", "addresses", "users"])
def test_a_list_without_success_or_addresses_is_misread(path: str, body: dict[str, Any]) -> None:
    assert Outcome.FAILED is bench(Odd(**{path: httpx.Response(200, json=body)})).carry_out(JAN.subject()).outcome


def test_a_list_that_is_null_or_tells_no_total_is_read() -> None:
    told = httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": None})
    simulator = Odd(users=told, addresses=told)
    simulator.add_member(JAN.email)
    assert [("user", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))


def test_a_thousand_rules_are_read_page_by_page() -> None:
    simulator = CloudflareSimulator()
    for n in range(1000):
        simulator.add_rule([f"p{n}@elders.nl"], literal=f"q{n}@bureau.example")
    simulator.add_rule([JAN.email], literal=INFO)
    assert [("forward", Outcome.ERASED)] == fates(bench(simulator).carry_out(JAN.subject()))


def test_a_success_that_is_none_is_found_out() -> None:
    class Denying(CloudflareSimulator):
        def _lie(self) -> httpx.Response:
            return httpx.Response(200, json={"success": False, "errors": [{"code": 2007, "message": "in use"}], "result": None})

    simulator = Denying()
    simulator.liar = True
    simulator.add_address(JAN.email)
    assert [("address", Outcome.FAILED)] == fates(bench(simulator).carry_out(JAN.subject()))
    assert [] == [line.evidence for line in bench(simulator).carry_out(JAN.subject()).records if line.evidence]


def test_without_a_zone_there_would_be_no_rule_to_find() -> None:
    with pytest.raises(ValueError, match="zone_ids"):
        CloudflareSettings.model_validate({"account_id": "a", "token": "t", "zone_ids": []})
