"""The configured processors with their connectors: what `erasure.toml` says, held against what is installed."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, get_args

from connectors.ageing import RetentionRule
from connectors.contract import Connector, Kind, OfAnyKind, ProcessorKind, Settings
from connectors.holds import HoldRule
from connectors.registry import Registry, RegistryError
from topics.configuration import Configuration, Processor
from topics.rules import EVERY_OTHER


@dataclass(frozen=True)
class Entry:
    """One configured processor: checked as far as can be without its secrets."""

    processor: Processor
    connector: type[Connector[Any]]
    kind: str
    base_url: str | None  # None: it opens no address


_SCHEMES = {"http": ("http", "https"), "mailbox": ("imap", "imaps"), "database": (), "nothing": ()}


def roster(configuration: Configuration, registry: Registry) -> list[Entry]:
    """Every configured processor, in the order of the file.

    Raises:
        ConfigurationError: a connector is not installed, a base_url is missing, or a hold names an undeclared kind.
    """
    entries: list[Entry] = []
    faults: list[Any] = []
    for index, processor in enumerate(configuration.processors):
        try:
            connector = registry.get(processor.connector)
        except RegistryError as error:
            faults.append((("processors", index, "connector"), str(error)))
            continue
        base_url = processor.base_url or connector.base_url
        if problem := _address_problem(connector, base_url):
            faults.append((("processors", index), problem))
            continue
        kind = processor.kind or _kind_in_settings(processor, connector) or connector.spec.kind
        if kind not in get_args(ProcessorKind):
            faults.append((("processors", index, "settings", "kind"), f"must be one of {', '.join(get_args(ProcessorKind))}"))
            continue
        entries.append(Entry(processor, connector, kind, base_url))
    faults += _faults_of_rules(configuration, registry)
    if faults:
        raise configuration.error(*faults)
    return entries


def _kind_in_settings(processor: Processor, connector: type[Connector[Any]]) -> Any:
    return processor.settings.get("kind") if issubclass(connector.settings_model, OfAnyKind) else None


def _address_problem(connector: type[Connector[Any]], base_url: str | None) -> str | None:
    """What is wrong with a `base_url` for what the connector opens."""
    schemes = _SCHEMES[connector.opens]
    if base_url is None:
        return f"needs a base_url: the connector {connector.spec.name} has none of its own" if schemes else None
    if not schemes:
        return f"must not have a base_url: the connector {connector.spec.name} calls no address"
    if base_url.partition("://")[0] not in schemes:
        return f"needs a base_url that begins with {schemes[-1]}:// for the connector {connector.spec.name}"
    return None


def _faults_of_rules(configuration: Configuration, registry: Registry) -> list[Any]:
    """A rule on a kind that no connector has would do nothing, silently; a field that is misspelt would be stripped."""
    if not (configuration.holds or configuration.retention):
        return []
    kinds = declared(registry)
    told = ", ".join(sorted({kind.name for kind in kinds}))
    rules = [("holds", *rule) for rule in enumerate(configuration.holds)] + [
        ("retention", *rule) for rule in enumerate(configuration.retention)
    ]
    faults: list[Any] = [
        ((table, index, "kind"), f"is a kind that no installed connector declares; declared are {told}")
        for table, index, rule in rules
        if not set(rule.kinds) <= {EVERY_OTHER, *(kind.name for kind in kinds)}
    ]
    for index, hold in enumerate(configuration.holds):
        known = _strippable(registry, hold.kinds)
        if known and not set(hold.fields or ()) <= known:
            faults.append((("holds", index, "fields"), f"has a field that no connector could strip; those are {', '.join(sorted(known))}"))
    return faults


def _strippable(registry: Registry, held: Collection[str]) -> set[str]:
    """The fields that can be stripped where such records are: from them, or from what they hang from."""
    there = [kinds for kinds in _of_each(registry) if EVERY_OTHER in held or {kind.name for kind in kinds} & set(held)]
    return {name for kinds in there for kind in kinds for name in kind.strips}


def declared(registry: Registry) -> list[Kind]:
    """Every kind of every installed connector; a broken one that nobody configured declares none."""
    return [kind for kinds in _of_each(registry) for kind in kinds]


def _of_each(registry: Registry) -> list[tuple[Kind, ...]]:
    found: list[tuple[Kind, ...]] = []
    for name in registry.names():
        with suppress(RegistryError):
            found.append(registry.get(name).spec.kinds)
    return found


def settings_of(configuration: Configuration, entry: Entry) -> Settings:
    """The connector's settings, secrets resolved; also tried with its `auth`, so that a bad key is told at start.

    Raises:
        ConfigurationError: a setting or secret is missing or wrong.
    """
    settings = configuration.settings_for(entry.processor, entry.connector.settings_model)
    try:
        entry.connector.auth(settings)
    except ValueError as error:
        index = [one.name for one in configuration.processors].index(entry.processor.name)
        raise configuration.error((("processors", index, "settings"), f"cannot be used to sign in: {error}")) from None
    return settings


def rules_for(configuration: Configuration, name: str) -> Sequence[HoldRule]:
    """The holds that apply at one processor."""
    month, day = configuration.controller.financial_year_end
    return [
        HoldRule(
            frozenset(rule.kinds),
            rule.statute,
            rule.exception,
            rule.years or 0,
            rule.starts,
            (month, day),
            rule.months or 0,
            rule.days or 0,
            None if rule.fields is None else frozenset(rule.fields),
            rule.reason,
        )
        for rule in configuration.holds
        if rule.processor in (None, name)
    ]


def retention_for(configuration: Configuration, name: str) -> Sequence[RetentionRule]:
    """What goes by itself at one processor."""
    return [
        RetentionRule(frozenset(rule.kinds), rule.name, rule.source, rule.years or 0, rule.months or 0, rule.days or 0)
        for rule in configuration.retention
        if rule.processor in (None, name)
    ]
