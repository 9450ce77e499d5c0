"""Connectors by entry point (group `erasure.connectors`): an outside package adds a vendor with one line and no fork."""

import inspect
import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from string import Formatter
from typing import Any

from connectors.contract import Call, Connector, Kind, Look, SignInSettings, Spec, State

GROUP = "erasure.connectors"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")  # topics.model.RecordKind: another name could not be reported


class RegistryError(Exception):
    """A connector is missing, stands twice, or is incomplete. The text says which, and what to do."""


class Registry:
    """The installed connectors by name, loaded when asked for."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self._points: dict[str, EntryPoint] = {}
        for point in entry_points(group=GROUP) if points is None else points:
            if point.name in self._points and self._points[point.name].value != point.value:
                raise RegistryError(f"Two installed packages offer a connector {point.name!r}; uninstall one of them.")
            self._points[point.name] = point

    def names(self) -> list[str]:
        """The installed connectors' names, in order."""
        return sorted(self._points)

    def package_of(self, name: str) -> str:
        """The distribution that brings the connector."""
        distribution = self._points[name].dist
        return distribution.name if distribution else "unknown"

    def get(self, name: str) -> type[Connector[Any]]:
        """The connector of that name.

        Raises:
            RegistryError: there is none, it cannot be loaded, or it is incomplete.
        """
        if name not in self._points:
            raise RegistryError(f"No connector {name!r} is installed; there are: {', '.join(self.names())}.")
        try:
            loaded = self._points[name].load()
        except Exception as error:
            raise RegistryError(f"The connector {name!r} cannot be loaded ({type(error).__name__}: {error}).") from error
        faults = incomplete(name, loaded)
        if faults:
            raise RegistryError(f"The connector {name!r} is incomplete: {'; '.join(faults)}.")
        connector: type[Connector[Any]] = loaded
        return connector


def abilities(connector: type[Connector[Any]]) -> dict[str, Any]:
    """What a connector can do, by record kinds; and how it looks again."""
    kinds = connector.spec.kinds
    return {
        "kinds": [kind.name for kind in kinds],
        "erases": [kind.name for kind in kinds if kind.kept_because is None],
        "restricts": [kind.name for kind in kinds if kind.restricts],
        "lifts": [kind.name for kind in kinds if kind.lifts],
        "verifies": _verifies(connector),
    }


def _verifies(connector: type[Connector[Any]]) -> str:
    """How it looks again: never, where nothing is called, or where nobody can be looked up and another's word is taken."""
    if connector.opens == "nothing" or not connector.spec.searches:
        return "never"
    told = connector.peek is not Connector.peek or any(kind.peeks or kind.listed for kind in connector.spec.kinds)
    return "by reference" if told else "by search"


def incomplete(name: str, connector: Any) -> list[str]:
    """What a connector lacks; empty when it is complete."""
    if not (inspect.isclass(connector) and issubclass(connector, Connector)):
        return ["it is no subclass of connectors.contract.Connector"]
    spec = getattr(connector, "spec", None)
    if not isinstance(spec, Spec):
        return ["it has no spec"]
    faults = []
    if inspect.isabstract(connector):
        faults.append("it does not define " + " and ".join(sorted(connector.__abstractmethods__)))
    if spec.name != name:
        faults.append(f"its spec is named {spec.name!r}")
    faults += _unusable_settings(connector)
    if connector.opens != "nothing" and not (spec.kinds and spec.identifiers):
        faults.append("its spec names no record kinds or no identifiers")
    if connector.erase is Connector.erase and not all(kind.at or kind.kept_because or kind.erases for kind in spec.kinds):
        faults.append("a record kind has neither a path (`at`) nor an `erase` of the connector's own")
    if len({kind.name for kind in spec.kinds}) != len(spec.kinds):
        faults.append("a record kind stands twice in its spec")
    if not all(_KIND.fullmatch(kind.name) for kind in spec.kinds):
        faults.append("a record kind has no usable name (lower-case letters, digits, underscores)")
    documented = spec.docs.startswith("https://") or connector.opens == "nothing"
    if spec.calls_per_minute < 1 or spec.concurrency < 1 or not documented:
        faults.append("calls_per_minute, concurrency or docs is not usable")
    return faults + _undeclared_abilities(connector) + [fault for kind in spec.kinds for fault in _not_sayable(connector, kind)]


def _unusable_settings(connector: type[Connector[Any]]) -> list[str]:
    if not hasattr(connector, "settings_model"):
        return ["it has no settings_model"]
    model, named = connector.settings_model, connector.signs_in.names if connector.signs_in else ()
    if model is SignInSettings:
        return ["its settings are those that it signs in by (SignInSettings), and it has no signs_in"]
    faults = [f"it signs in by {name}, which is none of its settings" for name in sorted({*named} - {*model.model_fields})][:1]
    if connector.opens == "database" and "url" not in model.model_fields:
        faults.append("it opens a database, but its settings have no `url`")
    return faults


def _undeclared_abilities(connector: type[Connector[Any]]) -> list[str]:
    """What is declared and not written, or the other way round."""
    faults = []
    for ability in ("restrict", "lift", "strip"):
        declared: list[object] = [how for kind in connector.spec.kinds if (how := getattr(kind, f"{ability}s"))]
        if ability == "strip" and connector.strips is not Connector.strips:
            declared.append("by the settings")
        written = getattr(connector, ability) is not getattr(Connector, ability)
        if not written and not all(isinstance(how, Call) for how in declared):
            faults.append(f"{ability} is declared but not written")
        if written and not declared:
            faults.append(f"{ability} is written but no kind declares it")
    return faults


def _not_sayable(connector: type[Connector[Any]], kind: Kind) -> list[str]:
    """What a kind says of its calls that cannot be done."""
    faults = []
    for ability, how in (("erases", kind.erases), ("restricts", kind.restricts), ("lifts", kind.lifts)):
        if isinstance(how, Call) and not (how.at or kind.at):
            faults.append(f"{kind.name} {ability} by a Call without a path: give the kind its `at`, or the Call")
    if kind.peeks and not kind.at and connector.peek is Connector.peek:
        faults.append(f"{kind.name} peeks, and has neither a path (`at`) nor a `peek` of the connector's own")
    shape = kind.peeks.shape if isinstance(kind.peeks, Look) else None
    if shape and not _tells_state(shape):
        faults.append(f"{kind.name} is shown as {shape.__name__}, which has no `state` that is a State")
    return faults + _not_listable(connector, kind)


def _not_listable(connector: type[Connector[Any]], kind: Kind) -> list[str]:
    """What a kind says of the list of everybody's that cannot be."""
    if (listed := kind.listed) is None:
        return []
    faults, path = [], kind.list_path
    if not path:
        faults.append(f"{kind.name} is listed, and has neither an `at` nor a `path` of its list")
    elif unknown := [name for _, name, _, _ in Formatter().parse(path) if name and name not in connector.settings_model.model_fields]:
        faults.append(f"{kind.name} is listed at {path}, and {unknown[0]} is none of the settings")
    if not _has(listed.shape, listed.ref):
        faults.append(f"{kind.name} is listed by {listed.ref!r}, which {listed.shape.__name__} does not have")
    if _has(listed.shape, "state") and not _tells_state(listed.shape):
        faults.append(f"{kind.name} is listed as {listed.shape.__name__}, whose `state` is no State")
    return faults


def _has(shape: Any, name: str) -> bool:
    return name in shape.model_fields or hasattr(shape, name)


def _tells_state(shape: Any) -> bool:
    field = shape.model_fields.get("state")
    return field.annotation is State if field else hasattr(shape, "state")
