"""Checks of silence and reach: nothing of the person leaves, nothing outside the vendor is called, nothing waits for ever."""

import contextlib
import io
import logging

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.kit.network import touched_hosts
from connectors.testing.kit.subject import HOST, JAN, KitSubject, check
from connectors.testing.simulator import Fault
from connectors.worker import WITHHELD


class _Memory(logging.Handler):
    """Every log record, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class PrivacyChecks(KitSubject):
    """What no connector may do."""

    @check
    def test_no_personal_data_or_secret_is_logged_or_reported(self) -> None:
        """Not in a clean case, not in a failing one, not at debug level, not printed, and not in a reason that the worker must cut."""
        memory, printed, root = _Memory(), io.StringIO(), logging.getLogger()
        level = root.level
        root.addHandler(memory)
        root.setLevel(logging.DEBUG)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                written = [self._written(fault) for fault in self._faults()]
        finally:
            root.removeHandler(memory)
            root.setLevel(level)
        everything = "\n".join([*memory.lines, printed.getvalue(), *written]).lower()
        needles = [JAN.email, JAN.email.replace("@", "%40"), JAN.name, JAN.phone, JAN.customer_id, *SECRETS.values(), WITHHELD]
        assert [needle for needle in needles if needle.lower() in everything] == []

    @staticmethod
    def _faults() -> list[Fault | None]:
        """None, and each kind of failure while reading and while writing, told by the vendor with the person's data."""
        body = {"error": f"cannot do that for {JAN.email} ({JAN.name})"}
        statuses = (200, 403, 404, 422, 503)
        return [None, *(Fault(httpx.Response(s, json=body), times=3, writing=writing) for s in statuses for writing in (False, True))]

    def _written(self, fault: Fault | None) -> str:
        """Everything that one case writes."""
        bench = self.bench(JAN)
        if fault:
            bench.simulator.faults.append(fault)
        answer = bench.carry_out(JAN.subject())
        return "\n".join([answer.model_dump_json(), *(located.model_dump_json() for located in bench.located)])

    @check
    def test_only_the_declared_host_is_called(self) -> None:
        """And only below its base path, by documented calls, and only through the door: no client of the connector's own."""
        bench = self.bench(JAN)
        with touched_hosts() as hosts:
            bench.carry_out(JAN.subject())
        assert hosts == [], f"called past the door: {hosts}"
        for call in bench.simulator.calls:
            assert str(call.request.url).startswith(HOST + bench.simulator.base_path)
            assert bench.simulator._match(call.request), f"no such call: {call.request.method}"

    @check
    def test_every_call_has_a_time_out(self) -> None:
        """On connecting, reading and writing."""
        bench = self.bench(JAN)
        bench.carry_out(JAN.subject())
        for call in bench.simulator.calls:
            timeouts = call.request.extensions["timeout"]
            assert all(timeouts[part] for part in ("connect", "read", "write"))
