"""The baseline: the same topics and HTTP calls with aiokafka and httpx alone: no ledger, no sealing, no retries.

`bare.py PART SERVERS PREFIX VENDOR`.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from httpx_aiohttp import AiohttpTransport

from tests.benchmarks.vendor import PROCESSORS

CONCURRENCY = 16


async def orchestrator(servers: str, prefix: str) -> None:
    """Five commands per request; a message when all five have answered."""
    answers: Counter[bytes] = Counter()
    async with (
        AIOKafkaProducer(bootstrap_servers=servers) as producer,
        consumer(servers, f"{prefix}o", "subject.requests", "processor.reports", prefix=prefix) as inbox,
    ):
        print("ready", flush=True)
        while True:
            sent = []
            for records in (await inbox.getmany(timeout_ms=100, max_records=100)).values():
                for record in records:
                    if record.topic.endswith("requests"):
                        sent += [await producer.send(f"{prefix}processor.commands.{name}", record.value, record.key) for name in PROCESSORS]
                    else:
                        answers[record.key] += 1
                        if answers[record.key] == len(PROCESSORS):
                            sent.append(await producer.send(f"{prefix}subject.certificates", record.value, record.key))
            await asyncio.gather(*sent)
            await inbox.commit()


async def worker(servers: str, prefix: str, name: str, vendor: str) -> None:
    """Locate, delete, look again, report."""
    limit = asyncio.Semaphore(CONCURRENCY)
    async with (
        AIOKafkaProducer(bootstrap_servers=servers) as producer,
        consumer(servers, f"{prefix}{name}", f"processor.commands.{name}", prefix=prefix) as inbox,
        httpx.AsyncClient(base_url=f"{vendor}/{name}", transport=AiohttpTransport()) as client,
    ):

        async def one(record: Any) -> None:
            async with limit:
                email = json.loads(record.value)["subject"]["email"][0]
                for row in (await client.get("/records", params={"email": email})).json():
                    await client.delete(f"/records/{row['id']}")
                left = (await client.get("/records", params={"email": email})).json()
                await producer.send_and_wait(f"{prefix}processor.reports", json.dumps({"left": left}).encode(), record.key)

        while True:
            batches = await inbox.getmany(timeout_ms=100, max_records=CONCURRENCY)
            await asyncio.gather(*(one(record) for records in batches.values() for record in records))
            await inbox.commit()


def consumer(servers: str, group: str, *topics: str, prefix: str) -> Any:
    names = [prefix + topic for topic in topics]
    return AIOKafkaConsumer(*names, bootstrap_servers=servers, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest")


async def main(part: str, servers: str, prefix: str, vendor: str) -> None:
    running = (
        asyncio.gather(orchestrator(servers, prefix))
        if part == "orchestrator"
        else asyncio.gather(*(worker(servers, prefix, n, vendor) for n in PROCESSORS))
    )
    if part == "workers":
        print("ready", flush=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
