"""Which tags are chosen and how they share panes: one unit per pane, never two."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.plant.tags import Tag
from domain.units import unit as unit_of
from ui.text import QT_TRANSLATE_NOOP, tr
from ui.widgets.trend_plot import MOST_CURVES, TrendCurve

MOST_PANES = 4
_TITLES = {
    "mm/s": QT_TRANSLATE_NOOP("Trends", "Vibration"),
    "g": QT_TRANSLATE_NOOP("Trends", "Acceleration"),
    "1/min": QT_TRANSLATE_NOOP("Trends", "Speed"),
    "1": QT_TRANSLATE_NOOP("Trends", "Ratio"),
    "count": QT_TRANSLATE_NOOP("Trends", "Pieces"),
    "%": QT_TRANSLATE_NOOP("Trends", "Percent"),
}


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """One pane: its unit and its curves in the order chosen."""

    unit: str
    tags: tuple[Tag, ...]

    @property
    def title(self) -> str:
        """What the unit measures."""
        source = _TITLES.get(self.unit)
        if source is not None:
            return tr("Trends", source)
        return unit_of(self.unit).dimension.capitalize()

    def curves(self, names: Sequence[str]) -> list[TrendCurve]:
        """Return the curves with these names."""
        return [
            TrendCurve(tag.key, name, tag.unit, tag.digits, pen)
            for pen, (tag, name) in enumerate(zip(self.tags, names, strict=True))
        ]


class Selection:
    """The chosen tags. ``toggle`` and ``add`` return a sentence when there is no room."""

    def __init__(self) -> None:
        self._tags: list[Tag] = []

    @property
    def tags(self) -> tuple[Tag, ...]:
        return tuple(self._tags)

    @property
    def keys(self) -> tuple[int, ...]:
        return tuple(tag.key for tag in self._tags)

    @property
    def panes(self) -> tuple[PaneSpec, ...]:
        """Panes in the order their units were first chosen."""
        units = dict.fromkeys(tag.unit for tag in self._tags)
        return tuple(PaneSpec(unit, tuple(t for t in self._tags if t.unit == unit)) for unit in units)

    def pen_of(self, key: int) -> int | None:
        """Return the pen of a chosen tag, None for another."""
        for pane in self.panes:
            for pen, tag in enumerate(pane.tags):
                if tag.key == key:
                    return pen
        return None

    def replace(self, tags: Iterable[Tag]) -> str:
        """Choose these tags instead; what does not fit is left out and told."""
        self._tags = []
        return self.add(tags)

    def add(self, tags: Iterable[Tag]) -> str:
        """Choose more tags; return why some were left out, empty when all fit."""
        refusal = ""
        for tag in tags:
            if tag.key not in self.keys:
                refusal = self._refusal(tag) or refusal
                if not self._refusal(tag):
                    self._tags.append(tag)
        return refusal

    def toggle(self, tag: Tag) -> str:
        """Choose a tag or let it go."""
        if tag.key in self.keys:
            self._tags = [each for each in self._tags if each.key != tag.key]
            return ""
        return self.add([tag])

    def _refusal(self, tag: Tag) -> str:
        panes = {pane.unit: pane for pane in self.panes}
        if tag.unit not in panes:
            if len(panes) >= MOST_PANES:
                return tr("Trends", "Four units at most share the page. Untick one of another unit first.")
            return ""
        if len(panes[tag.unit].tags) >= MOST_CURVES:
            return tr("Trends", "Six curves at most share a pane. Untick one of this unit first.")
        return ""
