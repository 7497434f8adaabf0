"""Setting up one device: what a person does to the draft, and what the device answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from domain.plant.discovery import FoundItem
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind
from services.certificates import Certificates
from services.configuration import Edit
from services.link_draft import DEVICE, OFFER, STEPS, VALUES, LinkDraft
from services.link_values import (
    ChosenValue,
    complaints_of,
    matched,
    place_key,
    value_of_item,
    value_of_register,
    with_names_apart,
)
from services.machine_classes import machine_classes
from services.plant_setup import Draft, PlantSetup
from services.probing import OrderTrial, ProbeReport
from services.register_lists import RegisterList, open_register_list, registers_by_hand
from services.register_map import DraftTag
from services.register_words import Column
from services.workstation import Workstation
from ui.context import Context
from ui.screens.setup.connections import value_edits, words
from ui.screens.setup.connections.draft_keeper import DraftKeeper
from ui.screens.setup.connections.live_reader import LiveReader
from ui.screens.setup.connections.live_values import probe_tags
from ui.screens.setup.connections.probe_desk import Below, ProbeDesk
from ui.screens.setup.connections.values_page import ValueRow
from ui.screens.setup.connections.wizard_view import WizardView
from ui.text import error_words, tr

BROWSED: Final = frozenset({ConnectionKind.OPCUA, ConnectionKind.MQTT, ConnectionKind.FILES})
MOST_BELOW: Final = 2000
Finished = Callable[[Edit | None, str], None]


class Wizard:
    """Everything here runs in the main thread; the device and the database are asked in their own lanes."""

    def __init__(self, workstation: Workstation, context: Context, *, finished: Finished) -> None:
        """``finished`` is told what was stored, None when the person went away, and the device's name."""
        self._workstation, self._context, self._finished = workstation, context, finished
        self._setup = PlantSetup(workstation.store, clock=context.clock, by=workstation.actor)
        self._desk = ProbeDesk(workstation.store.folder.pki)
        self._plant: Plant = workstation.monitoring.plant
        self._offered: Connection | None = None
        self._list: RegisterList | None = None
        self._is_storing = False
        self.view = WizardView(machine_classes())
        self.keeper = DraftKeeper(self._setup, context, changed=self._show, failed=self._say_problem)
        self.reader = LiveReader(workstation, self._desk, changed=self._show_values)
        self._connect_frame()
        self._connect_pages()

    def _connect_frame(self) -> None:
        view = self.view
        view.step_chosen.connect(self.go)
        view.back_asked.connect(self._back)
        view.next_asked.connect(self._next)
        view.left.connect(self.leave)
        view.discarded.connect(self._discard)
        view.undo_asked.connect(self.keeper.undo)
        view.redo_asked.connect(self.keeper.redo)

    def _connect_pages(self) -> None:
        device, browse, registers, values = (
            self.view.device, self.view.browse, self.view.registers, self.view.values,
        )  # fmt: skip
        device.kind_chosen.connect(self._choose_kind)
        device.typed.connect(self._type)
        device.name_typed.connect(self._name)
        device.test.asked.connect(self.test)
        device.test.cancelled.connect(self._cancel_test)
        device.test.trusted.connect(self._trust)
        browse.opened.connect(self._browse)
        browse.ticked.connect(self._tick_items)
        browse.below_asked.connect(self._browse_below)
        browse.searched.connect(self._search)
        for page in (browse, registers):
            page.chosen.removed.connect(self._remove)
        registers.file_chosen.connect(self._open_list)
        registers.sheet_chosen.connect(self._open_sheet)
        registers.assumed.connect(self._assume)
        registers.corrected.connect(self._correct)
        registers.ticked.connect(self._tick_registers)
        registers.typed.connect(self._add_register)
        values.selected.connect(self._show_chosen)
        values.removed.connect(self._remove_chosen)
        values.panel.edited.connect(self._edit)
        values.panel.machine_asked.connect(self._ask_machine)
        values.panel.orders_asked.connect(self._try_orders)
        values.panel.order_chosen.connect(self._take_order)
        values.machine.added.connect(self._add_machine)

    # ---- coming and going

    def begin(self, draft: LinkDraft, kept: Draft | None = None) -> None:
        """Take up a draft."""
        self._offered, self._list = None, None
        self.reader.begin()
        self.view.device.begin()
        self.view.device.test.show_untested()
        self.view.values.show_panel()
        self.keeper.begin(draft, kept)

    def look(self, now_us: int) -> None:
        """Do what is due; called twice a second while the wizard is in front."""
        if not self.keeper.is_open:
            return
        self.keeper.keep_if_due(now_us)
        if self.draft.step == VALUES:
            self.reader.look(self.draft, self._plant, now_us=now_us)

    @property
    def draft(self) -> LinkDraft:
        """The draft as it is now."""
        return self.keeper.draft

    def plant_changed(self, plant: Plant) -> None:
        """Match again: machines may have come or gone. What a person chose stays."""
        self._plant = plant
        if self.keeper.is_open:
            self._rematch()
            self._show()

    def leave(self) -> None:
        """Go away; the draft stays."""
        if self.keeper.is_open:
            name = self.draft.name.strip()
            self.keeper.leave()
            self._desk.close()
            self._finished(None, name)

    def _discard(self) -> None:
        name = self.draft.name.strip()
        self.keeper.put_away()
        self._desk.close()
        self._finished(None, name)

    def close(self) -> None:
        """The window closes: keep the draft, let go of the device."""
        if self.keeper.is_open:
            self.keeper.leave()
        self._desk.close()

    # ---- steps

    def go(self, step: str) -> None:
        """Go to a step; a device that cannot be reached for want of an answer keeps one at step 1."""
        if step != DEVICE and (self.draft.answers.problems or not self.draft.name.strip()):
            self.keeper.change(replace(self.draft, step=DEVICE), is_step=False)
            self.view.device.complain(self.draft)
            self.view.say(tr("Link", "Answer what is marked first."))
            return
        self.keeper.change(replace(self.draft, step=step), is_step=False)
        self._show()
        if step == OFFER:
            self._enter_offer()
        if step == VALUES:
            self.reader.ask_soon()

    def _back(self) -> None:
        self.go(STEPS[max(0, STEPS.index(self.draft.step) - 1)])

    def _next(self) -> None:
        place = STEPS.index(self.draft.step)
        if place + 1 < len(STEPS):
            self.go(STEPS[place + 1])
        else:
            self._store()

    def _enter_offer(self) -> None:
        connection = self.draft.connection
        if self.draft.kind in BROWSED and (connection != self._offered or not self.view.browse.is_begun):
            self._offered = connection
            self.view.browse.begin(can_search=self.draft.kind is ConnectionKind.OPCUA)
            self.view.browse.reread()

    def _show(self) -> None:
        if not self.keeper.is_open:
            return
        draft = self.draft
        self.view.show_step(draft, can_browse=draft.kind in BROWSED)
        self.view.show_head(draft, self._kept_words())
        self.view.device.show_draft(draft)
        for page in (self.view.browse, self.view.registers):
            page.chosen.show_values(draft.values)
            page.show_ticks(draft.places)
        self._show_values()
        self._show_chosen()

    def _kept_words(self) -> str:
        kept_us = self.keeper.kept_us
        if kept_us is None:
            return ""
        return tr("Link", "draft kept {time}", time=self._context.plant_time().minutes(kept_us))

    def _say_problem(self, problem: BaseException) -> None:
        self.view.say(error_words(problem))

    # ---- step 1

    def _choose_kind(self, kind: str) -> None:
        self._change_link(self.draft.of_kind(ConnectionKind(kind)))

    def _type(self, name: str, text: str) -> None:
        self._change_link(replace(self.draft, typed=dict(self.draft.typed) | {name: text}))

    def _name(self, text: str) -> None:
        self.keeper.change(replace(self.draft, name=text))
        self.view.device.show_draft(self.draft)

    def _change_link(self, draft: LinkDraft) -> None:
        if draft.connection != self.draft.connection:
            self._cancel_test()
        self.keeper.change(draft)
        self.view.device.show_draft(self.draft)

    def test(self) -> None:
        """Ask the device once."""
        if self.draft.answers.problems:
            self.view.device.complain(self.draft)
            return
        self.view.device.test.show_testing()
        self._desk.look_at(self.draft.connection)
        self._desk.test(self._tested, failed=self.view.device.test.show_problem)

    def _tested(self, report: ProbeReport) -> None:
        self.view.device.test.show_report(report, self.draft.kind)

    def _cancel_test(self) -> None:
        self._desk.cancel()
        self.view.device.test.show_untested()

    def _trust(self, mark: str) -> None:
        certificates = Certificates(self._workstation.store, clock=self._context.clock)
        work = partial(certificates.trust, mark, by=self._workstation.actor)
        self._context.tasks.run(work, done=self._trusted, failed=self._say_problem)

    def _trusted(self, _certificate: object) -> None:
        self.test()

    # ---- step 2, devices that tell

    def _browse(self, place: str) -> None:
        self._desk.look_at(self.draft.connection)
        self._desk.browse(place, partial(self._browsed, place), failed=self._browse_failed)

    def _browsed(self, place: str, items: Sequence[FoundItem]) -> None:
        self.view.browse.show_items(place, items)

    def _browse_failed(self, problem: BaseException) -> None:
        self.view.browse.show_failed(error_words(problem))

    def _search(self, text: str) -> None:
        self._desk.look_at(self.draft.connection)
        self._desk.search(text, self.view.browse.show_found, failed=self._browse_failed)

    def _browse_below(self, place: str, path: tuple[str, ...]) -> None:
        self._desk.look_at(self.draft.connection)
        self._desk.browse_all(place, MOST_BELOW, partial(self._found_below, path), failed=self._browse_failed)

    def _found_below(self, path: tuple[str, ...], found: Below) -> None:
        self.view.browse.say(tr("Link", "{count} values below are ticked.", count=len(found)))
        self._tick_items([((*path, *names), item) for names, item in found], True)

    def _tick_items(self, pairs: Sequence[tuple[tuple[str, ...], FoundItem]], is_wanted: bool) -> None:
        if is_wanted:
            fresh = [
                (path, item) for path, item in pairs if place_key(item.address or {}) not in self.draft.places
            ]
            self._take([value_of_item(item, path) for path, item in fresh])
        else:
            self._drop({place_key(item.address or {}) for _, item in pairs})

    # ---- step 2, register lists

    def _open_list(self, path: str) -> None:
        self._context.tasks.run(
            partial(open_register_list, Path(path)), done=self._show_list, failed=self._list_failed
        )

    def _open_sheet(self, sheet: str) -> None:
        if self._list is not None:
            work = partial(open_register_list, self._list.path, sheet=sheet)
            self._context.tasks.run(work, done=self._show_list, failed=self._list_failed)

    def _assume(self, assumptions: dict[str, str]) -> None:
        if self._list is not None:
            self._show_list(self._list.read_as(**assumptions))

    def _correct(self, row: int, column: Column, text: str) -> None:
        assert self._list is not None
        try:
            self._show_list(self._list.with_cell(row, column, text))
        except Exception as problem:
            self._list_failed(problem)

    def _show_list(self, found: RegisterList) -> None:
        self._list = found
        self.view.registers.show_list(found)

    def _list_failed(self, problem: BaseException) -> None:
        self.view.registers.show_failed(error_words(problem))

    def _tick_registers(self, drafts: Sequence[DraftTag], is_wanted: bool) -> None:
        if is_wanted:
            fresh = [draft for draft in drafts if place_key(draft.address) not in self.draft.places]
            self._take([value_of_register(draft) for draft in fresh])
        else:
            self._drop({place_key(draft.address) for draft in drafts})

    def _add_register(self, typed: dict[str, str]) -> None:
        found = registers_by_hand(**typed)
        self.view.registers.show_hand_problems(found.problems)
        usable = [draft for draft in found.drafts if draft.address and draft.name]
        self._tick_registers(usable, True)

    # ---- what is chosen

    def _take(self, values: Sequence[ChosenValue]) -> None:
        """Choose values: names apart from all others, matched with machines."""
        taken = {tag.name for tag in self._plant.tags} | {value.name for value in self.draft.values}
        fresh = matched(with_names_apart(values, taken), self._plant, device=self.draft.name)
        self.keeper.change(self.draft.with_values(fresh))

    def _drop(self, places: set[tuple[object, ...]]) -> None:
        self._remove([value.id for value in self.draft.values if place_key(value.address) in places])

    def _remove(self, ids: Sequence[UUID]) -> None:
        """Let go of values; stored ones keep their history and wait for another device."""
        self.keeper.change(self.draft.without(ids))

    def _rematch(self) -> None:
        values = matched(self.draft.values, self._plant, device=self.draft.name)
        self.keeper.change(replace(self.draft, values=values), is_step=False)

    # ---- step 3

    def _show_values(self) -> None:
        draft = self.draft
        complaints = complaints_of(draft.values, self._plant, draft.connection)
        self.view.values.show_rows([self._row(value, complaints.get(value.id, ())) for value in draft.values])
        self.view.values.said.say(self.reader.problem, is_marked=bool(self.reader.problem))
        self.view.values.said.setVisible(bool(self.reader.problem))

    def _row(self, value: ChosenValue, complaints: Sequence[str]) -> ValueRow:
        filled = next((tag for tag in self._plant.tags if tag.id == value.fills), None)
        is_stored = any(tag.id == value.id for tag in self._plant.tags)
        state = tr("Link", "stored") if is_stored else tr("Link", "new")
        if filled is not None:
            state = tr("Link", "fills {label}", label=filled.label)
        return ValueRow(
            value, value.name if filled is None else filled.name, self._place_words(value), state,
            words.complaints(complaints), self.reader.words_of(value),
        )  # fmt: skip

    def _place_words(self, value: ChosenValue) -> str:
        known = {asset.id: asset.name for asset in self._plant.assets}
        if value.asset_id is None or value.asset_id not in known:
            return "\u2013"
        point = next((each.name for each in self._plant.points if each.id == value.point_id), "")
        return " \u00b7 ".join(filter(None, (known[value.asset_id], point)))

    def _chosen(self) -> list[ChosenValue]:
        ids = set(self.view.values.chosen_ids())
        return [value for value in self.draft.values if value.id in ids]

    def _show_chosen(self) -> None:
        self.view.values.show_chosen(self._chosen(), self._plant, self.draft.kind)

    def _edit(self, field: str, text: str) -> None:
        try:
            changed = [value_edits.edited(value, field, text, self._plant) for value in self._chosen()]
        except ValueError as complaint:
            self.view.values.panel.say_problem(field, str(complaint))
            return
        self.view.values.panel.say_problem(field, "")
        draft = self.draft.with_values(changed)
        if field in ("machine", "unit", "name", "label"):
            draft = replace(draft, values=matched(draft.values, self._plant, device=draft.name))
        self.keeper.change(draft)
        self.reader.ask_soon()

    def _remove_chosen(self) -> None:
        self._remove([value.id for value in self._chosen()])

    def _try_orders(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            self.view.values.panel.orders.say(tr("Link", "Asking the device\u2026"))
            self._desk.look_at(self.draft.connection)
            (tag,) = probe_tags(chosen, self.draft.connection)
            self._desk.try_orders(tag, self._tried, failed=self._orders_failed)

    def _tried(self, trials: Sequence[OrderTrial]) -> None:
        self.view.values.panel.show_trials(trials)

    def _orders_failed(self, problem: BaseException) -> None:
        self.view.values.panel.orders.say(error_words(problem))

    def _take_order(self, word_order: str, byte_order: str) -> None:
        order = {"word_order": word_order, "byte_order": byte_order}
        changed = [replace(each, address=dict(each.address) | order) for each in self._chosen()]
        self.keeper.change(self.draft.with_values(changed))
        self.reader.ask_soon()
        self._try_orders()

    # ---- a machine on the way

    def _ask_machine(self) -> None:
        chosen = self._chosen()
        source = chosen[0].source.split(" / ") if chosen else []
        self.view.values.ask_machine(self._plant, name=source[-2] if len(source) > 1 else "")

    def _add_machine(self, asked: dict[str, str]) -> None:
        line = UUID(asked["line_id"]) if asked["line_id"] else None
        work = partial(
            self._setup.add_machine, name=asked["name"], code=asked["code"], class_key=asked["class_key"],
            line_id=line,
        )  # fmt: skip
        self._context.tasks.run(
            partial(self._made_machine, work), done=self._machine_added, failed=self._machine_failed
        )

    def _made_machine(self, work: Callable[[], Edit]) -> tuple[Edit, Plant]:
        edit = work()
        return edit, self._workstation.store.plant.load()

    def _machine_added(self, made: tuple[Edit, Plant]) -> None:
        self.view.values.show_panel()
        self.plant_changed(made[1])

    def _machine_failed(self, problem: BaseException) -> None:
        self.view.values.machine.say_problem(error_words(problem))

    # ---- the end

    def _store(self) -> None:
        draft = self.draft
        complaints = complaints_of(draft.values, self._plant, draft.connection)
        if complaints:
            self.view.values.table.select(next(iter(complaints)))
            self.view.say(tr("Link", "{count} values still have something to do.", count=len(complaints)))
            return
        if self._is_storing:
            return
        self._is_storing = True
        self.view.say(tr("Link", "Storing\u2026"), is_marked=False)
        work = partial(self._setup.apply_link, draft.connection, draft.values, removed=draft.removed)
        self._context.tasks.run(work, done=self._stored, failed=self._store_failed)

    def _stored(self, edit: Edit) -> None:
        self._is_storing = False
        name = self.draft.name.strip()
        self.keeper.put_away()
        self._desk.close()
        self._finished(edit, name)

    def _store_failed(self, problem: BaseException) -> None:
        self._is_storing = False
        self._say_problem(problem)
