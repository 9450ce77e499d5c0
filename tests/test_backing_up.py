"""The commands of docs/operate.md, "Backing up and restoring", do what the page says: run as they stand there."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.ledger import Ledger
from tests.test_docs import DOCS, FENCE, section


def commands() -> list[str]:
    return [text for _, text in FENCE.findall(section(DOCS / "operate.md", "Backing up and restoring"))]


def test_a_ledger_that_is_in_use_is_backed_up_and_restored_with_the_commands_on_the_page(tmp_path: Path) -> None:
    url, place, now = f"sqlite:///{tmp_path}/erasure.db", ("t", 0), datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    back_up, restore = commands()
    ledger = Ledger.open(url)
    with ledger.transaction() as transaction:
        transaction.advance({place: 1}, now)
    subprocess.run(["sh", "-ec", back_up], cwd=tmp_path, check=True)
    with ledger.transaction() as transaction:
        transaction.advance({place: 2}, now)
    ledger.close()
    subprocess.run(["sh", "-ec", restore], cwd=tmp_path, check=True)
    restored = Ledger.open(url)
    with restored.reading() as transaction:
        assert {place: (1, now)} == transaction.offsets()
    restored.close()
