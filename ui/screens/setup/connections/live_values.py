"""The present of values that are being set up: stored ones from the collector, new ones from the device."""

import math
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.plant.plant import Plant
from domain.plant.tags import Connection, Tag, TagDtype
from domain.ports import LiveSource
from services.set_up.link_values import ChosenValue
from services.set_up.probing import ProbedValue
from services.set_up.value_tags import probe_tag
from services.text_words import TextWords
from ui.formatting import Presentation, present
from ui.screens.readings import Readings
from ui.text import quality_words

UNKNOWN = Presentation("\u2013")


def unread(values: Sequence[ChosenValue], plant: Plant) -> list[ChosenValue]:
    """Return the values that only the device itself can tell: new ones, and ones whose meaning changed."""
    stored = stored_tags(values, plant)
    return [
        value for value in values if not value.is_sampled and not _is_as_stored(value, stored.get(value.id))
    ]


def stored_tags(values: Sequence[ChosenValue], plant: Plant) -> dict[UUID, Tag]:
    """Return the stored tag of each value that has one."""
    wanted = {value.id for value in values}
    return {tag.id: tag for tag in plant.tags if tag.id in wanted and tag.connection_id is not None}


def _is_as_stored(value: ChosenValue, tag: Tag | None) -> bool:
    if tag is None:
        return False
    same_scale = (value.factor, value.offset) == (tag.scaling.factor, tag.scaling.offset)
    return same_scale and value.unit == tag.unit and dict(value.address) == dict(tag.address)


def probe_tags(values: Sequence[ChosenValue], connection: Connection) -> list[Tag]:
    """Return tags with which the device can be asked for the values."""
    return [probe_tag(value, connection, key=place) for place, value in enumerate(values, start=1)]


def stored_words(
    tags: Mapping[UUID, Tag], live: LiveSource, *, now_us: int, texts: TextWords
) -> dict[UUID, Presentation]:
    """Return what the collector reads now."""
    batch = live.values([tag.key for tag in tags.values()])
    readings = Readings(batch, now_us=now_us, is_simulated=False, texts=texts)
    return {identity: readings.shown(tag) for identity, tag in tags.items()}


def probed_words(value: ChosenValue, probed: ProbedValue) -> Presentation:
    """Return what the device told, its quality in the open."""
    if value.dtype is TagDtype.TEXT and probed.words:
        return Presentation(probed.words)
    if probed.quality.is_bad or math.isnan(probed.number):
        return Presentation("\u2013 \u2013", is_hatched=True, tip=quality_words(probed.quality))
    digits = 0 if value.dtype is TagDtype.INT64 and value.factor == 1.0 else 2
    return present(probed.number, unit=value.unit or "1", digits=digits, quality=probed.quality)
