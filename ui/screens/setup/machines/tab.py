"""The machines tab: the plant set up without a line of code [SET-1, SET-3, SIG-2, ACQ-1, ACQ-3, ACQ-4]."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from domain.plant.tags import Tag
from domain.roles import Permission
from services.bearing_catalogue import BearingCatalogue
from services.configuration import Edit
from services.machine_classes import machine_classes
from services.plant_setup import PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.setup.acts import SetupActs, Work
from ui.screens.setup.machines.drafts import Draft, asset_of, point_of, rebased, values_of
from ui.screens.setup.machines.nodes import Thing, found_in, is_brought, nodes_of, thing_in
from ui.screens.setup.machines.sheets import Sheet, facts_of
from ui.screens.setup.machines.values_panel import tags_below
from ui.screens.setup.machines.view import MachinesView
from ui.screens.setup.machines.words import removal_effect
from ui.text import error_words, tr

WHOLE_CATALOGUE = 100_000


class MachinesTab:
    """Implements ``ui.screens.setup.tabs.SetupTab``. What is typed is kept per thing until it is saved."""

    help_page = "setup-machines"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self.plant = workstation.monitoring.plant
        self._drafts: dict[UUID, Draft] = {}
        self._wanted: UUID | None = None
        self._after: Callable[[Edit], None] | None = None
        self._refusal = refusal_to(workstation.actor.role, Permission.CONFIGURE)
        self.acts = SetupActs(workstation, context, acted=self._acted, failed=self._failed)
        self.view = MachinesView(machine_classes(), self.acts.bar)
        self.acts.listen_in(self.view)
        self._connect()
        self._allow()
        self._show_plant()

    def _connect(self) -> None:
        view, editor = self.view, self.view.editor
        view.tree.chosen.connect(self._choose)
        view.searched.connect(self._search)
        view.moved.connect(self._move)
        view.add_line.clicked.connect(self._open_line_sheet)
        view.add_machine.clicked.connect(self._open_machine_sheet)
        view.empty.acted.connect(self._open_machine_sheet)
        view.add_point.clicked.connect(self._open_point_sheet)
        for sheet, add in zip(view.sheets, (self._add_line, self._add_machine, self._add_point), strict=True):
            sheet.added.connect(add)
            sheet.ended.connect(self._end_sheet)
        editor.changed.connect(self._keep_draft)
        editor.save_asked.connect(self.save)
        editor.revert_asked.connect(self.revert)
        editor.remove_asked.connect(self._ask_removal)
        editor.move_asked.connect(self._move)
        editor.values_removal_asked.connect(self._remove_values)
        view.question.confirmed.connect(self._remove)
        view.question.cancelled.connect(self._end_question)

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        try:
            self._wanted = UUID(argument) if argument else None
        except ValueError:
            self._wanted = None
        tasks, failed = self._context.tasks, self._context.show_problem
        tasks.run(self._read_bearings, done=self.view.editor.offer_bearings, failed=failed)
        self._load()

    def refresh(self, now_us: int) -> None:
        """Nothing moves by itself."""

    def on_hidden(self) -> None:
        """What is typed stays."""

    def act(self, name: str) -> bool:
        if name != "filter":
            return False
        self.view.search.setFocus()
        return True

    def plant_changed(self) -> None:
        self._load()

    def close(self) -> None:
        """Nothing is held."""

    # ---- in the database lane

    def _read(self) -> Plant:
        return self._workstation.store.plant.load()

    def _read_bearings(self) -> tuple[BearingType, ...]:
        return BearingCatalogue(self._workstation.store).search(limit=WHOLE_CATALOGUE)

    # ---- showing

    def _load(self) -> None:
        self._context.tasks.run(self._read, done=self._take, failed=self._context.show_problem)

    def _take(self, plant: Plant) -> None:
        self.plant = plant
        if self._wanted is not None and thing_in(self.plant, self._wanted) is not None:
            if self._wanted != self.view.tree.current:
                self._end_question()
                self.view.editor.say("")
            self.view.tree.choose(self._wanted)
            if not isinstance(self.view.page, Sheet):
                self.view.show_page(self.view.editor)
            self._wanted = None
        self._show_plant()

    def _show_plant(self) -> None:
        self._drop_settled_drafts()
        words = self.view.search.text()
        self.view.tree.show_nodes(found_in(nodes_of(self.plant), words), is_search=bool(words.strip()))
        for sheet in self.view.sheets:
            sheet.show_plant(self.plant)
        if self.shown is None:
            self._choose_first()
        self._show_thing()

    def _choose_first(self) -> None:
        first = next((asset for asset in self.plant.assets if asset.kind is AssetKind.MACHINE), None)
        first = first or next(iter(self.plant.assets), None)
        self.view.tree.choose(None if first is None else first.id)

    @property
    def shown(self) -> Thing | None:
        """What is chosen, as it is stored now."""
        current = self.view.tree.current
        return None if current is None else thing_in(self.plant, current)

    def _show_thing(self) -> None:
        """Show what is chosen as it is now, with what was typed over it."""
        thing, view = self.shown, self.view
        if not isinstance(view.page, Sheet):
            view.show_page(view.nothing if thing is None else view.editor)
        if thing is not None:
            draft = self._drafts.get(thing.id)
            view.editor.show_thing(
                thing, values_of(thing, self.plant) if draft is None else draft.values, self.plant
            )
            self._say_if_behind(thing, draft)
        view.tree.mark_unsaved(self._drafts.keys())
        self._allow_points()

    def _say_if_behind(self, thing: Thing, draft: Draft | None) -> None:
        is_behind = draft is not None and draft.base.version != thing.version
        if is_behind and not self.view.editor.said.text():
            self.view.editor.say(
                tr("Machines", "Somebody else changed this meanwhile. Revert shows what it is now.")
            )

    def _choose(self, identity: object) -> None:
        self._end_question()
        self.view.editor.say("")
        self.view.show_page(self.view.editor)
        self._show_thing()

    def _search(self, words: str) -> None:
        self.view.tree.show_nodes(found_in(nodes_of(self.plant), words), is_search=bool(words.strip()))

    def _allow(self) -> None:
        view = self.view
        view.editor.allow(self._refusal)
        for button in (view.add_line, view.add_machine):
            button.setEnabled(not self._refusal)
            button.setToolTip(self._refusal)
        view.empty.setEnabled(not self._refusal)
        view.empty.setToolTip(self._refusal)

    def _allow_points(self) -> None:
        place = self._point_place()
        why = self._refusal or tr("Machines", "Choose the machine or component that the point is on.")
        self.view.add_point.setEnabled(place is not None and not self._refusal)
        self.view.add_point.setToolTip("" if self.view.add_point.isEnabled() else why)

    # ---- what is typed

    def _keep_draft(self) -> None:
        thing = self.shown
        if thing is None:
            return
        before = self._drafts.get(thing.id)
        base = thing if before is None else before.base
        typed = self.view.editor.typed()
        self._drafts.pop(thing.id, None)
        if typed != values_of(base, self.plant):
            self._drafts[thing.id] = Draft(base, typed)
        self.view.tree.mark_unsaved(self._drafts.keys())

    def _drop_settled_drafts(self) -> None:
        """Forget what is typed over things that are gone, or that are as typed."""
        kept = {}
        for identity, draft in self._drafts.items():
            if thing_in(self.plant, identity) is not None and dict(draft.values) != values_of(
                draft.base, self.plant
            ):
                kept[identity] = draft
        self._drafts = kept

    def revert(self) -> None:
        """Show the chosen thing as it is stored."""
        thing = self.shown
        if thing is not None:
            self._drafts.pop(thing.id, None)
            self.view.editor.show_thing(thing, values_of(thing, self.plant), self.plant)
            self.view.editor.complain({})
            self._drafts.pop(thing.id, None)
            self._show_thing()

    def save(self) -> None:
        """Store what is typed, or say at the fields what is wrong."""
        thing = self.shown
        if thing is None or self._refusal:
            return
        draft = self._drafts.get(thing.id)
        if draft is None:
            self.view.editor.say(tr("Machines", "Nothing is changed."), is_marked=False)
            return
        if isinstance(draft.base, MeasurementPoint):
            point, complaints = point_of(draft.base, draft.values)
            work: Work = partial(_change_point, point)
        else:
            asset, complaints = asset_of(draft.base, draft.values, self.plant)
            zone = draft.values.get("zone")
            work = partial(_change_asset, asset) if zone is None else partial(_change_site, asset, zone)
        if not self.view.editor.complain(complaints):
            self.acts.run(work, name=draft.values["name"])

    # ---- acts

    def _acted(self, edit: Edit) -> None:
        """An act is stored: what is typed stands on the new versions; something new is chosen."""
        for step in edit.steps:
            after = step.after
            if isinstance(after, Asset | MeasurementPoint) and after.id in self._drafts:
                self._drafts[after.id] = rebased(self._drafts[after.id], after, self.plant)
        self._wanted = _made_by(edit) or self._wanted
        then, self._after = self._after, None
        self.view.editor.say("")
        self._load()
        if then is not None:
            then(edit)

    def _failed(self, error: BaseException) -> None:
        self._after = None
        page = self.view.page
        if isinstance(page, Sheet):
            page.take_failure(error)
        else:
            self.view.editor.say(error_words(error))
        self._load()

    def _move(self, step: int) -> None:
        thing = self.shown
        if isinstance(thing, Asset) and not self._refusal and thing.kind is not AssetKind.SITE:
            self.acts.run(partial(_move_asset, thing.id, step), name=thing.name)

    def _remove_values(self, tags: list[Tag]) -> None:
        names = ", ".join(tag.label for tag in tags)
        self.acts.run(partial(_remove_values, tags), name=names)

    # ---- removing

    def _ask_removal(self) -> None:
        thing = self.shown
        if thing is None:
            return
        self.view.editor.setEnabled(False)
        self.view.question.ask(
            tr("Machines", "Remove {name}?", name=thing.name),
            effect=self._effect_of(thing),
            act=tr("Machines", "Remove"),
        )

    def _effect_of(self, thing: Thing) -> str:
        tags = tags_below(thing, self.plant)
        values = sum(is_brought(tag) for tag in tags)
        points = 0 if isinstance(thing, MeasurementPoint) else len(self.plant.points_of(thing.id))
        return removal_effect(points=points, values=values, figures=len(tags) - values)

    def _remove(self, reason: str) -> None:
        thing = self.shown
        self._end_question()
        if thing is None:
            return
        if isinstance(thing, MeasurementPoint):
            self._after = partial(self._want, thing.asset_id)
            self.acts.run(partial(_remove_point, thing), name=thing.name)
        else:
            self._after = partial(self._want, thing.parent_id)
            self.acts.run(partial(_remove_asset, thing.id), name=thing.name)

    def _want(self, identity: UUID | None, edit: Edit) -> None:
        self._wanted = identity

    def _end_question(self) -> None:
        self.view.question.hide()
        self.view.editor.setEnabled(True)

    # ---- adding

    def _open_line_sheet(self) -> None:
        self._end_question()
        self.view.show_page(self.view.line_sheet)
        self.view.line_sheet.begin()

    def _open_machine_sheet(self) -> None:
        self._end_question()
        self.view.show_page(self.view.machine_sheet)
        self.view.machine_sheet.begin_on(self._line_of_chosen())

    def _open_point_sheet(self) -> None:
        place = self._point_place()
        if place is not None:
            self._end_question()
            self.view.show_page(self.view.point_sheet)
            self.view.point_sheet.begin_at(self.plant.path(place).text)

    def _end_sheet(self) -> None:
        thing = self.shown
        self.view.show_page(self.view.nothing if thing is None else self.view.editor)
        self.view.tree.setFocus()
        self._show_thing()

    def _line_of_chosen(self) -> str:
        thing = self.shown
        if thing is None:
            return ""
        start = thing.asset_id if isinstance(thing, MeasurementPoint) else thing.id
        path = self.plant.path(start).assets
        line = next((asset for asset in path if asset.kind is AssetKind.LINE), None)
        return "" if line is None else str(line.id)

    def _point_place(self) -> UUID | None:
        """Return the machine or component that a new point would be on."""
        thing = self.shown
        if isinstance(thing, MeasurementPoint):
            return thing.asset_id
        fits = thing is not None and thing.kind in (AssetKind.MACHINE, AssetKind.COMPONENT)
        return thing.id if thing is not None and fits else None

    def _add_line(self, values: dict[str, Any]) -> None:
        self._after = partial(_tell, self.view.line_sheet, values["name"])
        self.acts.run(partial(_add_line, values), name=values["name"])

    def _add_machine(self, values: dict[str, Any]) -> None:
        self._after = partial(_tell, self.view.machine_sheet, f"{values['name']} ({values['code']})")
        self.acts.run(partial(_add_machine, values), name=values["name"])

    def _add_point(self, values: dict[str, Any]) -> None:
        place = self._point_place()
        if place is not None:
            self._after = partial(_tell, self.view.point_sheet, values["name"])
            self.acts.run(partial(_add_point, place, values), name=values["name"])


def _made_by(edit: Edit) -> UUID | None:
    """Return what an edit is about when it made or brought back something: the machine, else the first."""
    made = [step.after for step in edit.steps if step.before is None]
    things = [each for each in made if isinstance(each, Asset | MeasurementPoint)]
    machines = [e for e in things if isinstance(e, Asset) and e.kind is AssetKind.MACHINE]
    return next((thing.id for thing in [*machines, *things]), None)


def _tell(sheet: Sheet, name: str, edit: Edit) -> None:
    sheet.take_success(tr("Machines", "Added: {name}. Add the next one, or Esc.", name=name))


# ---- acts for the database lane


def _change_asset(asset: Asset, setup: PlantSetup) -> Edit:
    return setup.change_asset(asset)


def _change_site(site: Asset, zone: str, setup: PlantSetup) -> Edit:
    return setup.change_site(site, zone=zone)


def _change_point(point: MeasurementPoint, setup: PlantSetup) -> Edit:
    return setup.change_point(point)


def _move_asset(asset_id: UUID, step: int, setup: PlantSetup) -> Edit | None:
    return setup.move_asset(asset_id, step=step)


def _remove_asset(asset_id: UUID, setup: PlantSetup) -> Edit:
    return setup.remove_asset(asset_id)


def _remove_point(point: MeasurementPoint, setup: PlantSetup) -> Edit:
    return setup.remove_point(point)


def _remove_values(tags: list[Tag], setup: PlantSetup) -> Edit:
    return setup.remove_values(tags)


def _add_line(values: dict[str, Any], setup: PlantSetup) -> Edit:
    return setup.add_line(name=values["name"], code=values["code"])


def _add_machine(values: dict[str, Any], setup: PlantSetup) -> Edit:
    line_id = UUID(values["line"]) if values["line"] else None
    return setup.add_machine(
        name=values["name"],
        code=values["code"],
        class_key=values["kind"],
        line_id=line_id,
        **facts_of(values),
    )


def _add_point(asset_id: UUID, values: dict[str, Any], setup: PlantSetup) -> Edit:
    return setup.add_point(asset_id, name=values["name"], technique=Technique(values["technique"]))


def make_tab(workstation: Workstation, context: Context) -> MachinesTab:
    """Return the tab."""
    return MachinesTab(workstation, context)
