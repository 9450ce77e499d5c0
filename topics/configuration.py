"""The one configuration file, `erasure.toml`, read at start; what is wrong is refused with its line (decision 14)."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from topics.addresses import is_loopback, one_database, read_base_url
from topics.calendar_settings import Keep, MonthDay, Promise, read_country, read_keep, read_month_day, read_promise, read_time_zone
from topics.model import ProcessorName
from topics.rules import HoldRule, HoldStart, RetentionRule
from topics.toml_lines import ConfigurationError, Fault, Section, TomlFile, Wrong, nearest, read_as
from topics.wrapping import KeyEncryptionKey

__all__ = [
    "BaseUrl", "Certificate", "Configuration", "ConfigurationError", "ConfiguredPath", "Controller", "DatabaseUrl", "Duration",
    "HoldRule", "HoldStart", "Kafka", "KeyringSettings", "Ledger", "MonthDay", "Processor", "ProcessorKind",
    "RetentionRule", "Retry", "Secret", "Signing", "Text", "Wrong", "load", "resolve_secret",
]  # fmt: skip

Model = TypeVar("Model", bound=BaseModel)

ProcessorKind = Literal[
    "ticketing", "mailing_list", "accounting", "payments", "hosting",
    "mailbox", "analytics", "remote_support", "database", "other",
]  # fmt: skip

_HOW_TO_GIVE_A_SECRET = 'write {env = "NAME"} or {file = "path"}, never the secret itself'
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")  # what looks like a name is printed; a mistaken secret is not
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_DURATION = timedelta(days=366)
_SERVER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_KAFKA_PORT = ":9092"
_SHORTEST_KEY_BYTES = 32


def resolve_secret(raw: object, base_folder: Path, environ: Mapping[str, str]) -> str:
    """The secret that `{env = …}` or `{file = …}` points to, without one newline at its end.

    A PEM key in a variable may have its lines separated by a literal backslash and n.

    Raises:
        Wrong: it is given in another way, or is not there, or is empty.
    """
    match raw:
        case {"env": str(name), **others} if not others:
            named = f" {name}" if _VARIABLE.fullmatch(name) else ""
            found, what = environ.get(name, ""), f"the environment variable{named} is not set or is empty; set it"
        case {"file": str(name), **others} if name and not others:
            found, what = _read(base_folder / name), "the file that it names is empty; write the secret to it"
        case _:
            raise Wrong(_HOW_TO_GIVE_A_SECRET)
    if not found.strip():
        raise Wrong(what)
    found = found.removesuffix("\n").removesuffix("\r")
    return found.replace("\\n", "\n") if found.startswith("-----BEGIN ") else found


def _read(path: Path) -> str:
    problem = "the file that it names does not exist; a relative path starts at the folder of the configuration file"
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        pass
    except OSError as error:
        problem = f"the file that it names cannot be read ({error.strerror}); allow this user to read it"
    except ValueError:
        problem = "the file that it names is not text; save it in UTF-8, a key in PEM"
    raise Wrong(problem)


def _folder_and_environ(info: ValidationInfo) -> tuple[Path, Mapping[str, str]]:
    context = info.context or {}
    return context.get("folder", Path()), context.get("environ", {})


def _secret(raw: object, info: ValidationInfo) -> SecretStr:
    return raw if isinstance(raw, SecretStr) else SecretStr(resolve_secret(raw, *_folder_and_environ(info)))


def _key_encryption_key(raw: object, info: ValidationInfo) -> KeyEncryptionKey:
    given = resolve_secret(raw, *_folder_and_environ(info))
    try:
        return KeyEncryptionKey.read(given)
    except ValueError as fault:
        raise Wrong(f"{fault}; make one with: openssl rand -base64 32") from None


def _path(raw: object, info: ValidationInfo) -> Path:
    if not isinstance(raw, (str, Path)) or not str(raw) or "\0" in str(raw):
        raise Wrong('must be a path; write it in quotes: "…"')
    return (_folder_and_environ(info)[0] / raw).absolute()


def _duration(raw: object) -> timedelta:
    if isinstance(raw, timedelta):
        return raw
    found = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < duration <= _LONGEST_DURATION:
        raise Wrong('must be a duration above zero and up to "366d"; write "500ms", "30s", "10m", "2h" or "1d"')
    return duration


def _bootstrap_servers(raw: object, info: ValidationInfo) -> str:
    given = _folder_and_environ(info)[1].get("KAFKA_BOOTSTRAP_SERVERS") or raw
    where = "" if given is raw else "KAFKA_BOOTSTRAP_SERVERS in the environment, which wins, "
    if given == "":
        raise Wrong('is missing; write "HOST:PORT" or set KAFKA_BOOTSTRAP_SERVERS')
    servers = [server.strip() for server in given.split(",")] if isinstance(given, str) else [""]
    found = [_SERVER.fullmatch(server) for server in servers]
    if not all(server and 0 < int((server[2] or _KAFKA_PORT)[1:]) < 2**16 for server in found):
        raise Wrong(f'{where}must name servers; write "HOST:PORT", several with commas between')
    return ",".join(server[1] + (server[2] or _KAFKA_PORT) for server in found if server)


def _database_url(raw: object, info: ValidationInfo) -> str:
    given = resolve_secret(raw, *_folder_and_environ(info)) if isinstance(raw, dict) else str(raw)
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        url = URL.create("none")
    if url.drivername in ("postgresql", "postgresql+psycopg"):
        password = url.password or url.query.get("password")
        if password and not isinstance(raw, dict) and not is_loopback(url.host):
            raise Wrong(f"holds a password; put the whole URL elsewhere and {_HOW_TO_GIVE_A_SECRET}")
        return given
    if url.drivername != "sqlite":
        raise Wrong('names no database that is supported; write "sqlite:///FILE" or "postgresql://HOST/NAME"')
    if url.host or url.query or url.database in (None, "", ":memory:"):
        raise Wrong('must name a file; write "sqlite:///FILE", with three slashes and nothing after the file')
    return f"sqlite:///{_path(url.database, info)}"


def _apart_from_ledger(keyring: "KeyringSettings", info: ValidationInfo) -> "KeyringSettings":
    ledger = info.data.get("ledger")
    if ledger is not None and one_database(ledger.url) == one_database(keyring.url):
        raise Wrong("must not be the ledger's database: a backup would hold the keys too; write another one as its url")
    return keyring


def _apart_from_both(suppression: "SuppressionSettings | None", info: ValidationInfo) -> "SuppressionSettings | None":
    for name in ("ledger", "keyring"):
        other = info.data.get(name)
        if other and suppression and one_database(other.url) == one_database(suppression.url):
            raise Wrong(
                f"must not be the {name}'s database: the tokens have a ground and an end of their own; write another one as its url"
            )
    return suppression


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().encode()) < _SHORTEST_KEY_BYTES:
        raise Wrong(f"must be at least {_SHORTEST_KEY_BYTES} characters that nobody can guess; make it with openssl rand -base64 32")
    return key


def _option(raw: object) -> object:
    if isinstance(raw, dict) or (isinstance(raw, list) and all(isinstance(table, dict) for table in raw)):
        return raw
    raise PydanticCustomError("extra_forbidden", "is not a known key")


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
"""A secret in a connector's settings: `{env = …}` or `{file = …}`, never text (a `SecretStr` made in code passes)."""
BaseUrl = Annotated[str, AfterValidator(read_base_url)]
"""An address that may be called: encrypted, but on loopback."""
ConfiguredPath = Annotated[Path, BeforeValidator(_path)]
"""A path, absolute; a relative one starts at the configuration file's folder."""
DatabaseUrl = Annotated[str, BeforeValidator(_database_url)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
KeptFor = Annotated[Keep, BeforeValidator(read_keep)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
_WrappingKey = Annotated[InstanceOf[KeyEncryptionKey], BeforeValidator(_key_encryption_key)]
Positive = Annotated[int, Field(gt=0)]
LegalBasis = Literal["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)"]


class Controller(Section):
    """Who answers to the subject, and the calendar and clock that its dates follow.

    `authority`: the supervisory authority, as letters name it. `identity_checklist`: what the officer looks at when the identity
    is in doubt (GDPR art. 12(6)).
    """

    name: Text
    contact: Text
    time_zone: Annotated[ZoneInfo, BeforeValidator(read_time_zone)] = ZoneInfo("Europe/Amsterdam")
    country: Annotated[str, Field(pattern="^[A-Z]{2}$"), AfterValidator(read_country)] = "NL"
    promise: Annotated[Promise, BeforeValidator(read_promise)] | None = None
    financial_year_end: Annotated[MonthDay, BeforeValidator(read_month_day)] = MonthDay(12, 31)
    authority: Text | None = None
    identity_checklist: Annotated[tuple[Text, ...], Field(strict=False)] = ()


class Kafka(Section):
    """The broker. `static_membership` None: find out whether it can; `replication_factor` None: three, or as many as there are brokers."""

    bootstrap_servers: Annotated[str, BeforeValidator(_bootstrap_servers)] = ""
    prefix: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{0,100}$")] = ""
    partitions: Annotated[int, Field(ge=1, le=100)] = 6
    replication_factor: Positive | None = None
    static_membership: bool | None = None


class Ledger(Section):
    """The orchestrator's system of record."""

    url: DatabaseUrl = Field("sqlite:///erasure.db", repr=False)


class KeyringSettings(Section):
    """The per-case keys, in a database of their own, wrapped where a key-encryption key is given."""

    url: DatabaseUrl = Field("sqlite:///keyring.db", repr=False)
    key_encryption_key: _WrappingKey | None = Field(None, repr=False)
    previous_key_encryption_key: _WrappingKey | None = Field(None, repr=False)

    @property
    def wrappers(self) -> tuple[KeyEncryptionKey, ...]:
        """What may be around the keys, the newest first."""
        return tuple(one for one in (self.key_encryption_key, self.previous_key_encryption_key) if one is not None)


class Signing(Section):
    """`keys`: the folder with the signing keys."""

    keys: ConfiguredPath = Path("keys")


class Retry(Section):
    """`timeout`: for one call. After `give_up_after` the worker reports `failed`."""

    give_up_after: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(seconds=30)


class Certificate(Section):
    """When a partial certificate is issued, how often what failed is tried again, and when what is gone is looked for once more."""

    partial_after: Duration = timedelta(minutes=15)
    retry_every: Duration = timedelta(days=1)
    look_again_after: Duration = timedelta(days=1)


class DeadLetters(Section):
    """`most_per_minute`: of one topic; when more cannot be processed, the process stops with the rest unacknowledged."""

    most_per_minute: Positive = 100


class Processor(Section):
    """One processor. `settings` are raw, for the connector to read: `Configuration.settings_for`.

    `legal_basis`: what the processing there rests on (GDPR art. 6(1)); `marketing`: whether it is direct marketing (art. 21(2)).
    Left out, a mailing list is marketing by consent, analytics rest on consent, and nothing is said of the others.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(_option)]] = Field(init=False)

    name: ProcessorName
    connector: ProcessorName
    kind: ProcessorKind | None = None
    base_url: BaseUrl | None = None
    calls_per_minute: Positive | None = None
    legal_basis: LegalBasis | None = None
    marketing: bool | None = None
    settings: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """Further tables of this processor, such as `[[processors.tables]]`."""
        return dict(self.model_extra or {})


class Rights(Section):
    """`lifting_notice`: how long before a lifting the person is told of it (GDPR art. 18(3)); None: right before."""

    lifting_notice: Duration | None = None


class RegisterSettings(Section):
    """How long the register of handled requests keeps an entry after its last certificate."""

    keep: KeptFor = Keep(5, "y")


class SuppressionSettings(Section):
    """Tokens of who was erased, in a database of their own under a key of their own, with their ground and how long they are kept."""

    url: DatabaseUrl = Field(repr=False)
    key: Annotated[Secret, AfterValidator(_long_enough)]
    ground: Annotated[str, Field(pattern=r"^[A-Za-z0-9_().,;:\- ]{1,100}$")]
    keep: KeptFor


def _absent() -> Any:
    return {}  # read as an empty table, so that paths and the environment count for the defaults too


class Configuration(Section):
    """All of `erasure.toml`, checked."""

    controller: Controller
    kafka: Kafka = Field(default_factory=_absent)
    ledger: Ledger = Field(default_factory=_absent)
    keyring: Annotated[KeyringSettings, AfterValidator(_apart_from_ledger)] = Field(default_factory=_absent)
    signing: Signing = Field(default_factory=_absent)
    retry: Retry = Field(default_factory=_absent)
    certificate: Certificate = Field(default_factory=_absent)
    rights: Rights = Field(default_factory=_absent)
    register_: RegisterSettings = Field(default_factory=_absent, alias="register")
    suppression: Annotated[SuppressionSettings | None, AfterValidator(_apart_from_both)] = None
    dead_letters: DeadLetters = Field(default_factory=_absent)
    processors: Annotated[tuple[Processor, ...], Field(min_length=1, strict=False)]
    holds: Annotated[tuple[HoldRule, ...], Field(strict=False)] = ()
    retention: Annotated[tuple[RetentionRule, ...], Field(strict=False)] = ()

    _file = TomlFile(Path("erasure.toml"))
    _context: dict[str, Any] = {}

    def settings_for(self, processor: Processor, model: type[Model]) -> Model:
        """The processor's settings and options as its connector's `model` reads them, secrets resolved.

        Raises:
            ConfigurationError: they do not fit the model, or a secret is not there.
        """
        at = ("processors", [known.name for known in self.processors].index(processor.name))
        settings, faults = read_as(model, {**processor.options, **processor.settings}, self._context)
        if settings is None:
            inside = [() if where and where[0] in processor.options else ("settings",) for where, _ in faults]
            raise self._file.error((at + more + where, what) for more, (where, what) in zip(inside, faults, strict=True))
        return settings

    def error(self, *faults: Fault) -> ConfigurationError:
        """What else is wrong, for those who know more: where (`("holds", 0, "kind")`) and a sentence without values."""
        return self._file.error(faults)


def load(path: Path | None, environ: Mapping[str, str], without: Collection[str] = ()) -> Configuration:
    """The configuration at `path`, else where `ERASURE_CONFIG` says, else `erasure.toml` in the current folder.

    `without`: sections that this process does not need, and whose secrets it may not have; they are as if not written.

    Raises:
        ConfigurationError: there is none, or something in it is wrong.
    """
    given = path or Path(environ.get("ERASURE_CONFIG") or "erasure.toml")
    file = TomlFile.read(given)
    context = {"folder": given.absolute().parent, "environ": environ}
    document = {name: section for name, section in file.document.items() if name not in without}
    configuration, faults = read_as(Configuration, document, context)
    faults += _faults_between_tables(file)
    if faults or configuration is None:
        raise file.error(faults)
    configuration._file, configuration._context = file, context
    return configuration


def _faults_between_tables(file: TomlFile) -> list[Fault]:
    """What pydantic cannot say at its place: asked of the raw tables, so that it is reported with the rest."""
    faults: list[Fault] = []
    names: list[object] = []
    for index, table in file.tables("processors"):
        name = table.get("name")
        if isinstance(name, str) and name in names:
            faults.append((("processors", index, "name"), "stands at an earlier processor too; write another name"))
        names.append(name)
        for key, value in table.items():
            if key != "settings" and isinstance(value, dict) and get_close_matches(key, ["settings"], 1, 0.8):
                faults.append((("processors", index, key), "is not a known key; did you mean settings?"))
    for rules, (index, table) in [(key, found) for key in ("holds", "retention") for found in file.tables(key)]:
        name = table.get("processor")
        if isinstance(name, str) and name not in names:
            known = [known for known in names if isinstance(known, str) and re.fullmatch("[a-z][a-z0-9_-]{0,62}", known)]
            faults.append(((rules, index, "processor"), f"is not the name of a processor; {nearest(name, known)}"))
    return faults
