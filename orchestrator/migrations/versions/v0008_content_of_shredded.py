"""Of a case whose key is destroyed no digest of its content stays: it was made under a key that lives on."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_cases = sa.table("cases", sa.column("request_id", sa.Uuid()), sa.column("body", sa.Text()))


def upgrade() -> None:
    """Take the digest out."""
    connection = op.get_bind()
    shredded = sa.select(_cases).where(_cases.c.body.not_like('%"shredded_at":null%'))
    for request_id, body in connection.execute(shredded).all():
        case = json.loads(body)
        if case.get("shredded_at") and case["content"]:
            changed = json.dumps(case | {"content": ""}, separators=(",", ":"))
            connection.execute(sa.update(_cases).where(_cases.c.request_id == request_id).values(body=changed))
