"""The conformance kit: every check that a connector must pass. Subclass `ConformanceKit` in a test file; pytest runs the rest.

class TestMoneybird(ConformanceKit):
    connector = Moneybird
    simulator = MoneybirdSimulator
    settings = {"administration_id": "123", "token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)
"""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("subject", "erasing", "faults", "finding", "holding", "listing", "lying", "privacy"))
)
# Only now: so that a check that fails shows the values that it compared.
from connectors.testing.kit.erasing import ErasingChecks  # noqa: E402
from connectors.testing.kit.faults import FaultChecks  # noqa: E402
from connectors.testing.kit.finding import FindingChecks  # noqa: E402
from connectors.testing.kit.holding import HoldingChecks  # noqa: E402
from connectors.testing.kit.listing import ListingChecks  # noqa: E402
from connectors.testing.kit.lying import LyingChecks  # noqa: E402
from connectors.testing.kit.privacy import PrivacyChecks  # noqa: E402

__all__ = ["ConformanceKit"]


class ConformanceKit(FindingChecks, ErasingChecks, HoldingChecks, ListingChecks, FaultChecks, LyingChecks, PrivacyChecks):
    """All checks. One that cannot apply is named in `exempt` with the reason, which its page in the docs repeats."""
