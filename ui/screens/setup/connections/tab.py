"""The connections tab: the list of devices, and the steps in which one is set up [SET-1, ACQ-2]."""

from dataclasses import replace
from functools import partial
from uuid import UUID

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from domain.plant.plant import Plant
from domain.plant.tags import Connection, TagKind
from domain.roles import Permission
from services.set_up.configuration import Edit
from services.set_up.link_draft import DEVICE, LinkDraft, draft_of, new_draft
from services.set_up.plant_setup import Draft, PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.polling import Poll
from ui.screens.setup.acts import SetupActs
from ui.screens.setup.connections.device_list import DeviceList, DeviceRow
from ui.screens.setup.connections.wizard import Wizard
from ui.screens.setup.tabs import SetupTab

LOOK_EVERY_S = 1.0
NEW = "new"


class ConnectionsTab(SetupTab):
    """The list of devices, and the steps by which one is connected."""

    help_page = "setup-connections"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._setup = PlantSetup(workstation.store, clock=context.clock, by=workstation.actor)
        self._drafts: tuple[Draft, ...] = ()
        self._acts = SetupActs(workstation, context, acted=self._acted, failed=context.show_problem)
        self.list = DeviceList(self._acts.bar)
        self.list.allow(refusal_to(workstation.actor.role, Permission.CONFIGURE))
        self.wizard = Wizard(workstation, context, finished=self._finished)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.wizard.view)
        self.view: QWidget = self._pages
        self._poll = Poll(
            context.tasks, self._look, self._show, period_s=LOOK_EVERY_S, failed=context.show_problem
        )
        self._connect()

    def _connect(self) -> None:
        view = self.list
        view.added.connect(self._go_to_new)
        view.opened.connect(self._go_to)
        view.changed.connect(self._change_address)
        view.paused.connect(self._pause)
        view.removed.connect(self._remove)
        view.trend_asked.connect(self._show_trend)
        view.thrown_away.connect(self._throw_away)
        QShortcut(QKeySequence("Ctrl+N"), view).activated.connect(view.added)
        self._acts.listen_in(view)

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        """Show the list, a new device ("new") or the device of an id."""
        self._poll.ask_soon()
        if not argument:
            if not self.wizard.keeper.is_open:
                self._pages.setCurrentWidget(self.list)
            return
        if self.wizard.keeper.is_open and argument in (NEW, str(self.wizard.draft.id)):
            self._pages.setCurrentWidget(self.wizard.view)
            return
        self.wizard.close()
        self._context.tasks.run(self._read_drafts, done=partial(self._begin, argument))

    def refresh(self, now_us: int) -> None:
        if self._pages.currentWidget() is self.list:
            self._poll.ask_if_due(now_us)
        else:
            self.wizard.look(now_us)

    def on_hidden(self) -> None:
        """The draft waits and the device is let go of; it is asked again when the steps come back."""
        self.wizard.pause()

    def plant_changed(self) -> None:
        self.wizard.plant_changed(self._plant)
        self._poll.ask_soon()

    def close(self) -> None:
        self.wizard.close()

    @property
    def _plant(self) -> Plant:
        return self._workstation.monitoring.plant

    # ---- in the database lane

    def _look(self) -> tuple[DeviceRow, ...]:
        self._drafts = self._setup.link_drafts()
        plant = self._plant
        states = {status.connection_id: status for status in self._workstation.monitoring.connections()}
        counts: dict[UUID, int] = {}
        for tag in plant.tags:
            if tag.connection_id is not None:
                counts[tag.connection_id] = counts.get(tag.connection_id, 0) + 1
        drafts = {UUID(draft.content["id"]): draft for draft in reversed(self._drafts)}  # the newest counts
        stored = [
            DeviceRow(each.id, each, states.get(each.id), counts.get(each.id, 0), drafts.pop(each.id, None))
            for each in plant.connections
        ]
        return (*(DeviceRow(key, None, None, 0, draft) for key, draft in drafts.items()), *stored)

    def _read_drafts(self) -> tuple[Draft, ...]:
        self._drafts = self._setup.link_drafts()
        return self._drafts

    # ---- in the main thread

    def _show(self, rows: tuple[DeviceRow, ...]) -> None:
        self.list.show_rows(rows)

    def _begin(self, argument: str, drafts: tuple[Draft, ...]) -> None:
        """Take up what the address names: a kept draft first, a stored device, or a fresh draft."""
        kept = next((each for each in drafts if each.content["id"] == argument), None)
        stored = self._stored(argument)
        if kept is not None:
            self.wizard.begin(LinkDraft.from_plain(kept.content, self._plant), kept)
        elif stored is not None:
            self.wizard.begin(draft_of(stored, self._plant))
        else:
            self.wizard.begin(new_draft())
        self._pages.setCurrentWidget(self.wizard.view)

    def _stored(self, identity: str) -> Connection | None:
        return next((each for each in self._plant.connections if str(each.id) == identity), None)

    def _go_to_new(self) -> None:
        self._context.go(f"setup/connections/{NEW}")

    def _go_to(self, identity: object) -> None:
        self._context.go(f"setup/connections/{identity}")

    def _change_address(self, identity: UUID) -> None:
        stored = self._stored(str(identity))
        if stored is not None:
            self.wizard.begin(replace(draft_of(stored, self._plant), step=DEVICE))
            self._pages.setCurrentWidget(self.wizard.view)

    def _finished(self, edit: Edit | None, name: str) -> None:
        self._pages.setCurrentWidget(self.list)
        self._context.go("setup/connections")
        self._poll.ask_soon()
        if edit is not None:
            self._acts.take(edit, name=name)

    def _pause(self, identity: UUID, is_read: bool) -> None:
        stored = self._stored(str(identity))
        if stored is not None:
            self._acts.run(partial(_read, stored, is_read=is_read), name=stored.name)

    def _remove(self, identity: UUID, keeps_values: bool) -> None:
        stored = self._stored(str(identity))
        if stored is not None:
            work = partial(_removed, stored, keeps_values=keeps_values)
            self._acts.run(work, name=stored.name)

    def _acted(self, _edit: Edit) -> None:
        self._poll.ask_soon()

    def _throw_away(self, identity: UUID) -> None:
        draft = next((each for each in self._drafts if each.content["id"] == str(identity)), None)
        if draft is not None:
            work = partial(self._setup.close_draft, draft)
            self._context.tasks.run(work, done=self._thrown_away, failed=self._context.show_problem)

    def _thrown_away(self, _draft: Draft) -> None:
        self._poll.ask_soon()

    def _show_trend(self, identity: UUID) -> None:
        """Show the first values of a device that can be drawn."""
        drawn = (TagKind.MEASURED, TagKind.COUNTER, TagKind.SETPOINT)
        tags = [tag for tag in self._plant.tags if tag.connection_id == identity and tag.kind in drawn]
        self._context.go("trends/" + ",".join(str(tag.key) for tag in tags[:4]))


def _read(connection: Connection, setup: PlantSetup, *, is_read: bool) -> Edit:
    return setup.apply_link(replace(connection, is_enabled=is_read), ())


def _removed(connection: Connection, setup: PlantSetup, *, keeps_values: bool) -> Edit:
    return setup.remove_link(connection, keeps_values=keeps_values)


def make_tab(workstation: Workstation, context: Context) -> ConnectionsTab:
    """Return the tab."""
    return ConnectionsTab(workstation, context)
