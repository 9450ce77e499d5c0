"""The one configuration file, `erasure.toml`, read at start; what is wrong is refused with its line (decision 14)."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from topics.addresses import is_loopback, one_database
from topics.calendar_settings import Keep, MonthDay, Promise, read_country, read_month_day, read_promise, read_time_zone
from topics.database_urls import DatabaseUrl
from topics.model import ProcessorName
from topics.rules import HoldRule, HoldStart, RetentionRule
from topics.setting_types import (
    BaseUrl,
    BootstrapServers,
    ConfiguredPath,
    Duration,
    KeptFor,
    LongKey,
    Positive,
    Secret,
    Text,
    Texts,
    WrappingKey,
    resolve_secret,
)  # fmt: skip
from topics.toml_lines import ConfigurationError, Fault, Section, TomlFile, Wrong, nearest, read_as
from topics.wrapping import KeyEncryptionKey

__all__ = [
    "BaseUrl", "Certificate", "Configuration", "ConfigurationError", "ConfiguredPath", "Controller", "DatabaseUrl", "Duration",
    "HoldRule", "HoldStart", "Kafka", "KeyringSettings", "Ledger", "MonthDay", "Processor", "ProcessorKind",
    "RetentionRule", "Retry", "Secret", "Signing", "Text", "Texts", "Wrong", "load", "resolve_secret",
]  # fmt: skip

Model = TypeVar("Model", bound=BaseModel)

ProcessorKind = Literal[
    "ticketing", "mailing_list", "accounting", "payments", "hosting",
    "mailbox", "analytics", "remote_support", "database", "other",
]  # fmt: skip

LegalBasis = Literal["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)"]


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


def _option(raw: object) -> object:
    if isinstance(raw, dict) or (isinstance(raw, list) and all(isinstance(table, dict) for table in raw)):
        return raw
    raise PydanticCustomError("extra_forbidden", "is not a known key")


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

    bootstrap_servers: BootstrapServers = ""
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
    key_encryption_key: WrappingKey | None = Field(None, repr=False)
    previous_key_encryption_key: WrappingKey | None = Field(None, repr=False)

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


class GuardSettings(Section):
    """What is asked before an erasure begins. `plan_first`: every plan is approved. More than `records_per_case` or `cases_per_hour` need
    two persons. `ask_when_open`: somebody with a running contract or an unpaid invoice is asked about.
    """

    plan_first: bool = False
    records_per_case: Positive | None = None
    cases_per_hour: Positive | None = None
    ask_when_open: bool = False


class RegisterSettings(Section):
    """How long the register of handled requests keeps an entry after its last certificate."""

    keep: KeptFor = Keep(5, "y")


class SuppressionSettings(Section):
    """Tokens of who was erased, in a database of their own under a key of their own, with their ground and how long they are kept."""

    url: DatabaseUrl = Field(repr=False)
    key: LongKey
    ground: Annotated[str, Field(pattern=r"^[A-Za-z0-9_().,;:\- ]{1,100}$")]
    keep: KeptFor


class SignIn(Section):
    """The OpenID provider that officers sign in at. `roles`: what each role is called in the claim `role_claim` of its ID tokens."""

    issuer: BaseUrl
    client_id: Text
    client_secret: Secret
    role_claim: Text = "roles"
    roles: dict[Literal["officer", "reader", "operator"], Text] = Field(min_length=1)


class Web(Section):
    """The officer's pages. `address`: as browsers reach them, where a proxy stands before; `store`: sessions and the audit, apart.

    `show_person`: whether an officer may look at who it is while the case's key is there; each look is audited.
    `keep_proofs`: the folder in which uploaded proofs are kept, sealed; None: only their digests are.
    """

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    address: BaseUrl | None = None
    store: DatabaseUrl = Field("sqlite:///web.db", repr=False)
    show_person: bool = False
    keep_proofs: ConfiguredPath | None = None
    sign_in: SignIn | None = None


def _sealed_on_the_way(mail: "MailSettings | None") -> "MailSettings | None":
    if mail and mail.tls == "none" and not is_loopback(mail.host):
        raise Wrong('sends in the clear, which is for loopback only; write tls = "starttls" or "tls"')
    return mail


class MailSettings(Section):
    """The mail server, and to whom notices go: officers, never the persons whose requests they are. `none` as `tls` on loopback only."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: Text | None = None
    password: Secret | None = None
    sender: Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", repr=False)]
    to: Annotated[tuple[Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")], ...], Field(min_length=1, strict=False, repr=False)]


class WebhookSettings(Section):
    """Where notices are posted as JSON, signed under `secret` as Standard Webhooks says."""

    url: Annotated[BaseUrl, Field(repr=False)]
    secret: LongKey


def _somebody(given: "Notifications | None") -> "Notifications | None":
    if given is not None and given.mail is None and given.webhook is None:
        raise Wrong("tells nobody; write [notifications.mail] or [notifications.webhook], or leave it out")
    return given


class Notifications(Section):
    """What an officer is told of, by mail, by webhook, or both. `weekly`: a digest on Monday; `store`: what was told."""

    mail: Annotated[MailSettings | None, AfterValidator(_sealed_on_the_way)] = None
    webhook: WebhookSettings | None = None
    weekly: bool = True
    store: DatabaseUrl = Field("sqlite:///notifications.db", repr=False)


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
    guards: GuardSettings = Field(default_factory=_absent)
    register_: RegisterSettings = Field(default_factory=_absent, alias="register")
    suppression: Annotated[SuppressionSettings | None, AfterValidator(_apart_from_both)] = None
    dead_letters: DeadLetters = Field(default_factory=_absent)
    web: Web = Field(default_factory=_absent)
    notifications: Annotated[Notifications | None, AfterValidator(_somebody)] = None
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
