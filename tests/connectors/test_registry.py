"""Connectors by entry point: what is not there, stands twice, cannot be loaded or is incomplete is told."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from connectors.auth import Bearer, By
from connectors.contract import Call, Connector, Kind, Listed, Look, RestrictedIf, Shape, SignInSettings, State
from connectors.registry import GROUP, Registry, RegistryError, abilities, incomplete
from tests.connectors.shoebox import Shoebox

HERE = "tests.connectors.shoebox"


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def without(name: str) -> type[Shoebox]:
    """A Shoebox that does not say `name`."""
    return type("Lacking", (Shoebox,), {name: None})


def specced(**changes: Any) -> type[Shoebox]:
    return type("Changed", (Shoebox,), {"spec": replace(Shoebox.spec, **changes)})


def test_a_connector_is_found_by_its_name() -> None:
    assert "Shoebox" == Registry([point("shoebox", f"{HERE}:Shoebox")]).get("shoebox").__name__


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    registry = Registry([point("b", "x:Y"), point("a", "x:Y")])
    with pytest.raises(RegistryError, match="No connector 'c' is installed; there are: a, b"):
        registry.get("c")


def test_two_packages_with_one_name_are_refused_at_once() -> None:
    with pytest.raises(RegistryError, match="Two installed packages offer a connector 'shoebox'"):
        Registry([point("shoebox", f"{HERE}:Shoebox"), point("shoebox", "other:Shoebox")])


def test_the_same_entry_point_seen_twice_is_no_fault() -> None:
    """As with an editable installation beside its own metadata."""
    assert ["shoebox"] == Registry([point("shoebox", f"{HERE}:Shoebox")] * 2).names()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no.such.module:X", "ModuleNotFoundError"),
        (f"{HERE}:NoSuchName", "AttributeError"),
        ("tests.connectors.no_import:X", "ModuleNotFound"),
    ],
)
def test_a_connector_that_cannot_be_loaded_is_told_with_the_reason(value: str, why: str) -> None:
    with pytest.raises(RegistryError, match=f"'shoebox' cannot be loaded .*{why}"):
        Registry([point("shoebox", value)]).get("shoebox")


def test_a_broken_connector_is_loaded_only_when_asked_for() -> None:
    registry = Registry([point("broken", "no.such:X"), point("shoebox", f"{HERE}:Shoebox")])
    assert ["broken", "shoebox"] == registry.names()
    assert "shoebox" == registry.get("shoebox").spec.name


@pytest.mark.parametrize("value", [f"{HERE}:ShoeboxSimulator", f"{HERE}:Box", "json:dumps", "connectors.contract:MOST_PAGES"])
def test_what_is_no_connector_is_refused(value: str) -> None:
    with pytest.raises(RegistryError, match="incomplete: it is no subclass"):
        Registry([point("shoebox", value)]).get("shoebox")


@pytest.mark.parametrize(
    ("connector", "fault"),
    [
        (without("spec"), "it has no spec"),
        (specced(name="other"), "its spec is named 'other'"),
        (specced(kinds=()), "no record kinds"),
        (specced(identifiers=()), "no identifiers"),
        (specced(kinds=(*Shoebox.spec.kinds, Kind("note"))), "stands twice"),
        (specced(calls_per_minute=0), "not usable"),
        (specced(concurrency=0), "not usable"),
        (specced(docs="http://shoebox.example"), "not usable"),
        (specced(kinds=(Kind("note"),)), "restrict is written but no kind declares it"),
        (specced(kinds=(Kind("No Note"), *Shoebox.spec.kinds)), "no usable name"),
    ],
)
def test_an_incomplete_connector_is_told_by_what_it_lacks(connector: type[Shoebox], fault: str) -> None:
    assert fault in "; ".join(incomplete("shoebox", connector))


def test_a_method_that_is_not_written_is_named() -> None:
    class Half(Shoebox):
        locate = Shoebox.__mro__[1].locate  # type: ignore[assignment]

    assert any("it does not define locate" in fault for fault in incomplete("shoebox", Half))


def test_an_ability_that_is_declared_but_not_written_is_told() -> None:
    base = Shoebox.__mro__[1]
    connector = type("Silent", (Shoebox,), {"restrict": base.restrict, "lift": base.lift})
    faults = incomplete("shoebox", connector)
    assert ["restrict is declared but not written", "lift is declared but not written"] == faults


def test_a_complete_connector_lacks_nothing() -> None:
    assert [] == incomplete("shoebox", Shoebox)


def test_the_package_that_brings_a_connector_is_known() -> None:
    assert "gdpr-erasure-orchestrator" == Registry().package_of("moneybird")
    assert "unknown" == Registry([point("shoebox", f"{HERE}:Shoebox")]).package_of("shoebox")


def test_a_kind_that_nothing_can_erase_is_told() -> None:
    lazy = type("Lazy", (Shoebox,), {"erase": Connector.erase})
    assert ["a record kind has neither a path (`at`) nor an `erase` of the connector's own"] == incomplete("shoebox", lazy)


def test_a_database_without_its_address_among_the_settings_is_told() -> None:
    assert ["it opens a database, but its settings have no `url`"] == incomplete("shoebox", type("Rows", (Shoebox,), {"opens": "database"}))


class Nameless(Shape):
    id: str


class Wordy(Shape):
    state: str


class Stated(Shape):
    state: State


class Named(Shape):
    id: str
    state = RestrictedIf("id", "7")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (Kind("note", restricts=Call("PUT")), "note restricts by a Call without a path: give the kind its `at`, or the Call"),
        (Kind("note", lifts=Call("PUT")), "note lifts by a Call without a path: give the kind its `at`, or the Call"),
        (Kind("note", erases=Call("POST")), "note erases by a Call without a path: give the kind its `at`, or the Call"),
        (Kind("note", at="/notes/{id}", peeks=Look(Nameless)), "note is shown as Nameless, which has no `state` that is a State"),
        (Kind("note", at="/notes/{id}", peeks=Look(Wordy)), "note is shown as Wordy, which has no `state` that is a State"),
        (Kind("note", listed=Listed(Nameless)), "note is listed, and has neither an `at` nor a `path` of its list"),
        (Kind("note", at="/{box}/notes/{id}", listed=Listed(Nameless)), "note is listed at /{box}/notes, and box is none of the settings"),
        (Kind("note", at="/notes/{id}", listed=Listed(Nameless, "number")), "note is listed by 'number', which Nameless does not have"),
        (Kind("note", at="/notes/{id}", listed=Listed(Wordy, "state")), "note is listed as Wordy, whose `state` is no State"),
        (Kind("note", at="/notes/{id}", restricts=True), "restrict is declared but not written"),
        (Kind("note", at="/notes/{id}", lifts=True), "lift is declared but not written"),
    ],
)
def test_a_kind_that_says_what_cannot_be_done_is_told(kind: Kind, fault: str) -> None:
    lacking = {name: getattr(Connector, name) for name in ("restrict", "lift")}
    connector = type("Saying", (Shoebox,), {**lacking, "spec": replace(Shoebox.spec, kinds=(kind,))})
    assert [fault] == incomplete("shoebox", connector)


def test_a_kind_that_says_what_can_be_done_lacks_nothing() -> None:
    kind = Kind(
        "note", at="/notes/{id}", peeks=Look(Stated), erases=Call("POST"), restricts=Call("PUT"), lifts=Call("PUT", at="/back/{id}"),
        listed=Listed(Named, path="/{token}/notes"),
    )  # fmt: skip
    bare = {name: getattr(Connector, name) for name in ("erase", "restrict", "lift", "peek")}
    assert [] == incomplete("shoebox", type("Said", (Shoebox,), {**bare, "spec": replace(Shoebox.spec, kinds=(kind,))}))


def test_one_kind_that_says_how_does_not_hide_another_that_does_not() -> None:
    kinds = (Kind("note", at="/notes/{id}", restricts=Call("PUT")), Kind("invoice", at="/invoices/{id}", restricts=True))
    bare = {name: getattr(Connector, name) for name in ("restrict", "lift")}
    connector = type("Half", (Shoebox,), {**bare, "spec": replace(Shoebox.spec, kinds=kinds)})
    assert ["restrict is declared but not written"] == incomplete("shoebox", connector)


def test_a_kind_that_peeks_where_there_is_no_path_is_told() -> None:
    kinds = (Kind("note", peeks=True), *Shoebox.spec.kinds[1:])
    connector = type("Blind", (Shoebox,), {"peek": Connector.peek, "spec": replace(Shoebox.spec, kinds=kinds)})
    assert ["note peeks, and has neither a path (`at`) nor a `peek` of the connector's own"] == incomplete("shoebox", connector)


def test_a_sign_in_by_what_is_no_setting_is_told() -> None:
    connector = type("Locked", (Shoebox,), {"signs_in": By(Bearer, "password")})
    assert ["it signs in by password, which is none of its settings"] == incomplete("shoebox", connector)


def test_settings_for_signing_in_where_nothing_signs_in_are_told() -> None:
    connector = type("Open", (Shoebox,), {"settings_model": SignInSettings})
    assert ["its settings are those that it signs in by (SignInSettings), and it has no signs_in"] == incomplete("shoebox", connector)


def test_a_kind_that_is_listed_is_verified_by_reference() -> None:
    kinds = (Kind("note", at="/notes/{id}", listed=Listed(Named)), *Shoebox.spec.kinds[1:])
    listed = type("Listing", (Shoebox,), {"peek": Connector.peek, "spec": replace(Shoebox.spec, kinds=kinds)})
    unlisted = type("Searching", (Shoebox,), {"peek": Connector.peek})
    assert ["by reference", "by search"] == [abilities(one)["verifies"] for one in (listed, unlisted)]
