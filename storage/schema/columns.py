"""Column types and the metadata shared by all tables; portable to SQLite and PostgreSQL."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Dialect, Integer, LargeBinary, MetaData, String
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""An int64 that the database counts up and never reuses."""


class Id(TypeDecorator[UUID]):
    """A UUID as 16 bytes."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> UUID | None:
        return None if value is None else UUID(bytes=bytes(value))


def version_columns() -> tuple[Column[Any], ...]:
    """Return what every aggregate carries: its version, and who changed it last and when."""
    text: Callable[[str], Column[Any]] = lambda name: Column(name, String(200), nullable=False)  # noqa: E731
    return (
        Column("version", Integer, nullable=False),
        Column("changed_us", BigInteger, nullable=False),
        text("changed_by"),
    )
