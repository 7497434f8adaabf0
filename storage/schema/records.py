"""Tables that every other table leans on: identity, settings, users, change feed, audit, counters, leases."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from storage.schema.columns import METADATA, Id, RowNumber, version_columns

identity = Table(
    "identity",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("application", String(40), nullable=False),
    Column("plant_id", Id, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    CheckConstraint("number = 1", name="single_row"),
)

settings = Table(
    "settings",
    METADATA,
    Column("key", String(120), primary_key=True),
    Column("value", JSON, nullable=False),
    *version_columns(),
)

users = Table(
    "users",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("role", String(40), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("is_seeded", Boolean, nullable=False),
    *version_columns(),
)

changes = Table(
    "changes",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("aggregate_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("writer", String(200), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("ix_changes_at_us", "at_us"),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    METADATA,
    Column("workstation", String(120), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("user_name", String(120), nullable=False),
    Column("role", String(40), nullable=False),
    Column("action", String(60), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("aggregate_id", Id, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index("ix_audit_at_us", "at_us"),
    Index("ix_audit_aggregate_id", "aggregate_id"),
)

audit_heads = Table(
    "audit_heads",
    METADATA,
    Column("workstation", String(120), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

counters = Table(
    "counters",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

taken_files = Table(
    "taken_files",
    METADATA,
    Column("connection_id", Id, ForeignKey("connections.id"), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("taken_us", BigInteger, nullable=False),
)

drafts = Table(
    "drafts",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("title", String(200), nullable=False),
    Column("content", JSON, nullable=False),
    Column("is_open", Boolean, nullable=False),
    *version_columns(),
)

leases = Table(
    "leases",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    CheckConstraint("epoch > 0", name="positive_epoch"),
)
