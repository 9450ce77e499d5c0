"""What is to become of each located record."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.ageing import RetentionRule
from connectors.contract import Call, Kind, Record, Spec, State
from connectors.holds import HoldRule
from connectors.plan import Do, Duties, Planned, plan
from topics.commands import Claim
from topics.outcomes import Outcome

TODAY = date(2026, 11, 20)
ZONE = ZoneInfo("Europe/Amsterdam")
SEVEN = HoldRule(frozenset({"invoice"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
TEN = HoldRule(frozenset({"deed"}), "Longer Act", "GDPR art. 17(3)(b)", 10, "end_of_financial_year")
CONTRACT = HoldRule(frozenset({"deed"}), "Contract Act", "GDPR art. 17(3)(b)", 5, "end_of_contract")
SPEC = Spec(
    name="toy",
    kind="other",
    kinds=(
        Kind("invoice"),
        Kind("deed"),
        Kind("address"),
        Kind("log", kept_because="Logs cannot be erased."),
        Kind("contact", restricts=True, lifts=True),
        Kind("user", restricts=True),
    ),
    identifiers=("email",),
    calls_per_minute=60,
    docs="https://toy.example",
    checked=TODAY,
)
CONTACT = Record("contact", "c1")
INVOICE = Record("invoice", "i1", date(2025, 6, 1), CONTACT.key)


def fates(*records: Record, rules: tuple[HoldRule, ...] = (SEVEN,)) -> dict[str, Planned]:
    return {item.record.ref: item for item in plan("erase", records, SPEC, Duties(rules), TODAY, ZONE)}


def test_records_are_worked_off_in_the_order_of_the_specs_kinds() -> None:
    records = [Record("user", "u"), CONTACT, Record("address", "a"), INVOICE]
    assert ["i1", "a", "c1", "u"] == [item.record.ref for item in plan("erase", records, SPEC, Duties(), TODAY, ZONE)]


def test_without_a_rule_everything_is_erased() -> None:
    assert {Do.ERASE} == {item.do for item in fates(CONTACT, INVOICE, rules=()).values()}


def test_a_held_record_is_kept_with_its_rule_and_date() -> None:
    item = fates(INVOICE)["i1"]
    assert (Do.KEEP, Outcome.HELD) == (item.do, item.outcome)
    assert item.hold and date(2032, 12, 31) == item.hold.until


def test_what_a_held_record_hangs_from_is_restricted_until_the_hold_ends() -> None:
    item = fates(CONTACT, INVOICE)["c1"]
    assert (Do.RESTRICT, Outcome.RESTRICTED, "invoice", date(2032, 12, 31)) == (item.do, item.outcome, item.bound_to, item.until)


def test_what_a_held_record_hangs_from_is_held_with_it_where_the_vendor_cannot_restrict() -> None:
    address = Record("address", "a1")
    item = fates(address, Record("invoice", "i2", date(2025, 6, 1), address.key))["a1"]
    assert (Do.KEEP, Outcome.HELD, "invoice") == (item.do, item.outcome, item.bound_to)
    assert item.hold and date(2032, 12, 31) == item.hold.until


def test_the_longest_of_several_holds_binds() -> None:
    deed = Record("deed", "d1", date(2020, 6, 1), CONTACT.key)  # ten years: until the end of 2030
    newer = Record("invoice", "i2", date(2026, 6, 1), CONTACT.key)  # seven: until the end of 2033
    for order in ((INVOICE, deed, newer), (newer, INVOICE, deed)):
        item = fates(CONTACT, *order, rules=(SEVEN, TEN))["c1"]
        assert (date(2033, 12, 31), "invoice") == (item.until, item.bound_to)


def test_a_held_record_binds_all_that_it_hangs_from() -> None:
    address = Record("address", "a1")
    items = fates(address, CONTACT, Record("invoice", "i2", date(2025, 6, 1), (CONTACT.key, address.key)))
    assert (Outcome.RESTRICTED, Outcome.HELD) == (items["c1"].outcome, items["a1"].outcome)


def test_a_moment_counts_as_the_day_that_the_controllers_clocks_showed() -> None:
    """Half past eleven in the evening of New Year's Eve in UTC is the next year in Amsterdam."""
    at_midnight = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    untils = {at.tzinfo: fates(Record("invoice", "i", at))["i"].hold for at in (at_midnight, at_midnight.replace(tzinfo=None))}
    assert {UTC: date(2033, 12, 31), None: date(2032, 12, 31)} == {zone: hold and hold.until for zone, hold in untils.items()}


def test_a_record_past_its_hold_binds_nothing() -> None:
    old = Record("invoice", "i2", date(2010, 6, 1), CONTACT.key)
    assert {"c1": Do.ERASE, "i2": Do.ERASE} == {ref: item.do for ref, item in fates(CONTACT, old).items()}


def test_another_persons_contact_is_not_bound() -> None:
    assert Do.ERASE is fates(Record("contact", "c2"), CONTACT, INVOICE)["c2"].do


def test_a_hold_that_cannot_be_told_needs_a_person_and_keeps_what_it_hangs_from() -> None:
    deed = Record("deed", "d1", date(2025, 6, 1), CONTACT.key)
    items = fates(CONTACT, deed, rules=(CONTRACT,))
    assert {(Do.LEAVE, Outcome.NEEDS_PERSON)} == {(item.do, item.outcome) for item in items.values()}
    assert "deed" == items["c1"].bound_to and "deed" in (items["c1"].reason or "")


@pytest.mark.parametrize("known_first", [True, False])
def test_a_known_hold_beside_an_unknown_one_restricts_what_both_hang_from(known_first: bool) -> None:
    deed = Record("deed", "d1", None, CONTACT.key)
    records = (INVOICE, deed) if known_first else (deed, INVOICE)
    item = fates(CONTACT, *records, rules=(SEVEN, CONTRACT))["c1"]
    assert (Outcome.RESTRICTED, date(2032, 12, 31)) == (item.outcome, item.until)


def test_what_the_vendor_cannot_erase_is_refused_with_its_reason() -> None:
    item = fates(Record("log", "l1"))["l1"]
    assert (Do.LEAVE, Outcome.REFUSED, "Logs cannot be erased.") == (item.do, item.outcome, item.reason)


def test_a_restriction_reaches_what_can_be_restricted_and_refuses_the_rest_with_a_reason() -> None:
    items = {item.record.ref: item for item in plan("restrict", [CONTACT, INVOICE], SPEC, Duties((SEVEN,)), TODAY, ZONE)}
    assert (Do.RESTRICT, Outcome.RESTRICTED) == (items["c1"].do, items["c1"].outcome)
    assert (Do.LEAVE, Outcome.REFUSED) == (items["i1"].do, items["i1"].outcome)
    assert items["i1"].reason


@pytest.mark.parametrize(
    ("kind", "told"), [("invoice", "an invoice"), ("user", "a user"), ("subscription_request", "a subscription request")]
)
def test_a_sentence_names_a_record_as_a_person_would(kind: str, told: str) -> None:
    spec = replace(SPEC, kinds=(Kind(kind),))
    planned = plan("restrict", [Record(kind, "1")], spec, Duties(), TODAY, ZONE)
    assert f"toy offers no way to restrict {told}." == planned[0].reason


def test_lifting_is_told_apart_from_what_was_never_restricted_and_what_a_person_must_lift() -> None:
    user = Record("user", "u1", state=State.RESTRICTED)
    restricted = Record("contact", "c2", state=State.RESTRICTED)
    items = {item.record.ref: item for item in plan("lift", [CONTACT, restricted, user], SPEC, Duties(), TODAY, ZONE)}
    assert {"c1": Outcome.LIFTED, "c2": Outcome.LIFTED, "u1": Outcome.NEEDS_PERSON} == {ref: item.outcome for ref, item in items.items()}


def test_a_held_record_is_shut_off_where_the_vendor_can_and_lifts_stay_as_they_are() -> None:
    contacts = replace(SEVEN, kinds=frozenset({"contact", "invoice"}))
    items = fates(Record("contact", "c2", date(2025, 6, 1)), INVOICE, rules=(contacts,))
    assert {"c2": (Do.KEEP, True), "i1": (Do.KEEP, False)} == {ref: (item.do, item.shut) for ref, item in items.items()}


@pytest.mark.parametrize(
    ("strips", "fields", "keep"),
    [
        (("payer", "memo"), {"payer"}, {"payer"}),
        (("payer", "memo"), {"payer", "memo", "iban"}, None),  # nothing is left to strip
        (("payer", "memo"), None, None),
        ((), {"payer"}, None),  # the vendor cannot
    ],
)
def test_a_held_record_is_stripped_only_where_the_vendor_can_and_the_rule_names_fields(
    strips: tuple[str, ...], fields: set[str] | None, keep: set[str] | None
) -> None:
    spec = replace(SPEC, kinds=(Kind("invoice", strips=strips),))
    rule = replace(SEVEN, fields=None if fields is None else frozenset(fields))
    (item,) = plan("erase", [Record("invoice", "i1", date(2025, 6, 1))], spec, Duties((rule,)), TODAY, ZONE)
    assert (Outcome.HELD, keep, keep is not None) == (item.outcome, item.keep, item.acts)


@pytest.mark.parametrize(
    ("fields", "claims", "invoice", "contact"),
    [
        (None, (), set(), set()),
        ({"payer"}, (), {"payer"}, {"payer"}),
        ({"payer", "memo"}, (), None, {"payer", "memo"}),
        (None, (("invoice", "i1"),), None, None),  # what a claimed one hangs from is left whole as well
    ],
)
def test_what_the_settings_say_that_no_duty_needs_goes_unless_the_rule_names_it_or_a_claim_is_on_it(
    fields: set[str] | None, claims: tuple[tuple[str, str], ...], invoice: set[str] | None, contact: set[str] | None
) -> None:
    spec = replace(SPEC, kinds=(Kind("invoice"), Kind("contact")))
    rule = replace(SEVEN, fields=None if fields is None else frozenset(fields))
    strips = {"invoice": frozenset({"payer", "memo"}), "contact": frozenset({"phone"})}
    duties = Duties((rule,), claims={key: [Claim(reason="r", until=date(2027, 1, 1))] for key in claims}, strips=strips)
    items = plan("erase", [INVOICE, CONTACT], spec, duties, TODAY, ZONE)
    assert {"i1": invoice, "c1": contact} == {item.record.ref: item.keep for item in items}


def test_a_held_record_is_left_whole_where_a_claim_is_on_what_hangs_from_it() -> None:
    spec = replace(SPEC, kinds=(Kind("invoice"), Kind("contact", strips=("phone",))))
    rule = replace(SEVEN, kinds=frozenset({"contact"}), years=30, fields=frozenset({"name"}))
    held = replace(CONTACT, since=date(2025, 6, 1))
    for claims, keep in (({}, {"name"}), ({INVOICE.key: [Claim(reason="r", until=date(2027, 1, 1))]}, None)):
        items = {item.record.ref: item for item in plan("erase", [INVOICE, held], spec, Duties((rule,), claims=claims), TODAY, ZONE)}
        assert (Do.KEEP, keep) == (items["c1"].do, items["c1"].keep)


def test_a_held_record_from_which_a_longer_held_one_hangs_is_held_as_long() -> None:
    short = replace(SEVEN, kinds=frozenset({"contact"}), years=2, statute="Short Act", fields=frozenset({"name"}))
    item = fates(replace(CONTACT, since=date(2025, 6, 1)), INVOICE, rules=(SEVEN, short))["c1"]
    assert item.hold and (Do.KEEP, date(2032, 12, 31), "invoice", None) == (item.do, item.hold.until, item.bound_to, item.keep)
    longer = replace(short, years=30)
    item = fates(replace(CONTACT, since=date(2025, 6, 1)), INVOICE, rules=(SEVEN, longer))["c1"]
    assert item.hold and ("Short Act", None) == (item.hold.statute, item.bound_to)


STRIPPED = replace(SPEC, kinds=(Kind("invoice"), Kind("deed"), Kind("contact", restricts=True, strips=("phone", "notes"))))


@pytest.mark.parametrize(
    ("fields", "keep"),
    [(None, frozenset()), ({"phone"}, {"phone"}), ({"phone", "notes"}, None)],  # the last: nothing is left to strip
)
@pytest.mark.parametrize("restricts", [True, False])
def test_what_a_held_record_hangs_from_is_stripped_of_all_that_no_duty_names(
    fields: set[str] | None, keep: set[str] | None, restricts: bool
) -> None:
    rule = replace(SEVEN, fields=None if fields is None else frozenset(fields))
    spec = replace(STRIPPED, kinds=(*STRIPPED.kinds[:2], replace(STRIPPED.kinds[2], restricts=restricts)))
    items = {item.record.ref: item for item in plan("erase", [INVOICE, CONTACT], spec, Duties((rule,)), TODAY, ZONE)}
    assert (Do.RESTRICT if restricts else Do.KEEP, "invoice", keep) == (items["c1"].do, items["c1"].bound_to, items["c1"].keep)
    assert items["i1"].keep is None


def test_what_several_held_records_hang_from_keeps_what_any_of_their_duties_names() -> None:
    rules = (replace(SEVEN, fields=frozenset({"phone"})), TEN)
    deed = Record("deed", "d1", date(2025, 6, 1), CONTACT.key)
    for records in ([INVOICE, deed, CONTACT], [deed, INVOICE, CONTACT]):
        item = {item.record.ref: item for item in plan("erase", records, STRIPPED, Duties(rules), TODAY, ZONE)}["c1"]
        assert (frozenset({"phone"}), "deed", date(2035, 12, 31)) == (item.keep, item.bound_to, item.until)


def test_what_a_record_under_a_claim_hangs_from_is_left_whole() -> None:
    """It may be evidence; beside a duty, too."""
    duties = Duties((SEVEN,), claims={INVOICE.key: [Claim(reason="r", until=date(2027, 1, 1))]})
    other = replace(INVOICE, ref="i2")
    items = {item.record.ref: item for item in plan("erase", [other, INVOICE, CONTACT], STRIPPED, duties, TODAY, ZONE)}
    assert (Do.RESTRICT, None) == (items["c1"].do, items["c1"].keep)


def test_a_claim_is_on_its_record_and_keeps_what_that_hangs_from() -> None:
    claim = Claim(reason="r", until=date(2027, 1, 1))
    duties = Duties(claims={("address", "a1"): [claim]})
    records = [Record("address", "a1", binds=CONTACT.key), Record("address", "a2"), CONTACT]
    told = {item.record.ref: (item.outcome, item.bound_to) for item in plan("erase", records, SPEC, duties, TODAY, ZONE)}
    assert {"a1": (Outcome.HELD, None), "a2": (Outcome.ERASED, None), "c1": (Outcome.RESTRICTED, "address")} == told


LOGS = RetentionRule(frozenset({"log"}), "server logs", "Perfacilis 1.1", days=10)
LOG = Record("log", "l1")


def ageing(rule: RetentionRule = LOGS, today: date = TODAY, told: date | None = None, **more: Any) -> Planned:
    duties = Duties(retention=(rule,), expiring={LOG.key: told} if told else {}, **more)
    (item,) = plan("erase", [LOG], SPEC, duties, today, ZONE)
    return item


def test_what_cannot_be_erased_ages_out_by_its_rule_and_is_said_to_be_by_rule() -> None:
    item = ageing()
    assert (Do.LEAVE, Outcome.EXPIRING, date(2026, 11, 30)) == (item.do, item.outcome, item.until)
    told = "By rule, not by looking: server logs (Perfacilis 1.1). What was there on 2026-11-20 is gone after 2026-11-30."
    assert f"Logs cannot be erased. {told}" == item.reason


def test_the_day_on_which_it_has_aged_out_never_comes_nearer() -> None:
    assert date(2026, 12, 24) == ageing(told=date(2026, 12, 24)).until
    assert date(2026, 11, 30) == ageing(told=TODAY).until  # something may have been made since: later, never sooner


def test_what_should_have_aged_out_and_is_seen_all_the_same_is_refused() -> None:
    item = ageing(told=date(2026, 11, 19))
    assert (Outcome.REFUSED, date(2026, 11, 19)) == (item.outcome, item.until)  # the day stays: asked again, it is not set anew
    assert "should have gone by itself after 2026-11-19" in (item.reason or "")


def test_what_nobody_can_look_at_does_not_apply_once_its_day_has_passed() -> None:
    unseen = replace(LOGS, looked=False)
    assert Outcome.EXPIRING is ageing(unseen, told=TODAY).outcome
    item = ageing(unseen, told=date(2026, 11, 19))
    assert (Outcome.NOT_APPLICABLE, date(2026, 11, 19)) == (item.outcome, item.until)
    assert "gone after 2026-11-19; nobody looked" in (item.reason or "")


def test_a_law_that_keeps_it_comes_before_the_rule_by_which_it_ages_out() -> None:
    logs = replace(SEVEN, kinds=frozenset({"log"}))
    duties = Duties((logs,), (LOGS,))
    (item,) = plan("erase", [replace(LOG, since=date(2025, 6, 1))], SPEC, duties, TODAY, ZONE)
    assert Outcome.HELD is item.outcome


def test_what_the_vendor_can_erase_is_erased_whatever_a_retention_rule_says() -> None:
    """Smart FMS, everything else two years: that is the longest it promises to keep it, and no reason to refuse anybody."""
    rest = RetentionRule(frozenset({"*"}), "everything else", "Smart FMS", years=2)
    records = [INVOICE, CONTACT, LOG]
    told = {item.record.ref: item.outcome for item in plan("erase", records, SPEC, Duties(retention=(rest,)), TODAY, ZONE)}
    assert {"i1": Outcome.ERASED, "c1": Outcome.ERASED, "l1": Outcome.EXPIRING} == told


def test_a_rule_for_everything_else_does_not_reach_what_another_names_and_the_slowest_counts() -> None:
    rest = RetentionRule(frozenset({"*"}), "everything else", "s", years=2)
    slow = replace(LOGS, days=0, months=1)
    for rules in ((LOGS, rest, slow), (slow, rest, LOGS)):
        (item,) = plan("erase", [LOG], SPEC, Duties(retention=rules), TODAY, ZONE)
        assert date(2026, 12, 20) == item.until


def test_what_is_only_stored_until_it_goes_needs_no_restriction_and_no_lifting() -> None:
    """GDPR art. 18(2): restricted data may be stored."""
    for action in ("restrict", "lift"):
        (item,) = plan(action, [LOG], SPEC, Duties(retention=(replace(LOGS, looked=False),)), TODAY, ZONE)  # type: ignore[arg-type]
        assert (Do.LEAVE, Outcome.NOT_APPLICABLE) == (item.do, item.outcome)


def test_what_might_take_a_record_under_a_claim_along_waits_for_a_person() -> None:
    """The kinds stand in the order of erasure, what hangs from another first: so only a later kind can."""
    duties = Duties(claims={("address", "a1"): [Claim(reason="r", until=date(2027, 1, 1))]})
    records = [INVOICE, Record("address", "a1"), Record("address", "a2"), CONTACT]
    items = {item.record.ref: item for item in plan("erase", records, SPEC, duties, TODAY, ZONE)}
    assert [Outcome.ERASED, Outcome.HELD, Outcome.ERASED, Outcome.NEEDS_PERSON] == [items[ref].outcome for ref in ("i1", "a1", "a2", "c1")]
    assert "under a legal claim may hang from it" in (items["c1"].reason or "")


def test_what_nobody_can_look_at_is_never_said_to_be_held() -> None:
    """A backup is overwritten whatever a statute or a court says: a hold on it would be a promise that nobody keeps."""
    rest = replace(SEVEN, kinds=frozenset({"*"}))
    unseen = RetentionRule(frozenset({"log"}), "backups", "s", days=7, looked=False)
    duties = Duties((rest,), (unseen,), claims={LOG.key: [Claim(reason="r", until=date(2027, 1, 1))]})
    (item,) = plan("erase", [LOG], SPEC, duties, TODAY, ZONE)
    assert (Outcome.EXPIRING, None) == (item.outcome, item.hold)


def test_what_must_be_kept_is_not_shut_off_by_a_delete_after_which_it_may_be_gone() -> None:
    kinds = tuple(replace(kind, restricts=Call("DELETE")) if kind.name == "contact" else kind for kind in SPEC.kinds)
    claims = {CONTACT.key: (Claim(reason="A dispute.", until=date(2027, 6, 30)),)}
    (fate,) = plan("erase", [CONTACT], replace(SPEC, kinds=kinds), Duties(claims=claims), TODAY, ZONE)
    assert (Do.KEEP, False) == (fate.do, fate.shut)
