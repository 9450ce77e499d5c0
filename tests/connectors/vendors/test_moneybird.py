"""Moneybird through the kit, and its own traps."""

from connectors.testing.kit import ConformanceKit
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.moneybird import Moneybird


class TestMoneybird(ConformanceKit):
    connector = Moneybird
    simulator = MoneybirdSimulator
    settings = {"administration_id": 123, "token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)
