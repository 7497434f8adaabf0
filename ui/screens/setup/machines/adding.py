"""Adding lines, machines and points: the sheets of the machines tab and what they ask for."""

from functools import partial
from typing import Any, Protocol
from uuid import UUID

from domain.plant.assets import AssetKind, MeasurementPoint
from domain.plant.plant import Plant
from ui.screens.setup.acts import SetupActs
from ui.screens.setup.machines import lane_acts
from ui.screens.setup.machines.nodes import Thing
from ui.screens.setup.machines.sheets import Sheet
from ui.screens.setup.machines.view import MachinesView
from ui.text import tr


class Stage(Protocol):
    """What adding and removing need of the tab they are part of."""

    view: MachinesView
    acts: SetupActs
    plant: Plant
    refusal: str

    @property
    def shown(self) -> Thing | None:
        """What is chosen, as it is stored now."""
        ...

    def show_thing(self) -> None:
        """Show what is chosen."""
        ...


class Adding:
    """Part of the tab. The sheet that asked last is told how it went."""

    def __init__(self, tab: Stage) -> None:
        self._tab = tab
        self._waiting: tuple[Sheet, str] | None = None
        view = tab.view
        view.add_line.clicked.connect(self.open_line)
        view.add_machine.clicked.connect(self.open_machine)
        view.empty.acted.connect(self.open_machine)
        view.add_point.clicked.connect(self.open_point)
        for sheet, add in zip(view.sheets, (self._add_line, self._add_machine, self._add_point), strict=True):
            sheet.added.connect(add)
            sheet.ended.connect(self._end)

    # ---- the sheets

    def open_line(self) -> None:
        """Show the sheet of a line."""
        self._bring(self._tab.view.line_sheet)
        self._tab.view.line_sheet.begin()

    def open_machine(self) -> None:
        """Show the sheet of machines, on the line of what is chosen."""
        self._bring(self._tab.view.machine_sheet)
        self._tab.view.machine_sheet.begin_on(self._line_of_chosen())

    def open_point(self) -> None:
        """Show the sheet of points, for the machine or component that is chosen."""
        place = self._place()
        if place is not None:
            self._bring(self._tab.view.point_sheet)
            self._tab.view.point_sheet.begin_at(self._tab.plant.path(place).text)

    def allow_points(self) -> None:
        """A point needs a machine or component to be on."""
        button, refusal = self._tab.view.add_point, self._tab.refusal
        why = refusal or tr("Machines", "Choose the machine or component that the point is on.")
        button.setEnabled(self._place() is not None and not refusal)
        button.setToolTip("" if button.isEnabled() else why)

    def tell_success(self) -> None:
        """Tell the sheet that asked that it is done; nobody when nobody asked."""
        if self._waiting is not None:
            (sheet, name), self._waiting = self._waiting, None
            sheet.take_success(tr("Machines", "Added: {name}. Add the next one, or Esc.", name=name))

    def forget(self) -> None:
        """Nothing was added after all."""
        self._waiting = None

    def _bring(self, sheet: Sheet) -> None:
        self._waiting = None
        self._tab.view.put_question_away()
        self._tab.view.show_page(sheet)

    def _end(self) -> None:
        self._tab.view.show_page(self._tab.view.editor)
        self._tab.view.tree.setFocus()
        self._tab.show_thing()

    # ---- where it goes

    def _line_of_chosen(self) -> str:
        thing = self._tab.shown
        if thing is None:
            return ""
        start = thing.asset_id if isinstance(thing, MeasurementPoint) else thing.id
        path = self._tab.plant.path(start).assets
        line = next((asset for asset in path if asset.kind is AssetKind.LINE), None)
        return "" if line is None else str(line.id)

    def _place(self) -> UUID | None:
        """Return the machine or component that a new point would be on."""
        thing = self._tab.shown
        if thing is None or isinstance(thing, MeasurementPoint):
            return None if thing is None else thing.asset_id
        return thing.id if thing.kind in (AssetKind.MACHINE, AssetKind.COMPONENT) else None

    # ---- the acts

    def _add_line(self, values: dict[str, Any]) -> None:
        self._waiting = (self._tab.view.line_sheet, values["name"])
        self._tab.acts.run(partial(lane_acts.add_line, values), name=values["name"])

    def _add_machine(self, values: dict[str, Any]) -> None:
        self._waiting = (self._tab.view.machine_sheet, f"{values['name']} ({values['code']})")
        self._tab.acts.run(partial(lane_acts.add_machine, values), name=values["name"])

    def _add_point(self, values: dict[str, Any]) -> None:
        place = self._place()
        if place is not None:
            self._waiting = (self._tab.view.point_sheet, values["name"])
            self._tab.acts.run(partial(lane_acts.add_point, place, values), name=values["name"])
