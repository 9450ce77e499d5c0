"""Checks of silence and reach: nothing of the person leaves, nothing outside the vendor is called, nothing waits for ever."""

import logging

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.kit.subject import HOST, JAN, KitSubject, check
from connectors.testing.simulator import Fault


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
        """Not in a clean case, not in a failing one, not at debug level."""
        memory, root = _Memory(), logging.getLogger()
        level = root.level
        root.addHandler(memory)
        root.setLevel(logging.DEBUG)
        try:
            written = [self._written(None), self._written(503), self._written(422), self._written(403)]
        finally:
            root.removeHandler(memory)
            root.setLevel(level)
        everything = "\n".join([*memory.lines, *written]).lower()
        needles = [JAN.email, JAN.email.replace("@", "%40"), JAN.name, JAN.phone, JAN.customer_id, *SECRETS.values()]
        assert [] == [needle for needle in needles if needle.lower() in everything]

    def _written(self, status: int | None) -> str:
        """Everything that one case writes, with the writing calls answered so."""
        bench = self.bench(JAN)
        if status:
            body = {"error": f"cannot do that for {JAN.email} ({JAN.name})"}
            bench.simulator.faults.append(Fault(httpx.Response(status, json=body), times=3, writing=True))
        answer = bench.carry_out(JAN.subject())
        return "\n".join([answer.model_dump_json(), *(located.model_dump_json() for located in bench.located)])

    @check
    def test_only_the_declared_host_is_called(self) -> None:
        """And only below its base path, by documented calls."""
        bench = self.bench(JAN)
        bench.carry_out(JAN.subject())
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
