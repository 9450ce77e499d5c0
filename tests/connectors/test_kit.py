"""The kit against connectors that are broken on purpose."""

from connectors.testing.kit import ConformanceKit
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator


class TestShoebox(ConformanceKit):
    connector = Shoebox
    simulator = ShoeboxSimulator
    settings = {"token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)
