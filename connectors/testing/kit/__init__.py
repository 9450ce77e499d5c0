"""The conformance kit: every check that a connector must pass. Subclass `ConformanceKit` in a test file; pytest runs the rest.

class TestMoneybird(ConformanceKit):
    connector = Moneybird
    simulator = MoneybirdSimulator
    settings = {"administration_id": "123", "token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)
"""

from connectors.testing.kit.erasing import ErasingChecks
from connectors.testing.kit.faults import FaultChecks
from connectors.testing.kit.finding import FindingChecks
from connectors.testing.kit.holding import HoldingChecks
from connectors.testing.kit.privacy import PrivacyChecks

__all__ = ["ConformanceKit"]


class ConformanceKit(FindingChecks, ErasingChecks, HoldingChecks, FaultChecks, PrivacyChecks):
    """All checks. One that cannot apply is named in `exempt` with the reason, which its page in the docs repeats."""
