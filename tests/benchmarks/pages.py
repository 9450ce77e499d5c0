"""Server time of the officer's pages beside 100,000 closed cases in PostgreSQL, and the plans of the queries behind them.

`python -m tests.benchmarks.pages --cases 100000`. The application is called in-process: no network, no browser.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, event, insert, select, text

from orchestrator.ledger import Ledger
from orchestrator.tables import cases, certificates, holds
from orchestrator.web.site import build
from tests.live.servers.postgres import Postgres
from tests.web.conftest import JAN, Browser, Office
from topics.database import engine_for

_ROWS_AT_ONCE = 5_000
_HELD_OF = 10  # one case in so many keeps an invoice
_ALLOWED_MS = 100
REGISTER = ("/register", "/register?page=20", "/register?since=2000-01-01", "/register?since=2026-03-01&until=2026-03-31&status=partial")


def fill(url: str, office: Office, closed: int, opened: int) -> UUID:
    """Copies of one case that was carried out, a year of them, and of one that is open. Returns a closed one."""
    done = office.erased()
    office.company.stopped = {"moneybird"}
    pending = office.company.ask(JAN.subject())
    office.company.settle()
    with office.company.ledger.reading() as transaction:
        (case, waits) = (_row(transaction.connection, cases, one) for one in (done, pending))
        issued, held = (_row(transaction.connection, table, done) for table in (certificates, holds))
    engine = engine_for(url)
    for first in range(0, closed, _ROWS_AT_ONCE):
        numbers = range(first, min(first + _ROWS_AT_ONCE, closed))
        ids = {number: uuid4() for number in numbers}
        with engine.begin() as connection:
            connection.execute(insert(cases), [_copy(case, ids[n], n) for n in numbers])
            connection.execute(insert(certificates), [_copy(issued, ids[n], n) | _link(n) for n in numbers])
            connection.execute(insert(holds), [_copy(held, ids[n], n) for n in numbers if n % _HELD_OF == 0])
    with engine.begin() as connection:
        connection.execute(insert(cases), [_copy(waits, uuid4(), n) for n in range(opened)])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()
    return ids[numbers[0]]


def _row(connection: Any, table: Any, request_id: UUID) -> dict[str, Any]:
    return dict(connection.execute(select(table).where(table.c.request_id == request_id)).first()._mapping)


def _copy(row: dict[str, Any], request_id: UUID, number: int) -> dict[str, Any]:
    back = timedelta(days=number % 365)
    moved = {name: row[name] - back for name in ("received_at", "due_by", "issued_at") if row.get(name)}
    body = {"body": row["body"].replace(str(row["request_id"]), str(request_id))} if "body" in row else {}
    ends = {"until": row["until"] - timedelta(days=number % 2_200)} if "until" in row else {}
    return {**row, **moved, **body, **ends, "request_id": request_id}


def _link(number: int) -> dict[str, Any]:
    digest = sha256(str(number).encode()).hexdigest()
    return {"register_index": number + 1, "certificate_id": uuid4(), "sha256": digest, "previous": digest}


@contextmanager
def queries() -> Iterator[dict[str, Any]]:
    """What is asked of PostgreSQL meanwhile: each statement, with the values it had."""
    found: dict[str, Any] = {}

    def note(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if connection.dialect.name == "postgresql" and statement.startswith("SELECT") and "FROM" in statement:
            found.setdefault(statement, values)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def measure(browser: Browser, path: str, times: int) -> list[float]:
    """The milliseconds of each answer; the first is not counted."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        assert 200 == browser.get(path).status_code, path
        found.append((time.perf_counter() - began) * 1000)
    return found[1:]


def plans(url: str, asked: dict[str, Any]) -> Iterator[str]:
    """How PostgreSQL answers each of them."""
    engine = engine_for(url)
    with engine.connect() as connection:
        for statement, values in asked.items():
            yield "  " + " ".join(statement.split())[:150]
            yield from ("    " + row[0] for row in connection.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}", values))
    engine.dispose()


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--cases", type=int, default=100_000, help="that are closed")
    given.add_argument("--open", type=int, default=500)
    given.add_argument("--times", type=int, default=20)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder, Postgres() as server:
        office = Office(Path(folder))
        url = server.new_database()
        ledger = Ledger.open(url)
        one = fill(url, office, asked.cases, asked.open)
        browser = Browser(build(replace(office.ports, ledger=ledger), office.access))
        browser.cookies.set("erasure", office.visitor().cookies["erasure"])
        for path in (
            "/",
            f"/cases/{one}",
            f"/cases/{one}/certificate",
            "/holds",
            "/tasks",
            "/api/overview",
            "/api/cases?which=waiting",
            *REGISTER,
        ):
            with queries() as statements:
                taken = measure(browser, path, asked.times)
            late = "" if median(taken) < _ALLOWED_MS else f"  more than {_ALLOWED_MS} ms"
            print(f"{path.replace(str(one), 'REQUEST'):64} {median(taken):8.1f} ms  (95 %: {quantiles(taken, n=20)[-1]:.1f} ms){late}")
            print("\n".join(plans(url, statements)))
        began = time.perf_counter()
        size = len(browser.get("/register.csv?since=2000-01-01").content)
        print(f"{'/register.csv, all of it':32} {(time.perf_counter() - began) * 1000:8.1f} ms, {size} bytes")
        ledger.close()
        office.close()


if __name__ == "__main__":
    main()
