"""Step 2 as a person works on it: a tree or a register list, and what is chosen of it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from domain.errors import ControlRoomError
from domain.plant.discovery import FoundItem
from domain.plant.tags import Connection, ConnectionKind
from services.set_up.file_patterns import brings
from services.set_up.link_values import (
    ChosenValue,
    matched,
    place_key,
    value_of_item,
    value_of_register,
    with_names_apart,
)
from services.set_up.register_lists import RegisterList, open_register_list, registers_by_hand
from services.set_up.register_rows import DraftTag
from services.set_up.register_words import Column
from ui.screens.setup.connections.bench import Bench
from ui.screens.setup.connections.browse_page import BrowsePage
from ui.screens.setup.connections.offer_tree import Ticks
from ui.screens.setup.connections.probe_desk import Below
from ui.screens.setup.connections.register_page import RegisterPage
from ui.text import error_words, tr

BROWSED: Final = frozenset({ConnectionKind.OPCUA, ConnectionKind.MQTT, ConnectionKind.FILES})
MOST_BELOW: Final = 2000


class OfferStep:
    """Between the pages of step 2 and the draft."""

    def __init__(self, bench: Bench, browse: BrowsePage, registers: RegisterPage) -> None:
        self._bench, self._browse_page, self._list_page = bench, browse, registers
        self._offered: Connection | None = None
        self._list: RegisterList | None = None
        self._asked: set[str] = set()
        """Places that the device is being asked for."""
        self._interrupted: set[str] = set()
        """Places to ask for when somebody looks again."""
        browse.opened.connect(self._browse)
        browse.ticked.connect(self._tick_items)
        browse.below_asked.connect(self._browse_below)
        browse.searched.connect(self._search)
        registers.file_chosen.connect(self._open_list)
        registers.sheet_chosen.connect(self._open_sheet)
        registers.assumed.connect(self._assume)
        registers.corrected.connect(self._correct)
        registers.ticked.connect(self._tick_registers)
        registers.typed.connect(self._add_register)
        for page in (browse, registers):
            page.chosen.removed.connect(self.remove)

    def begin(self) -> None:
        """Take up another draft."""
        self._offered, self._list = None, None
        self._asked, self._interrupted = set(), set()
        self._list_page.begin()

    def enter(self) -> None:
        """The step comes to the front: list what another device offers."""
        draft = self._bench.draft
        is_other = draft.connection != self._offered or not self._browse_page.is_begun
        if draft.kind in BROWSED and is_other:
            self._offered = draft.connection
            self._browse_page.begin(can_search=draft.kind is ConnectionKind.OPCUA)
            self._browse_page.reread()

    def pause(self) -> None:
        """The device is let go of: what it was asked for is asked again when somebody looks."""
        self._interrupted, self._asked = self._interrupted | self._asked, set()
        self._browse_page.stop_looking()

    def look(self) -> None:
        """Somebody looks: go on with what was interrupted."""
        places, self._interrupted = self._interrupted, set()
        for place in places:
            self._browse(place)

    def show(self) -> None:
        """Show what is chosen."""
        for page in (self._browse_page, self._list_page):
            page.chosen.show_values(self._bench.draft.values)
        self._list_page.show_ticks(self._bench.draft.places)
        self._browse_page.show_ticks(self._ticks())

    def _ticks(self) -> Ticks:
        """Return what is chosen of the device, of files by whichever pattern."""
        draft = self._bench.draft
        if draft.kind is not ConnectionKind.FILES:
            return draft.places
        items = [node.item for node in self._browse_page.tree.nodes()]
        brought = [each for each in items if any(brings(value.address, each) for value in draft.values)]
        return draft.places | {place_key(each.address or {}) for each in brought}

    # ---- devices that tell

    def _browse(self, place: str) -> None:
        self._asked.add(place)
        failed = partial(self._browse_failed, place)
        self._bench.device().browse(place, partial(self._browsed, place), failed=failed)

    def _browsed(self, place: str, items: Sequence[FoundItem]) -> None:
        self._asked.discard(place)
        self._browse_page.show_items(place, items)
        self._browse_page.show_ticks(self._ticks())

    def _browse_failed(self, place: str, problem: BaseException) -> None:
        self._asked.discard(place)
        self._browse_page.show_failed(place, error_words(problem))

    def _look_failed(self, problem: BaseException) -> None:
        self._browse_page.show_failed("", error_words(problem))

    def _search(self, text: str) -> None:
        self._bench.device().search(text, self._browse_page.show_found, failed=self._look_failed)

    def _browse_below(self, place: str, path: tuple[str, ...]) -> None:
        self._bench.device().browse_all(
            place, MOST_BELOW, partial(self._found_below, path), failed=self._look_failed
        )

    def _found_below(self, path: tuple[str, ...], found: Below) -> None:
        self._browse_page.say(tr("Link", "{count} values below are ticked.", count=len(found)))
        self._tick_items([((*path, *names), item) for names, item in found], True)

    def _tick_items(self, pairs: Sequence[tuple[tuple[str, ...], FoundItem]], is_wanted: bool) -> None:
        if not is_wanted:
            self._leave_out([item for _, item in pairs])
            return
        ticks = self._ticks()
        fresh: dict[tuple[object, ...], tuple[tuple[str, ...], FoundItem]] = {}
        for path, item in pairs:  # a channel of many files is one value
            fresh.setdefault(place_key(item.address or {}), (path, item))
        self._take([value_of_item(item, path) for key, (path, item) in fresh.items() if key not in ticks])

    def _leave_out(self, items: Sequence[FoundItem]) -> None:
        draft, places = self._bench.draft, {place_key(item.address or {}) for item in items}
        leaving = [value.id for value in draft.values if place_key(value.address) in places]
        if draft.kind is ConnectionKind.FILES:
            brought = (each.id for each in draft.values if any(brings(each.address, item) for item in items))
            leaving += brought
        self.remove(leaving)

    # ---- register lists

    def _open_list(self, path: str) -> None:
        self._bench.context.tasks.run(
            partial(open_register_list, Path(path)), done=self._show_list, failed=self._list_failed
        )

    def _open_sheet(self, sheet: str) -> None:
        if self._list is not None:
            work = partial(open_register_list, self._list.path, sheet=sheet)
            self._bench.context.tasks.run(work, done=self._show_list, failed=self._list_failed)

    def _assume(self, assumptions: dict[str, str]) -> None:
        if self._list is not None:
            self._show_list(self._list.read_as(**assumptions))

    def _correct(self, row: int, column: Column, text: str) -> None:
        assert self._list is not None
        try:
            self._show_list(self._list.with_cell(row, column, text))
        except ControlRoomError as problem:
            self._list_failed(problem)

    def _show_list(self, found: RegisterList) -> None:
        self._list = found
        self._list_page.show_list(found)

    def _list_failed(self, problem: BaseException) -> None:
        """Say why; a cell that was not taken shows again what the list holds."""
        if self._list is not None:
            self._list_page.show_list(self._list)
        self._list_page.show_failed(error_words(problem))

    def _tick_registers(self, drafts: Sequence[DraftTag], is_wanted: bool) -> None:
        if is_wanted:
            places = self._bench.draft.places
            fresh = [draft for draft in drafts if place_key(draft.address) not in places]
            self._take([value_of_register(draft) for draft in fresh])
        else:
            self._drop({place_key(draft.address) for draft in drafts})

    def _add_register(self, typed: dict[str, str]) -> None:
        found = registers_by_hand(**typed)
        self._list_page.show_hand_problems(found.problems)
        usable = [draft for draft in found.drafts if draft.address and draft.name]
        self._tick_registers(usable, True)

    # ---- what is chosen

    def _take(self, values: Sequence[ChosenValue]) -> None:
        """Choose values: names apart from all others, matched with machines."""
        taken = {tag.name for tag in self._bench.plant.tags} | {
            value.name for value in self._bench.draft.values
        }
        fresh = matched(with_names_apart(values, taken), self._bench.plant, device=self._bench.draft.name)
        self._bench.keeper.change(self._bench.draft.with_values(fresh))

    def _drop(self, places: set[tuple[object, ...]]) -> None:
        self.remove([value.id for value in self._bench.draft.values if place_key(value.address) in places])

    def remove(self, ids: Sequence[UUID]) -> None:
        """Let go of values; stored ones keep their history and wait for another device."""
        self._bench.keeper.change(self._bench.draft.without(ids))
