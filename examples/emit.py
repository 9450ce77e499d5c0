"""How a backend service asks for an erasure: one CloudEvent on Kafka."""

import asyncio
import json
import os
import sys
import uuid
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]


async def forget(email: str, topic: str = "subject.requests") -> str:
    request = {"request_id": str(uuid.uuid4()), "received_at": datetime.now(UTC).isoformat(), "subject": {"email": [email]}}
    headers = {"ce_specversion": "1.0", "ce_type": "subject.erase", "ce_source": "/shop", "ce_id": str(uuid.uuid4())}
    headers["content-type"] = "application/json"
    async with AIOKafkaProducer(bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"]) as producer:
        encoded = [(name, value.encode()) for name, value in headers.items()]
        await producer.send_and_wait(topic, json.dumps(request).encode(), request["request_id"].encode(), headers=encoded)
    return str(request["request_id"])


if __name__ == "__main__":
    print(asyncio.run(forget(*sys.argv[1:])))
