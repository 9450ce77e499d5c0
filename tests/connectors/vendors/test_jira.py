"""Jira Cloud through the kit, and its own traps."""

from connectors.testing.kit import ConformanceKit
from connectors.testing.simulators.jira import JiraSimulator
from connectors.vendors.jira import Jira


class TestJira(ConformanceKit):
    connector = Jira
    simulator = JiraSimulator
    settings = {"email": "bot@bureau.example", "api_token": {"env": "KIT_SECRET"}}
    dated = ("attachment", "comment", "ticket")
