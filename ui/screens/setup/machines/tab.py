"""The machines tab: the plant set up without a line of code [SET-1, SET-3, SIG-2, ACQ-1, ACQ-3, ACQ-4]."""

from functools import partial
from uuid import UUID

from domain.plant.assets import Asset, AssetKind, MeasurementPoint
from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from domain.plant.tags import Tag
from domain.roles import Permission
from services.set_up.bearing_catalogue import BearingCatalogue
from services.set_up.configuration import Edit
from services.set_up.machine_classes import machine_classes
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.setup.acts import SetupActs, Work
from ui.screens.setup.machines import lane_acts
from ui.screens.setup.machines.adding import Adding
from ui.screens.setup.machines.drafts import Draft, DraftBook, asset_of, keeping_of, point_of, values_of
from ui.screens.setup.machines.nodes import Thing, found_in, nodes_of, thing_in
from ui.screens.setup.machines.removing import Removing
from ui.screens.setup.machines.sheets import Sheet
from ui.screens.setup.machines.view import MachinesView
from ui.screens.setup.tabs import SetupTab
from ui.text import error_words, tr

WHOLE_CATALOGUE = 100_000


class MachinesTab(SetupTab):
    """The plant as a tree and the sheet of the chosen thing; what is typed is kept per thing until saved."""

    help_page = "setup-machines"
    view: MachinesView

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self.plant = workstation.monitoring.plant
        self._drafts = DraftBook()
        self._wanted: UUID | None = None
        self.refusal = refusal_to(workstation.actor.role, Permission.CONFIGURE)
        self.acts = SetupActs(workstation, context, acted=self._acted, failed=self._failed)
        self.view = MachinesView(machine_classes(), self.acts.bar)
        self.acts.listen_in(self.view)
        self._adding = Adding(self)
        self._removing = Removing(self)
        self._connect()
        self._allow()
        self._show_plant()

    def _connect(self) -> None:
        view, editor = self.view, self.view.editor
        view.tree.chosen.connect(self._choose)
        view.searched.connect(self._search)
        view.moved.connect(self._move)
        editor.changed.connect(self._keep_draft)
        editor.save_asked.connect(self.save)
        editor.revert_asked.connect(self.revert)
        editor.move_asked.connect(self._move)
        editor.values_removal_asked.connect(self._remove_values)

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        try:
            self._wanted = UUID(argument) if argument else None
        except ValueError:
            self._wanted = None
        tasks, failed = self._context.tasks, self._context.show_problem
        tasks.run(self._read_bearings, done=self.view.editor.offer_bearings, failed=failed)
        self._load()

    def act(self, name: str) -> bool:
        if name != "filter":
            return False
        self.view.search.setFocus()
        return True

    def plant_changed(self) -> None:
        self._load()

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
                self._removing.end()
                self.view.editor.say("")
            self.view.tree.choose(self._wanted)
            if not isinstance(self.view.page, Sheet):
                self.view.show_page(self.view.editor)
            self._wanted = None
        self._show_plant()

    def _show_plant(self) -> None:
        self._drafts.settle(self.plant)
        self._removing.check(self.plant)
        words = self.view.search.text()
        self.view.tree.show_nodes(found_in(nodes_of(self.plant), words), is_search=bool(words.strip()))
        for sheet in self.view.sheets:
            sheet.show_plant(self.plant)
        if self.shown is None:
            self._choose_first()
        self.show_thing()

    def _choose_first(self) -> None:
        first = next((asset for asset in self.plant.assets if asset.kind is AssetKind.MACHINE), None)
        first = first or next(iter(self.plant.assets), None)
        self.view.tree.choose(None if first is None else first.id)

    @property
    def shown(self) -> Thing | None:
        """What is chosen, as it is stored now."""
        current = self.view.tree.current
        return None if current is None else thing_in(self.plant, current)

    def show_thing(self) -> None:
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
        view.tree.mark_unsaved(self._drafts.ids)
        self._adding.allow_points()

    def _say_if_behind(self, thing: Thing, draft: Draft | None) -> None:
        is_behind = draft is not None and draft.base.version != thing.version
        if is_behind and not self.view.editor.said.text():
            self.view.editor.say(
                tr("Machines", "Somebody else changed this meanwhile. Revert shows what it is now.")
            )

    def _choose(self, identity: object) -> None:
        self._removing.end()
        self.view.editor.say("")
        self.view.show_page(self.view.editor)
        self.show_thing()

    def _search(self, words: str) -> None:
        self.view.tree.show_nodes(found_in(nodes_of(self.plant), words), is_search=bool(words.strip()))

    def _allow(self) -> None:
        view = self.view
        view.editor.allow(self.refusal)
        for button in (view.add_line, view.add_machine):
            button.setEnabled(not self.refusal)
            button.setToolTip(self.refusal)
        view.empty.setEnabled(not self.refusal)
        view.empty.setToolTip(self.refusal)

    # ---- what is typed

    def _keep_draft(self) -> None:
        thing = self.shown
        if thing is not None:
            self._drafts.keep(thing, self.view.editor.typed(), self.plant)
            self.view.tree.mark_unsaved(self._drafts.ids)

    def revert(self) -> None:
        """Show the chosen thing as it is stored."""
        thing = self.shown
        if thing is not None:
            self._drafts.drop(thing.id)
            self.view.editor.complain({})
            self.show_thing()

    def save(self) -> None:
        """Store what is typed, or say at the fields what is wrong."""
        thing = self.shown
        if thing is None or self.refusal:
            return
        draft = self._drafts.get(thing.id)
        if draft is None:
            self.view.editor.say(tr("Machines", "Nothing is changed."), is_marked=False)
            return
        if isinstance(draft.base, MeasurementPoint):
            point, complaints = point_of(draft.base, draft.values)
            work: Work = partial(lane_acts.change_point, point)
        else:
            asset, complaints = asset_of(draft.base, draft.values, self.plant)
            work = partial(lane_acts.change_asset, asset)
            if asset.kind is AssetKind.SITE:
                keeping, wrong = keeping_of(draft.values, self.plant)
                complaints |= wrong
                work = partial(lane_acts.change_site, asset, draft.values["zone"], keeping)
        if not self.view.editor.complain(complaints):
            self.acts.run(work, name=draft.values["name"])

    # ---- acts

    def _acted(self, edit: Edit) -> None:
        """An act is stored: what is typed stands on the new versions; something new is chosen."""
        for step in edit.steps:
            if isinstance(step.after, Asset | MeasurementPoint):
                self._drafts.rebase(step.after, self.plant)
        left = self._removing.place_left()
        self._wanted = _made_by(edit) or left or self._wanted
        self.view.editor.say("")
        self._adding.tell_success()
        self._load()

    def _failed(self, error: BaseException) -> None:
        self._removing.forget()
        self._adding.forget()
        page = self.view.page
        if isinstance(page, Sheet):
            page.take_failure(error)
        else:
            self.view.editor.say(error_words(error))
        self._load()

    def _move(self, step: int) -> None:
        thing = self.shown
        if isinstance(thing, Asset) and not self.refusal and thing.kind is not AssetKind.SITE:
            self.acts.run(partial(lane_acts.move_asset, thing.id, step), name=thing.name)

    def _remove_values(self, tags: list[Tag]) -> None:
        names = ", ".join(tag.label for tag in tags)
        self.acts.run(partial(lane_acts.remove_values, tags), name=names)


def _made_by(edit: Edit) -> UUID | None:
    """Return what an edit is about when it made or brought back something: the machine, else the first."""
    made = [step.after for step in edit.steps if step.before is None]
    things = [each for each in made if isinstance(each, Asset | MeasurementPoint)]
    machines = [e for e in things if isinstance(e, Asset) and e.kind is AssetKind.MACHINE]
    return next((thing.id for thing in [*machines, *things]), None)


def make_tab(workstation: Workstation, context: Context) -> MachinesTab:
    """Return the tab."""
    return MachinesTab(workstation, context)
