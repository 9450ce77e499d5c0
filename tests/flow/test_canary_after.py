"""The canary after its keys are destroyed: who holds every store, copies of all topics and the keyring finds the person no more."""

from collections.abc import Callable, Mapping

import pytest

from tests.canary.people import VALUES
from tests.canary.search import Search
from tests.connectors.shoebox import Shoebox
from tests.flow.company import DEAD_LETTERS, REPORTS, REQUESTS, Company
from tests.flow.test_cases import NamedAfterTheirOwner, everything_happens, written
from tests.flow.test_shredding import SHREDDING, opened
from topics.keyring import case_key, hold_key

SEARCH = Search(VALUES)


def found(company: Company, everywhere: Mapping[str, bytes]) -> list[str]:
    """Where the person stands: as it is written, or once every key of the keyring was tried on every sealed token."""
    return sorted(SEARCH.in_all({place: raw + b"\n".join(opened(company, raw)) for place, raw in everywhere.items()}))


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_who_holds_every_store_and_the_keyring_finds_the_person_no_more(
    companies: Callable[..., Company], caplog: pytest.LogCaptureFixture, sealed: bool
) -> None:
    box = NamedAfterTheirOwner()
    company = companies(vendors={"box": box}, connector=Shoebox, settings={"token": {"env": "KIT_SECRET"}}, policy=SHREDDING)
    request = everything_happens(company, sealed)
    company.retry(request)  # what the vendor refused waits for that
    company.settle()
    secrets = [key.secret for key in company.keyring.get_all(hold_key(request))]
    company.settle(days=1)
    company.settle(days=1)
    intake = [] if sealed else [REQUESTS]
    assert company.case(request).shredded_at and case_key(request) not in company.keyring.names()
    kept = found(company, written(company, request, caplog.text))
    assert {*intake, REPORTS} <= {*kept} <= {*intake, REPORTS, DEAD_LETTERS, "processor.commands.box", "ledger.db", "ledger.db-wal"}

    company.settle(days=70)  # the month of the dead letters is over, and they have aged out
    held = found(company, written(company, request, caplog.text))
    assert {*intake, REPORTS} <= {*held} <= {*intake, REPORTS, "processor.commands.box", "ledger.db", "ledger.db-wal"}
    company.keyring.destroy(hold_key(request))  # as when the hold has ended
    everywhere = written(company, request, caplog.text)
    assert intake == found(company, everywhere)
    assert [] == [place for place, raw in everywhere.items() for secret in secrets if secret in raw and "keyring" not in place]
