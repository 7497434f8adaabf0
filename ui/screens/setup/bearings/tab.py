"""The bearings tab: the catalogue with editions, own entries, files, and where each bearing runs [NEW-13]."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

from domain.plant.assets import MeasurementPoint
from domain.plant.bearings import BearingGeometry, BearingType
from domain.plant.plant import Plant
from domain.roles import Permission
from services.set_up.bearing_catalogue import BearingCatalogue, BearingUse
from services.set_up.bearing_table import AS_IT_SAYS, BearingImport, TableReading
from services.set_up.configuration import Edit
from services.set_up.plant_setup import PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.setup.acts import SetupActs
from ui.screens.setup.bearings.table import catalogue_row
from ui.screens.setup.bearings.view import BearingsView
from ui.screens.setup.tabs import SetupTab
from ui.text import error_words, tr
from ui.widgets.file_sheet import Wanted, ask_file

MOST_SHOWN = 1000


class BearingsTab(SetupTab):
    """The catalogue of bearings, its files, and where each type runs."""

    help_page = "setup-bearings"
    view: BearingsView

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._catalogue = BearingCatalogue(workstation.store)
        self._found: tuple[BearingType, ...] = ()
        self._file: BearingImport | None = None
        self._reading = AS_IT_SAYS
        self._wanted: UUID | None = None
        self._refusal = refusal_to(workstation.actor.role, Permission.CONFIGURE)
        self.acts = SetupActs(workstation, context, acted=self._acted, failed=self._failed)
        self.view = BearingsView(self.acts.bar)
        self.acts.listen_in(self.view)
        self._connect()
        self._allow()

    def _connect(self) -> None:
        view = self.view
        view.searched.connect(self._search)
        view.table.selection_changed.connect(self._choose)
        view.add.clicked.connect(self._open_entry)
        view.bring.clicked.connect(self._ask_file)
        view.empty.acted.connect(self._ask_file)
        view.detail.correction_asked.connect(self._open_correction)
        view.detail.point_opened.connect(self._open_point)
        view.detail.edition_taken.connect(self._take_edition)
        view.entry.added.connect(self._add)
        view.entry.ended.connect(self._end_entry)
        view.file.taken.connect(self._take_file)
        view.file.sheet_chosen.connect(self._read_sheet)
        view.file.columns_told.connect(self._tell_columns)
        view.file.corrected.connect(self._correct)
        view.file.cancelled.connect(self._end_file)

    def _allow(self) -> None:
        self.view.detail.allow(self._refusal)
        for each in (self.view.add, self.view.bring, self.view.empty):
            each.setEnabled(not self._refusal)
            each.setToolTip(self._refusal)
        self._say(self._refusal)

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._load()

    def act(self, name: str) -> bool:
        if name != "filter":
            return False
        self.view.search.setFocus()
        return True

    def plant_changed(self) -> None:
        self._load()

    # ---- the catalogue

    def _load(self) -> None:
        self._search(self.view.search.text())

    def _search(self, words: str) -> None:
        work = partial(self._catalogue.search, words, limit=MOST_SHOWN)
        self._context.tasks.run(work, done=self._show, failed=self._context.show_problem)

    def _show(self, found: tuple[BearingType, ...]) -> None:
        self._found = found
        view, is_searching = self.view, bool(self.view.search.text().strip())
        view.table.set_rows([catalogue_row(bearing) for bearing in found])
        view.table.setVisible(bool(found) or is_searching)
        view.empty.setVisible(not found and not is_searching)
        count = len(found)
        view.card.set_context(
            tr("Bearings", "the first {count}; type to narrow", count=count)
            if count == MOST_SHOWN
            else tr("Bearings", "newest editions: {count}", count=count)
        )
        if self._wanted is not None and view.table.select(self._wanted):
            self._wanted = None
        self._choose()

    def _chosen(self) -> BearingType | None:
        chosen = self.view.table.selected()
        return next((bearing for bearing in self._found if chosen and bearing.id == chosen[0]), None)

    def _choose(self) -> None:
        bearing = self._chosen()
        self.view.detail.show_bearing(bearing)
        if bearing is not None:
            self._context.tasks.run(
                partial(self._uses, bearing), done=self._show_uses, failed=self._context.show_problem
            )

    def _uses(self, bearing: BearingType) -> tuple[BearingType, tuple[BearingUse, ...], Plant]:
        plant = self._workstation.store.plant.load()
        return bearing, self._catalogue.uses(bearing, plant), plant

    def _show_uses(self, answer: tuple[BearingType, tuple[BearingUse, ...], Plant]) -> None:
        bearing, uses, plant = answer
        if bearing == self._chosen():
            self.view.detail.show_uses(uses, plant)

    def _open_point(self, identity: object) -> None:
        self._context.go(f"setup/machines/{identity}")

    # ---- the newest figures for a point

    def _take_edition(self, points: Sequence[MeasurementPoint]) -> None:
        bearing = self._chosen()
        if bearing is not None:
            names = ", ".join(point.name for point in points)
            self.acts.run(partial(_give_bearing, tuple(points), bearing.geometry), name=names)

    def _acted(self, edit: Edit) -> None:
        self._say("")
        self._load()

    def _failed(self, error: BaseException) -> None:
        self._say(error_words(error))
        self._load()

    def _say(self, words: str) -> None:
        self.view.said.say(words, is_marked=bool(words))
        self.view.said.setVisible(bool(words))

    # ---- own entries

    def _open_entry(self) -> None:
        self._begin_entry(None)

    def _open_correction(self) -> None:
        self._begin_entry(self._chosen())

    def _begin_entry(self, like: BearingType | None) -> None:
        self.view.side.setCurrentWidget(self.view.entry)
        self.view.entry.begin(self._found, like=like)

    def _end_entry(self) -> None:
        self.view.side.setCurrentWidget(self.view.detail)
        self.view.table.setFocus()

    def _add(self, maker: str, geometry: BearingGeometry, slip: float) -> None:
        work = partial(self._catalogue.add, maker, geometry, by=self._workstation.actor, slip_tolerance=slip)
        self._context.tasks.run(work, done=self._added, failed=self.view.entry.take_failure)

    def _added(self, edit: Edit) -> None:
        self._end_entry()
        (bearing,) = edit.made(BearingType)
        self._wanted = bearing.id
        name = tr("Bearings", "{name}, edition {n}", name=bearing.name, n=bearing.edition)
        self.acts.take(edit, name=name)

    # ---- files

    def _ask_file(self) -> None:
        ask_file(
            self.view,
            tr("Bearings", "File of bearings"),
            wanted=Wanted.OPEN,
            start=Path.home(),
            kinds=tr("Bearings", "Tables (*.csv *.txt *.xlsx)"),
            chosen=self.read_file,
        )

    def read_file(self, path: str) -> None:
        """Read a file and show what it holds; nothing is stored."""
        work = partial(self._catalogue.read, Path(path))
        self._context.tasks.run(work, done=self._show_file, failed=self._failed)

    def _read_sheet(self, sheet: str) -> None:
        if self._file is not None:
            work = partial(self._catalogue.read, self._file.path, TableReading(sheet))
            failed = partial(self._sheet_unread, sheet)
            self._context.tasks.run(work, done=self._show_sheet, failed=failed)

    def _show_sheet(self, found: BearingImport) -> None:
        if self._is_wanted(found.sheet):
            self._show_file(found)

    def _sheet_unread(self, sheet: str, error: BaseException) -> None:
        if self._is_wanted(sheet):
            self.view.file.show_unread(error)

    def _is_wanted(self, sheet: str) -> bool:
        """Say whether a sheet is still the chosen one, and its file not put away."""
        return self._file is not None and sheet == self.view.file.sheet.value()

    def _tell_columns(self, columns: dict[str, int]) -> None:
        self._read_anew(replace(self._reading, columns=columns))

    def _correct(self, number: int, name: str, text: str) -> None:
        corrections = {**self._reading.corrections, (number, name): text}
        self._read_anew(replace(self._reading, corrections=corrections))

    def _read_anew(self, reading: TableReading) -> None:
        """Read the sheet that is shown as a person says now."""
        file = self._file
        if file is not None:
            self._reading = replace(reading, sheet=file.sheet)
            work = partial(self._catalogue.read, file.path, self._reading)
            self._context.tasks.run(work, done=self._show_anew, failed=self.view.file.show_unread)

    def _show_anew(self, found: BearingImport) -> None:
        if self._is_wanted(found.sheet) and found.reading == self._reading:
            self._show_file(found)

    def _show_file(self, found: BearingImport) -> None:
        self._file, self._reading = found, found.reading
        self._say("")
        self.view.pages.setCurrentWidget(self.view.file)
        self.view.file.show_file(found)

    def _take_file(self) -> None:
        file = self._file
        if file is not None and self._is_wanted(file.sheet):
            self.view.file.take.setEnabled(False)
            work = partial(self._catalogue.take, file, by=self._workstation.actor)
            self._context.tasks.run(work, done=partial(self._taken, file), failed=self.view.file.take_failure)

    def _taken(self, found: BearingImport, edit: Edit) -> None:
        count, rows, file = len(edit.steps), len(found.rows), found.path.name
        if len(found.sheets) > 1:
            file = tr("Bearings", "{file}, sheet {sheet}", file=file, sheet=found.sheet)
        name = tr("Bearings", "{count} of {rows} rows of {file}", count=count, rows=rows, file=file)
        self._end_file()
        self.acts.take(edit, name=name)

    def _end_file(self) -> None:
        self._file = None
        self.view.file.put_away()
        self.view.pages.setCurrentWidget(self.view.catalogue)
        self.view.table.setFocus()


def _give_bearing(points: tuple[MeasurementPoint, ...], geometry: BearingGeometry, setup: PlantSetup) -> Edit:
    return setup.change_points([replace(point, bearing=geometry) for point in points])


def make_tab(workstation: Workstation, context: Context) -> BearingsTab:
    """Return the tab."""
    return BearingsTab(workstation, context)
