"""What `erasure.toml` says, held against what is installed."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.contract import Secret, Settings
from connectors.registry import GROUP, Registry
from connectors.roster import retention_for, roster, rules_for, settings_of
from connectors.vendors.nothing_held import NothingHeld
from tests.connectors.shoebox import Shoebox
from topics.configuration import Configuration, ConfigurationError, load

REGISTRY = Registry(
    [
        EntryPoint("shoebox", "tests.connectors.shoebox:Shoebox", GROUP),
        EntryPoint("homeless", "tests.connectors.test_roster:Homeless", GROUP),
        EntryPoint("broken", "no.such.module:Broken", GROUP),
    ]
)


class Homeless(Shoebox):
    spec = replace(Shoebox.spec, name="homeless")
    base_url = None


HEAD = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"
financial_year_end = "06-30"

[[processors]]
name = "box"
connector = "shoebox"
settings.token = {env = "BOX_TOKEN"}
"""
HOLD = """
[[holds]]
kind = "invoice"
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"
"""


def configured(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Configuration:
    file = tmp_path / "erasure.toml"
    file.write_text(text)
    environ = {"BOX_TOKEN": "kit-secret-9f3a71"} if environ is None else environ
    return load(file, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", **environ})


def test_a_processor_gets_the_connectors_kind_and_address_where_it_gives_none(tmp_path: Path) -> None:
    [entry] = roster(configured(tmp_path, HEAD), REGISTRY)
    assert ("box", "Shoebox", "other", "https://shoebox.example/v1") == (
        entry.processor.name,
        entry.connector.__name__,
        entry.kind,
        entry.base_url,
    )


def test_a_processors_own_kind_and_address_win(tmp_path: Path) -> None:
    [entry] = roster(configured(tmp_path, HEAD + 'kind = "mailbox"\nbase_url = "http://127.0.0.1:9/v1"\n'), REGISTRY)
    assert ("mailbox", "http://127.0.0.1:9/v1") == (entry.kind, entry.base_url)


OF_ANY_KIND = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"

[[processors]]
name = "paper"
connector = "{connector}"
settings.{text} = "Shred the folder."
{kind}
"""


@pytest.mark.parametrize(("connector", "text"), [("manual", "instructions"), ("nothing_held", "reason")])
@pytest.mark.parametrize("kind", ['kind = "hosting"', 'settings.kind = "hosting"'])
def test_the_kind_of_what_has_no_vendor_may_be_written_beside_its_settings_or_among_them(
    tmp_path: Path, connector: str, text: str, kind: str
) -> None:
    configuration = configured(tmp_path, OF_ANY_KIND.format(connector=connector, text=text, kind=kind))
    [entry] = roster(configuration, Registry())
    settings_of(configuration, entry)
    assert "hosting" == entry.kind


def test_a_kind_among_the_settings_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = OF_ANY_KIND.format(connector="manual", text="instructions", kind='settings.kind = "paper"')
    with pytest.raises(ConfigurationError, match=r"settings.kind: must be one of ticketing, mailing_list"):
        roster(configured(tmp_path, text), Registry())


def test_processors_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    more = HEAD + '[[processors]]\nname = "attic"\nconnector = "shoebox"\n'
    assert ["box", "attic"] == [entry.processor.name for entry in roster(configured(tmp_path, more), REGISTRY)]


def test_a_connector_that_is_not_installed_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)8.*No connector 'shoebex' is installed"):
        roster(configured(tmp_path, HEAD.replace('"shoebox"', '"shoebex"')), REGISTRY)


def test_a_connector_without_an_address_of_its_own_needs_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs a base_url"):
        roster(configured(tmp_path, HEAD.replace('"shoebox"', '"homeless"')), REGISTRY)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD.replace('"shoebox"', '"shoebex"') + HOLD.replace('"invoice"', '"invoise"')
    with pytest.raises(ConfigurationError) as error:
        roster(configured(tmp_path, text), REGISTRY)
    assert "shoebex" in str(error.value) and "no installed connector declares" in str(error.value)


def test_a_hold_on_a_kind_that_nobody_has_is_refused(tmp_path: Path) -> None:
    """It would hold nothing, silently."""
    with pytest.raises(ConfigurationError, match="declared are customer, invoice, note"):
        roster(configured(tmp_path, HEAD + HOLD.replace('"invoice"', '["invoice", "invoise"]')), REGISTRY)


def test_a_secret_that_is_not_there_is_told_at_start(tmp_path: Path) -> None:
    configuration = configured(tmp_path, HEAD, environ={})
    with pytest.raises(ConfigurationError, match="BOX_TOKEN"):
        settings_of(configuration, roster(configuration, REGISTRY)[0])


def test_settings_are_read_with_their_secret_and_never_print_it(tmp_path: Path) -> None:
    configuration = configured(tmp_path, HEAD)
    settings = settings_of(configuration, roster(configuration, REGISTRY)[0])
    assert "kit-secret" not in f"{settings!r}{settings.model_dump_json()}"


def test_a_credential_that_cannot_sign_in_is_told_at_start_without_showing_it(tmp_path: Path) -> None:
    text = HEAD.replace('"shoebox"', '"transip"').replace("settings.token", 'settings.login = "me"\nsettings.private_key')
    configuration = configured(tmp_path, text, {"BOX_TOKEN": "kit-secret-9f3a71"})
    with pytest.raises(ConfigurationError, match="cannot be used to sign in") as error:
        settings_of(configuration, roster(configuration, Registry())[0])
    assert "kit-secret" not in str(error.value)


def test_a_rule_without_a_processor_applies_everywhere_and_one_with_it_there_only(tmp_path: Path) -> None:
    more = (
        HEAD
        + '[[processors]]\nname = "attic"\nconnector = "shoebox"\n'
        + HOLD
        + HOLD.replace("years = 7", 'years = 10\nprocessor = "attic"')
    )
    configuration = configured(tmp_path, more)
    assert [7] == [rule.years for rule in rules_for(configuration, "box")]
    assert [7, 10] == [rule.years for rule in rules_for(configuration, "attic")]


def test_rules_carry_the_controllers_financial_year(tmp_path: Path) -> None:
    assert [(6, 30)] == [rule.financial_year_end for rule in rules_for(configured(tmp_path, HEAD + HOLD), "box")]


ADDRESSES = [
    ("shoebox", 'base_url = "imaps://mail.example"', "begins with https://"),
    ("posted", 'base_url = "https://mail.example"', "begins with imaps://"),
    ("posted", "", "needs a base_url"),
    ("stored", 'base_url = "https://shop.example"', "must not have a base_url"),
    ("paper", 'base_url = "https://paper.example"', "must not have a base_url"),
]


class Posted(Shoebox):
    spec = replace(Shoebox.spec, name="posted")
    base_url = None
    opens = "mailbox"


class StoredSettings(Settings):
    url: str
    token: Secret


class Stored(Posted):
    spec = replace(Shoebox.spec, name="stored")
    settings_model = StoredSettings
    opens = "database"


class Paper(NothingHeld):
    spec = replace(NothingHeld.spec, name="paper")


OTHER_DOORS = Registry(
    [EntryPoint(name, f"tests.connectors.test_roster:{name.title()}", GROUP) for name in ("posted", "stored", "paper")]
    + [EntryPoint("shoebox", "tests.connectors.shoebox:Shoebox", GROUP)]
)


@pytest.mark.parametrize(("name", "line", "told"), ADDRESSES)
def test_an_address_must_fit_what_the_connector_opens(name: str, line: str, told: str, tmp_path: Path) -> None:
    text = HEAD.replace('"shoebox"', f'"{name}"').replace("settings.token", f"{line}\nsettings.token")
    with pytest.raises(ConfigurationError, match=told):
        roster(configured(tmp_path, text), OTHER_DOORS)


@pytest.mark.parametrize("name", ["stored", "paper"])
def test_what_calls_no_address_needs_none(name: str, tmp_path: Path) -> None:
    [entry] = roster(configured(tmp_path, HEAD.replace('"shoebox"', f'"{name}"')), OTHER_DOORS)
    assert entry.base_url is None


RETENTION = """
[[retention]]
kind = "note"
name = "notes"
source = "statement 1.1"
months = 26
"""
STRONG = Registry([EntryPoint("shoebox", "tests.connectors.strongbox:Strongbox", GROUP)])


def test_what_ages_out_reaches_all_processors_or_the_one_that_it_names(tmp_path: Path) -> None:
    more = HEAD + '[[processors]]\nname = "attic"\nconnector = "shoebox"\n' + RETENTION
    configuration = configured(tmp_path, more + RETENTION.replace("months = 26", 'days = 10\nprocessor = "attic"'))
    assert [(26, 0)] == [(rule.months, rule.days) for rule in retention_for(configuration, "box")]
    assert [(26, 0), (0, 10)] == [(rule.months, rule.days) for rule in retention_for(configuration, "attic")]
    assert {("notes", "statement 1.1", True)} == {(rule.name, rule.source, rule.looked) for rule in retention_for(configuration, "attic")}


def test_a_retention_rule_on_a_kind_that_nobody_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"retention\[0\].kind: is a kind that no installed connector declares"):
        roster(configured(tmp_path, HEAD + RETENTION.replace('"note"', '"nota"')), REGISTRY)


def test_rules_for_every_other_kind_need_no_declared_one(tmp_path: Path) -> None:
    text = HEAD + HOLD.replace('"invoice"', '"*"') + RETENTION.replace('"note"', '"*"')
    assert ["box"] == [entry.processor.name for entry in roster(configured(tmp_path, text), REGISTRY)]


@pytest.mark.parametrize("kind", ["invoice", "*"])
def test_a_field_that_is_misspelt_is_refused_since_it_would_be_stripped(tmp_path: Path, kind: str) -> None:
    text = HEAD + HOLD.replace('"invoice"', f'"{kind}"') + 'fields = ["payer", "mmo"]\n'
    with pytest.raises(
        ConfigurationError, match=r"holds\[0\].fields: has a field that no connector could strip; those are memo, payer, phone, remark\.$"
    ):
        roster(configured(tmp_path, text), STRONG)
    assert roster(configured(tmp_path, text.replace("mmo", "memo")), STRONG)


def test_a_rule_may_name_fields_of_what_the_held_record_hangs_from(tmp_path: Path) -> None:
    assert roster(configured(tmp_path, HEAD + HOLD + 'fields = ["phone"]\n'), STRONG)


def test_fields_may_be_written_down_where_nobody_can_strip_yet(tmp_path: Path) -> None:
    configuration = configured(tmp_path, HEAD + HOLD + 'fields = ["payer"]\nreason = "For the books."\n')
    assert roster(configuration, REGISTRY)
    (rule,) = rules_for(configuration, "box")
    assert (frozenset({"payer"}), "For the books.") == (rule.fields, rule.reason)


def test_a_period_in_months_is_no_year(tmp_path: Path) -> None:
    (rule,) = rules_for(configured(tmp_path, HEAD + HOLD.replace("years = 7", "months = 18")), "box")
    assert (0, 18, 0) == (rule.years, rule.months, rule.days)
