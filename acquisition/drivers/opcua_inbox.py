"""Between publish loop and subscription: bounded, counting, never losing a tag's last word."""

from typing import Final

from acquisition.drivers.bounded_inbox import BoundedInbox
from acquisition.drivers.opcua_values import Item
from domain.plant.readings import LossCounter

_ARRAY_WEIGHT: Final = 50


class Inbox(BoundedInbox[Item]):
    """Notification lists waiting to be taken; ``capacity`` counts values, an array as 50."""

    def __init__(self, *, capacity: int, array_handles: frozenset[int], losses: LossCounter) -> None:
        super().__init__(
            capacity=capacity,
            key=lambda item: item.ClientHandle,
            weight=lambda item: _ARRAY_WEIGHT if item.ClientHandle in array_handles else 1,
            losses=losses,
        )
