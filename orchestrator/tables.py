"""The ledger's tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)

from topics.database import UtcDateTime

metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("right", String(20), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("due_by", Date, nullable=False),
    Column("wake_at", UtcDateTime),
    Column("mode", String(10), nullable=False, server_default="execute"),
    Column("certified", Boolean, nullable=False, server_default=false()),  # as far as the case knows
    Column("waits", Text),  # for what of the officer (`waiting`)
    Column("body", Text, nullable=False),  # the case as JSON; the person in it is sealed
    Index("cases_uncertified", "received_at", postgresql_where=text("NOT certified"), sqlite_where=text("certified = 0")),
    Index("cases_waits", "due_by", postgresql_where=text("waits IS NOT NULL"), sqlite_where=text("waits IS NOT NULL")),
    Index("cases_wake_at", "wake_at"),
    Index("cases_state_due_by", "state", "due_by"),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("token", String(22), primary_key=True),  # a keyed digest of one identifier: finds a person's other requests
    Column("request_id", Uuid, primary_key=True),
    Index("identifiers_request_id", "request_id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", String(300), primary_key=True),
    Column("id", String(300), primary_key=True),
    Column("content", String(64), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("inbox_seen_at", "seen_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("topic", String(249), nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # an id is never used twice, so that a late "sent" cannot strike out another message
)

holds = Table(
    "holds",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("processor", String(63), primary_key=True),
    Column("record", String(22), primary_key=True),  # a keyed digest
    Column("kind", String(63), nullable=False),
    Column("statute", String(500)),
    Column("exception", String(500)),
    Column("bound_to", String(63)),
    Column("until", Date, nullable=False),
    Column("sealed", Text, nullable=False),  # the record's reference, under the case's hold key
    Index("holds_until", "until"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("register_index", Integer, primary_key=True, autoincrement=False),
    Column("certificate_id", Uuid, nullable=False, unique=True),
    Column("request_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", String(30), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("jws", Text, nullable=False),  # empty once the register has forgotten the request; request_id is then the certificate's own
    Column("right", String(20)),  # from here on what the register shows of it (`listed`); null once it is forgotten
    Column("ground", String(500)),
    Column("pseudonym", String(128)),
    Column("received_at", UtcDateTime),
    Column("due_by", Date),
    Column("outcomes", Text),
    Column("refused_at", UtcDateTime),
    Column("deadline_met", Boolean),
    Column("newest", Boolean),  # of its request, and not forgotten
    UniqueConstraint("request_id", "revision"),
    Index("certificates_issued_at", "issued_at"),
    Index("certificates_newest", "received_at", "right", postgresql_where=text("newest"), sqlite_where=text("newest = 1")),
)

originals = Table(
    "originals",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("sealed", Text, nullable=False),  # of a dead letter that was too large to be sent on
    Column("parked_at", UtcDateTime, nullable=False),
)

destroyed_keys = Table(
    "destroyed_keys",
    metadata,
    Column("kid", String(100), primary_key=True),
    Column("ordered_at", UtcDateTime, nullable=False),  # in one transaction with the case
    Column("destroyed_at", UtcDateTime),  # when the keyring had done it
    Index("destroyed_keys_destroyed_at", "destroyed_at"),
)

offsets = Table(
    "offsets",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("following", BigInteger, nullable=False),  # the offset after the last that was taken
    Column("taken_at", UtcDateTime, nullable=False),
)

register_counts = Table(
    "register_counts",
    metadata,
    Column("month", String(7), primary_key=True),  # of receipt: "2026-11"
    Column("right", String(20), primary_key=True),
    Column("standing", String(30), primary_key=True),
    Column("met", String(4), primary_key=True),  # the deadline: "yes", "no", "open"
    Column("number", Integer, nullable=False),
)

erasures_lately = Table(
    "erasures_lately",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("opened_at", UtcDateTime, nullable=False),  # within the last hour, where that is guarded
    Index("erasures_lately_opened_at", "opened_at"),
)

not_suppressed = Table(
    "not_suppressed",
    metadata,
    Column("request_id", Uuid, primary_key=True),  # of a `subject.seen` whose person was never erased here, or long ago
    Column("seen_at", UtcDateTime, nullable=False),
    Index("not_suppressed_seen_at", "seen_at"),
)
