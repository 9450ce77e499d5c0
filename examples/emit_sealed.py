"""How a backend service seals what it asks, so that nobody but the orchestrator reads it: one JWE, bound to its event."""

import asyncio
import json
import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from joserfc import jwe
from joserfc.jwk import ECKey


async def forget(email: str, jwks_file: str, topic: str = "subject.requests") -> str:
    request = {"request_id": str(uuid.uuid4()), "received_at": datetime.now(UTC).isoformat(), "subject": {"email": [email]}}
    event = {"ce_id": str(uuid.uuid4()), "ce_source": "/shop", "ce_type": "subject.erase"}
    exported = json.loads(Path(jwks_file).read_text())  # what `erasure keys export` printed
    key = next(key for key in exported["keys"] if key["use"] == "enc")
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key["kid"], **event}
    registry = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
    token = jwe.encrypt_compact(header, json.dumps(request), ECKey.import_key(key), registry=registry)
    headers = [(n, v.encode()) for n, v in {**event, "ce_specversion": "1.0", "content-type": "application/jose"}.items()]
    async with AIOKafkaProducer(bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"]) as producer:
        await producer.send_and_wait(topic, token.encode(), request["request_id"].encode(), headers=headers)
    return str(request["request_id"])


if __name__ == "__main__":
    print(asyncio.run(forget(*sys.argv[1:])))
