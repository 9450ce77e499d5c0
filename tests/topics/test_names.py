"""The topics are those of the contract."""

from datetime import timedelta

from topics.names import LARGEST_MESSAGE_BYTES, Names, Topic

DAYS = {"subject.requests": 7, "processor.commands.a": 7, "processor.reports": 7, "subject.certificates": None, "dead-letters": 30}
DAYS |= {"subject.notices": 30}


def test_every_topic_has_the_retention_of_the_contract() -> None:
    specs = Names().specs(["a"], 3)
    assert DAYS == {spec.name: spec.retention and spec.retention.days for spec in specs}
    assert {"subject.certificates"} == {spec.name for spec in specs if spec.cleanup == "compact"}
    assert {3} == {spec.partitions for spec in specs}


def test_a_prefix_stands_before_every_name() -> None:
    names = Names("privacy.")
    assert all(spec.name.startswith("privacy.") for spec in names.specs(["a", "b"], 1))
    assert ("privacy.subject.requests", "privacy.processor.commands.a") == (names.of(Topic.REQUESTS), names.commands("a"))


def test_what_ages_out_really_does() -> None:
    requests, *_ = Names().specs([], 1)
    settings = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
        "retention.ms": "604800000",
        "segment.ms": "3600000",
    }
    assert settings == requests.settings()
    assert timedelta(days=7) == requests.retention


def test_a_compacted_topic_has_no_retention() -> None:
    (certificates,) = (spec for spec in Names().specs([], 1) if spec.cleanup == "compact")
    assert "retention.ms" not in certificates.settings()
