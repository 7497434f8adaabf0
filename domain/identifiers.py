"""UUIDv7 identifiers: made by the client, ordered by time, stored as 16 bytes (RFC 9562, 5.7)."""

import secrets
import time
from uuid import UUID


def new_id(*, now_ms: int | None = None) -> UUID:
    """Return a UUIDv7: 48 bits of milliseconds, then 74 random bits.

    ``now_ms`` is the wall time in milliseconds since 1970; it defaults to the present.
    """
    milliseconds = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return UUID(int=value)


def derived_id(digest: bytes, *, at_ms: int) -> UUID:
    """Return a UUIDv7 whose random bits come from a digest: the same content has the same id.

    ``digest`` has at least 10 bytes, ``at_ms`` is the content's own time in milliseconds since 1970.
    """
    bits = int.from_bytes(digest[:10])
    value = (at_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (bits >> 62 & (1 << 12) - 1) << 64
    value |= 0b10 << 62
    value |= bits & (1 << 62) - 1
    return UUID(int=value)
