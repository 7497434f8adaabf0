"""Two people changed the same thing at once: the later one is told, and the audit log knows both [F45]."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.errors import Conflict, IllegalTransition
from domain.roles import Actor
from storage.store import Store


@contextmanager
def contested(
    store: Store, *, by: Actor, act: str, kind: str = "", thing_id: UUID | None = None
) -> Iterator[None]:
    """Note an act that came too late, then raise what refused it: Conflict or IllegalTransition.

    ``kind`` and ``thing_id`` name what was to be changed where the refusal does not name it.
    """
    try:
        yield
    except (Conflict, IllegalTransition) as error:
        named, found = error.parameters.get("kind", kind), error.parameters.get("id", thing_id)
        if isinstance(found, UUID):
            with store.unit_of_work(by) as work:
                first = str(error.parameters.get("by", ""))
                work.audit("refused", str(named), found, act=act, problem=error.key, first=first)
        raise
