"""Picture and tables of the screen Analysis."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage

from domain.instants import iso_utc
from domain.plant.signals import Spectrum
from ui.context import Context
from ui.formatting import unit_symbol
from ui.text import tr
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
    from ui.screens.analysis.screen import AnalysisScreen

Table = tuple[list[str], list[str], list[Sequence[object]]]


class AnalysisExport:
    """Ways out of the screen: picture, spectra on show, waveform on show."""

    def __init__(self, screen: "AnalysisScreen", context: Context) -> None:
        self._screen, self._context = screen, context
        self.picture = Export(tr("Export", "Picture (PNG)\u2026"), "png", self.render, save_picture)
        self.spectra = Export(tr("Export", "Spectra shown (CSV)\u2026"), "csv", self._spectra, _write)
        self.waveform = Export(tr("Export", "Waveform shown (CSV)\u2026"), "csv", self._waveform, _write)
        self.exporter = Exporter(
            screen.page,
            context.tasks,
            (self.picture, self.spectra, self.waveform),
            name=self._name,
            picture=self.render,
            button=screen.page.export_button,
        )
        self.exporter.failed.connect(context.show_problem)

    def render(self) -> QImage:
        """Return the picture of the plots with its heading."""
        return render_picture(self._screen.page.centre, Heading(self._title(), self._details()))

    def _title(self) -> str:
        entry = self._screen.entry
        return "" if entry is None else f"{entry.line.name} / {entry.title}"

    def _details(self) -> str:
        picture = self._screen.picture
        clock = self._context.plant_time()
        when = "" if picture is None else f"{clock.day(picture.start_us)} {clock.clock(picture.start_us)}"
        return f"{when} ({clock.zone})   {self._screen.page.settings_words}"

    def _name(self) -> str:
        entry = self._screen.entry
        at_us = self._screen.picture.start_us if self._screen.picture is not None else 0
        stamp = f"{self._context.plant_time().local(at_us):%Y%m%d-%H%M%S}" if at_us else ""
        return file_name("analysis", entry.machine.code if entry else "", entry.place if entry else "", stamp)

    def _notes(self) -> list[str]:
        picture = self._screen.picture
        at = [] if picture is None else [f"start {iso_utc(picture.start_us)}"]
        return [self._title(), self._screen.page.settings_words, *at]

    def _spectra(self) -> Table:
        header, columns = [], []
        for name, plot in (
            ("spectrum", self._screen.page.spectrum),
            ("envelope", self._screen.page.envelope),
        ):
            shown, baseline = plot.shown
            unit = unit_symbol(plot.unit)
            for words, spectrum in ((f"{name} {unit}", shown), (f"{name} baseline {unit}", baseline)):
                if spectrum is not None:
                    header += [f"{name} frequency Hz", words]
                    columns.append(spectrum)
        return self._notes(), header, list(_spectrum_rows(columns))

    def _waveform(self) -> Table:
        picture = self._screen.picture
        if picture is None or picture.samples is None:
            return self._notes(), ["time_s", "acceleration g"], []
        rows: list[Sequence[object]] = [
            (round(place / picture.sampling_rate_hz, 9), round(float(value), 7))
            for place, value in enumerate(picture.samples)
        ]
        return self._notes(), ["time_s", "acceleration g"], rows


def _spectrum_rows(spectra: Sequence[Spectrum]) -> Iterator[Sequence[object]]:
    for line in range(max((len(each.amplitude) for each in spectra), default=0)):
        row: list[object] = []
        for each in spectra:
            if line < len(each.amplitude) and np.isfinite(each.amplitude[line]):
                row += [round(line * each.resolution_hz, 6), float(f"{each.amplitude[line]:.6g}")]
            else:
                row += ["", ""]
        yield row


def _write(path: Path, prepared: object) -> object:
    if not isinstance(prepared, tuple):
        raise TypeError("a table is notes, header and rows")
    notes, header, rows = prepared
    return write_table(path, notes=notes, header=header, rows=rows)
