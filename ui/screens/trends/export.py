"""Picture and tables of the screen Trends; times are UTC in ISO 8601, every row carries its quality."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from domain.instants import iso_utc
from domain.plant.quality import CLASS_MASK, Quality
from domain.plant.raw_status import status_name
from domain.plant.tags import Tag
from domain.ports import HistorySeries, RawStatus, TrendColumns
from services.workstation import Workstation
from ui.context import Context
from ui.formatting import unit_symbol
from ui.screens.trends.past import read_raw
from ui.text import quality_words, tr
from ui.widgets.plot_export import (
    Export,
    Exporter,
    Heading,
    file_name,
    render_picture,
    save_picture,
    write_table,
)

if TYPE_CHECKING:
    from ui.screens.trends.screen import TrendsScreen


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a table is made from: notes, tags, window, and the columns on show."""

    notes: tuple[str, ...]
    tags: tuple[Tag, ...]
    start_us: int
    end_us: int
    columns: tuple[TrendColumns, ...]


class TrendsExport:
    """Ways out of the screen: picture, what is shown, the stored samples."""

    def __init__(self, screen: "TrendsScreen", workstation: Workstation, context: Context) -> None:
        self._screen, self._workstation, self._context = screen, workstation, context
        self.picture = Export(tr("Export", "Picture (PNG)\u2026"), "png", self.render, save_picture)
        self.shown = Export(tr("Export", "Curves shown (CSV)\u2026"), "csv", self._wanted, _write_shown)
        self.raw = Export(tr("Export", "Stored values (CSV)\u2026"), "csv", self._wanted, self._write_raw)
        self.exporter = Exporter(
            screen.page,
            context.tasks,
            (self.picture, self.shown, self.raw),
            name=self._name,
            picture=self.render,
            button=screen.page.export_button,
        )
        self.exporter.failed.connect(context.show_problem)

    def render(self) -> QImage:
        """Return the picture of the panes with its heading."""
        page = self._screen.page
        title = ", ".join(
            f"{tag.name} {unit_symbol(tag.unit)}".strip() for tag in self._screen.presenter.selection.tags
        )
        details = f"{page.window_words.text()}   {page.resolution_words.text()}"
        return render_picture(page.sheet, Heading(title, details))

    def _name(self) -> str:
        start_us, _ = self._screen.window_us
        stamp = f"{self._context.plant_time().local(start_us):%Y%m%d-%H%M}"
        machines = {tag.name.split(".")[0] for tag in self._screen.presenter.selection.tags}
        return file_name("trend", "-".join(sorted(machines)), stamp)

    def _wanted(self) -> Wanted:
        start_us, end_us = self._screen.window_us
        page = self._screen.page
        trends = self._screen.presenter.answer.trends if self._screen.presenter.answer is not None else {}
        tags = self._screen.presenter.selection.tags
        notes = (
            page.window_words.text(),
            page.resolution_words.text(),
            f"UTC {iso_utc(start_us)} to {iso_utc(end_us)}",
        )
        return Wanted(notes, tags, start_us, end_us, tuple(trends[t.key] for t in tags if t.key in trends))

    def _write_raw(self, path: Path, prepared: object) -> object:
        wanted = _checked(prepared)
        keys = [tag.key for tag in wanted.tags]
        window = {"start_us": wanted.start_us, "end_us": wanted.end_us}
        series = read_raw(self._workstation, keys, **window)
        said = {key: self._workstation.history.raw_statuses(key, **window) for key in keys}
        header = ("time_utc", "tag", "label", "value", "unit", "quality", "quality_code", "device_status")
        return write_table(path, notes=wanted.notes, header=header, rows=raw_rows(wanted.tags, series, said))


def _checked(prepared: object) -> Wanted:
    if not isinstance(prepared, Wanted):
        raise TypeError("a table of curves is made from what the page shows")
    return prepared


def _words(code: int) -> str:
    quality = Quality.from_code(code)
    return quality_words(quality) or quality.grade.name.lower()


def _write_shown(path: Path, prepared: object) -> object:
    wanted = _checked(prepared)
    header = (
        "time_utc",
        "tag",
        "label",
        "minimum",
        "mean",
        "maximum",
        "unit",
        "values",
        "quality",
        "quality_code",
    )
    return write_table(path, notes=wanted.notes, header=header, rows=_shown_rows(wanted))


def _shown_rows(wanted: Wanted) -> Iterator[Sequence[object]]:
    by_key = {tag.key: tag for tag in wanted.tags}
    for each in wanted.columns:
        tag = by_key[each.tag_key]
        for place in range(len(each.time_us)):
            figures = (each.minimum[place], each.mean[place], each.maximum[place])
            code = int(each.quality[place])
            yield (
                iso_utc(int(each.time_us[place])), tag.name, tag.label,
                *(_cell(float(figure)) for figure in figures), tag.unit, int(each.count[place]),
                _words(code), code,
            )  # fmt: skip


def raw_rows(
    tags: Sequence[Tag], series: Mapping[int, HistorySeries], said: Mapping[int, Sequence[RawStatus]]
) -> Iterator[Sequence[object]]:
    """Yield a row per stored sample with what its device said of it while it was not good."""
    for tag in tags:
        each, statuses = series[tag.key], said[tag.key]
        times = [status.time_us for status in statuses]
        for at_us, value, code in zip(
            each.time_us.tolist(), each.value.tolist(), each.quality.tolist(), strict=True
        ):
            place = bisect_right(times, at_us) - 1 if code & CLASS_MASK else -1
            status = status_name(statuses[place].code) if place >= 0 else ""
            yield iso_utc(at_us), tag.name, tag.label, _cell(value), tag.unit, _words(code), code, status


def _cell(value: float) -> object:
    """Return a number in full; nothing stands where nothing is known."""
    return value if value == value else ""
