"""The officer's parts as processes, on real servers: told by a webhook, signed in by a link, decided on a page, certified."""

import json
import re

import httpx
import pytest

from tests.live.groups import until
from tests.live.installation import Backend, Installation, request_of
from tests.notifying.receiver import Receiver, receiving
from tests.web.conftest import JAN
from topics.broker import free_port


@pytest.mark.parametrize("bootstrap_servers", ["kafka"], indirect=True)
@pytest.mark.parametrize("new_ledger", ["postgresql"], indirect=True)
async def test_an_officer_is_told_signs_in_and_decides(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "s" * 40)
    with receiving() as hook:
        port = free_port()
        webhook = f'webhook.url = "{hook.url}"\nwebhook.secret = {{env = "WEBHOOK_SECRET"}}\n'
        more = f'[web]\nport = {port}\nkeep_proofs = "proofs"\n[notifications]\nweekly = false\n{webhook}'
        installation.config.write_text(installation.config.read_text() + more)
        for part in ("orchestrator", "workers", "web", "notifications"):
            installation.start(part, *(() if part == "orchestrator" else ("--no-topics",)))
        async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
            request = await backend.send(request_of(JAN, ground="21(1)"), "subject.object")
            await told_of(hook, request, "decision_needed")
            (told,) = [body for _, body in hook.asked if json.loads(body)["about"] == "decision_needed"]
            page = json.loads(told)["page"]
            link = installation.erasure("web", "link", "--account", "olga").stdout.strip()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as browser:
                await browser.post("/sign-in/link", data={"link": link.rsplit("/", 1)[1]})
                shown = (await browser.get(page)).text
                csrf = re.findall(r'name="csrf" value="([^"]+)"', shown)[0]
                order = {"csrf": csrf, "decision": "reject", "reason": "Our interest weighs more."}
                assert 303 == (await browser.post(f"/cases/{request}/orders/decide", data=order)).status_code
                await told_of(hook, request, "confirmed")
                pdf = (await browser.get(f"/cases/{request}/certificate.pdf")).content
        (installation.folder / "c.pdf").write_bytes(pdf)
        (installation.folder / "jwks.json").write_text(installation.erasure("keys", "export").stdout)
        verified = installation.erasure("verify", str(installation.folder / "c.pdf"), "--keys", str(installation.folder / "jwks.json"))
        assert "passed, byte for byte" in verified.stdout, verified.stderr
        noted = installation.erasure("web", "audit", "--json").stdout
        assert {"sign-in", "decide"} <= {one["action"] for one in json.loads(noted)}
        assert {"orchestrator": 0, "workers": 0, "web": 0, "notifications": 0} == installation.stop()
        assert JAN.email not in "".join(path.read_text() for path in installation.folder.glob("*.log")) + told.decode()


async def told_of(hook: Receiver, request: str, about: str) -> None:
    async def told() -> bool:
        return any((json.loads(body)["request_id"], json.loads(body)["about"]) == (request, about) for _, body in hook.asked)

    await until(told, f"the officer is told: {about}")
