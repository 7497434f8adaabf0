"""Values as plain JSON data for files and the audit log, with everything left out that names a secret."""

import re
from collections.abc import Mapping
from enum import Enum
from uuid import UUID

_SECRET = re.compile(r"pass(word|phrase|wd)|secret|token|private_?key|credential", re.IGNORECASE)
_WHERE_IT_IS = "_variable"
"""Such a key names the environment variable that holds a secret, and no secret itself."""


def without_secrets(value: object) -> object:
    """Return JSON data; entries whose key names a secret are left out at every depth [F75]."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): without_secrets(v) for k, v in value.items() if not _is_secret(str(k))}
    return [without_secrets(each) for each in value] if isinstance(value, list | tuple) else value


def _is_secret(key: str) -> bool:
    return _SECRET.search(key) is not None and not key.endswith(_WHERE_IT_IS)
