"""What belongs together: a point finds its waveform, the speed of its shaft and the state of its machine."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from domain.plant.assets import MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagKind
from domain.units import unit

_SPEED_WORDS = ("speed", "drehzahl", "rpm")


def wired(plant: Plant) -> tuple[MeasurementPoint, ...]:
    """Return the points that can be tied to tags of the plant and are not yet; nothing tied is changed."""
    found = []
    for point in plant.points:
        machine_tags = plant.tags_of(plant.machine_of(point.asset_id).id)
        tied = replace(
            point,
            waveform_tag_key=point.waveform_tag_key or _waveform(point, machine_tags),
            speed_tag_key=point.speed_tag_key or _only(machine_tags, _is_speed),
            state_tag_key=point.state_tag_key or _only(machine_tags, _is_state),
        )
        if tied != point:
            found.append(tied)
    return tuple(found)


def untied(points: Iterable[MeasurementPoint], keys: Collection[int]) -> tuple[MeasurementPoint, ...]:
    """Return the points that are tied to one of these tags, with that tie cut."""
    found = []
    for point in points:
        ties = (point.waveform_tag_key, point.speed_tag_key, point.state_tag_key)
        waveform, speed, state = (None if key in keys else key for key in ties)
        if (waveform, speed, state) != ties:
            found.append(replace(point, waveform_tag_key=waveform, speed_tag_key=speed, state_tag_key=state))
    return tuple(found)


def _waveform(point: MeasurementPoint, tags: tuple[Tag, ...]) -> int | None:
    keys = [tag.key for tag in tags if tag.point_id == point.id and tag.is_waveform]
    return keys[0] if len(keys) == 1 else None


def _only(tags: tuple[Tag, ...], is_wanted: Callable[[Tag], bool]) -> int | None:
    keys = [tag.key for tag in tags if is_wanted(tag)]
    return keys[0] if len(keys) == 1 else None


def _is_speed(tag: Tag) -> bool:
    words = f"{tag.name} {tag.label}".lower()
    is_turning = tag.kind is TagKind.MEASURED and unit(tag.unit).dimension == "frequency"
    return is_turning and any(word in words for word in _SPEED_WORDS)


def _is_state(tag: Tag) -> bool:
    return tag.kind is TagKind.STATE
