"""Cloudflare: routing of a person's e-mail, and logins of the account. Facts and doubts: docs/vendors/cloudflare.md."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, AliasPath, Field

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Call, Connector, Gone, Kind, Misread, NeedsPerson, Record, Records, Shape, Spec, Subject, Turn

_MEMBERS, _ADDRESSES, _ACCESS = (f"/accounts/{{account_id}}/{name}" for name in ("members", "email/routing/addresses", "access/users"))
_RULES = "/zones/{zone}/email/routing/rules"
_SHARED = "The rule is for others' mail too, or sends it to others too: take the address out of it in Cloudflare's dashboard."
_STAYS = "Cloudflare's API offers no way to delete an Access user: take the person out of your policies and identity provider."
_RIGHTS = ("Account Settings Write", "Email Routing Addresses Write", "Email Routing Rules Write")  # from memory
_MARK = " [restricted]"  # ends the name of a rule that a restriction disabled


class CloudflareSettings(contract.TokenSettings):
    account_id: str
    zone_ids: contract.Texts
    access: bool = True


class Entry(Shape):
    id: str
    email: str | None = Field(validation_alias=AliasChoices(AliasPath("user", "email"), "email"))  # of a member: that of their login


class Rule(Shape):
    id: str
    enabled: bool
    actions: list[dict[str, Any]]
    matchers: list[dict[str, Any]]
    name: str | None = None
    priority: Any = None
    state = contract.RestrictedIf("enabled", False)

    def kind(self, subject: Subject) -> str | None:
        """`forward` where all that it is for, or all that it sends to, is the person's."""
        given = [action.get("value") or [] for action in self.actions]
        to = [one for value in given for one in ([value] if isinstance(value, str) else value)]
        sides = [[subject.matches("email", one) for one in side] for side in (to, [matcher.get("value") for matcher in self.matchers])]
        if not any(map(any, sides)):
            return None
        catch_all = any(matcher.get("type") == "all" for matcher in self.matchers)
        return "forward" if any(side and all(side) for side in sides) and not catch_all else "shared_forward"


def _following(turn: Turn) -> Mapping[str, Any] | None:
    """Page by page until all are read that the list tells of, or nothing is new: `total_count` counts what a filter hides too."""
    body, told = turn.answer.read(dict[str, Any]), turn.answer.read(int | None, "result_info?/total_count?")  # type: ignore[arg-type]
    if body.get("success") is not True or (body.get("result") and not turn.new and told and told > turn.rows):
        raise Misread("Cloudflare says that the search did not succeed, or shows the same page again.")
    return None if turn.rows == told else contract.by_page()(turn)


class Cloudflare(Connector[CloudflareSettings]):
    spec = Spec(
        name="cloudflare", kind="hosting", identifiers=("email",), calls_per_minute=240, checked=dt.date(2026, 11, 22),
        kinds=(Kind("forward", at=f"{_RULES}/{{id}}", restricts=True, lifts=True, how="switched off"), Kind("shared_forward", _SHARED),
               Kind("address", at=f"{_ADDRESSES}/{{id}}"), Kind("user", at=f"{_MEMBERS}/{{id}}", erases=Call("DELETE", json={})),
               Kind("access_user", _STAYS)), facts="specification",
        not_covered=("zones that settings.zone_ids does not name", "audit, Access and traffic logs (they expire)",
                     "IP and host name lists, devices, DNS records, policies, stored data"), docs="https://developers.cloudflare.com/api",
    )  # fmt: skip
    base_url = "https://api.cloudflare.com/client/v4"
    signs_in = By(Bearer, "token")
    lists = contract.Lists(_following, at="result?", always=(_MEMBERS, _RULES))

    async def locate(self, subject: Subject) -> Records:
        for zone in self.settings.zone_ids:
            rules = await self._rules(zone)
            everything = await contract.found(self.http.get(f"{_RULES}/catch_all", zone=zone), Rule, "result")
            for rule in [*rules.values(), *([everything] if everything else [])]:
                if kind := rule.kind(subject):
                    yield Record(kind, f"{zone}/{rule.id}", state=rule.state)
        searched = [("user", _MEMBERS, status) for status in ({}, {"status": "pending"}, {"status": "rejected"})]
        searched += [("address", _ADDRESSES, {"verified": verified}) for verified in ("true", "false")]  # the default hides the unverified
        searched += [("access_user", _ACCESS, {})] if self.settings.access else []
        for kind, path, query in searched:
            async for entry in self.each(path, Entry, query):
                if subject.matches("email", entry.email):
                    yield Record(kind, entry.id)

    async def _rules(self, zone: str) -> dict[str, Rule]:  # disabled ones too, whether the list shows them unasked or not
        return {rule.id: rule for asked in (None, {"enabled": "false"}) async for rule in self.each(_RULES, Rule, asked, zone=zone)}

    async def rights(self) -> list[contract.Right]:
        id = (await self.http.get("/user/tokens/verify")).read(str, "result/id")
        policies = (await self.http.get("/user/tokens/{id}", id=id)).read(list[dict[str, Any]], "result/policies")
        told = {(policy["effect"], group["name"]) for policy in policies for group in policy["permission_groups"]}
        held = {name: (("allow", name) in told and ("deny", name) not in told) or None for name in _RIGHTS}  # else named otherwise?
        return [*(contract.Right(name, "erase", held[name]) for name in held), contract.Right(name := _RIGHTS[-1], "restrict", held[name])]

    async def restrict(self, record: Record) -> None:
        await self._enable(record, False)

    async def lift(self, record: Record) -> None:
        await self._enable(record, True)

    async def _enable(self, record: Record, enabled: bool) -> None:
        zone, _, id = record.ref.partition("/")
        if (rule := (await self._rules(zone)).get(id)) is None:
            raise Gone
        told, name = rule.model_dump(include={"actions", "matchers", "priority"}, exclude_none=True), rule.name or ""
        if enabled and not name.endswith(_MARK):
            raise NeedsPerson("The rule was disabled before it was to be restricted: enable it in the dashboard, if that is meant.")
        name = name.removesuffix(_MARK) if enabled else name[: 256 - len(_MARK)] + _MARK
        await self.on(record, self.http.put, json={**told, "name": name, "enabled": enabled})
