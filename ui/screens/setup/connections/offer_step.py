"""Step 2 as a person works on it: a tree or a register list, and what is chosen of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from domain.errors import ControlRoomError
from domain.plant.discovery import FoundItem
from domain.plant.tags import Connection, ConnectionKind
from services.set_up.below import Below
from services.set_up.file_patterns import brings
from services.set_up.link_draft import OFFER
from services.set_up.link_values import (
    ChosenValue,
    Places,
    filling,
    place_key,
    value_of_item,
    value_of_register,
)
from services.set_up.register_lists import RegisterList, open_register_list, registers_by_hand
from services.set_up.register_rows import DraftTag
from services.set_up.register_words import Column
from ui.formatting import number
from ui.screens.setup.connections.bench import Bench
from ui.screens.setup.connections.browse_page import BrowsePage
from ui.screens.setup.connections.offer_tree import Ticks
from ui.screens.setup.connections.register_page import RegisterPage
from ui.screens.setup.connections.taking import Source, Taking
from ui.text import error_words, tr, tr_n

BROWSED: Final = frozenset({ConnectionKind.OPCUA, ConnectionKind.MQTT, ConnectionKind.FILES})


class OfferStep:
    """Between the pages of step 2 and the draft. ``told`` puts what is under way beside the buttons."""

    def __init__(
        self, bench: Bench, browse: BrowsePage, registers: RegisterPage, *, told: Callable[[str], None]
    ) -> None:
        self._bench, self._browse_page, self._list_page, self._told = bench, browse, registers, told
        self._offered: Connection | None = None
        self._list: RegisterList | None = None
        self._asked: set[str] = set()
        """Places that the device is being asked for."""
        self._interrupted: set[str] = set()
        """Places to ask for when somebody looks again."""
        self._below: Below | None = None
        """Everything below a place while it is being chosen."""
        self._goes_on: Callable[[], None] | None = None
        """What comes when the values that are being chosen are."""
        self._taking = Taking(moved=self._say_taking, ended=self._taken)
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
        self.give_up()
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
        self._page.chosen.show_values(self._bench.draft.values)
        self._show_ticks()

    @property
    def _page(self) -> BrowsePage | RegisterPage:
        return self._browse_page if self._bench.draft.kind in BROWSED else self._list_page

    def _show_ticks(self) -> None:
        self._page.show_ticks(self._ticks() | self._taking.ticks)

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
        self._show_ticks()

    def _browse_failed(self, place: str, problem: BaseException) -> None:
        self._asked.discard(place)
        self._browse_page.show_failed(place, error_words(problem))

    def _look_failed(self, problem: BaseException) -> None:
        self._browse_page.show_failed("", error_words(problem))

    def _is_in_front(self, draft: UUID) -> bool:
        """Say whether a person still looks at what this draft's device offers."""
        keeper = self._bench.keeper
        return keeper.is_open and keeper.draft.id == draft and keeper.draft.step == OFFER

    def _search(self, text: str) -> None:
        self._bench.device().search(text, self._browse_page.show_found, failed=self._look_failed)

    def _browse_below(self, place: str, path: tuple[str, ...]) -> None:
        done = partial(self._found_below, self._bench.draft.id, path)
        self._bench.device().browse_all(place, done, failed=self._look_failed)

    def _found_below(self, draft: UUID, path: tuple[str, ...], found: Below) -> None:
        """Tick all of it; a person who went on meanwhile does not want it any more."""
        self._browse_page.stop_looking()
        if not self._is_in_front(draft) or self._goes_on is not None:
            return
        self.finish()
        self._below = found
        self._tick_items([((*path, *names), item) for names, item in found.values], True)

    def _tick_items(self, pairs: Sequence[tuple[tuple[str, ...], FoundItem]], is_wanted: bool) -> None:
        if not is_wanted:
            self._leave_out([item for _, item in pairs])
            return
        sources: dict[tuple[object, ...], Source] = {}
        for path, item in pairs:  # a channel of many files is one value
            sources.setdefault(place_key(item.address or {}), partial(value_of_item, item, path))
        self._take(sources, chosen=self._ticks())

    def _leave_out(self, items: Sequence[FoundItem]) -> None:
        self._stay()
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
            sources = {place_key(draft.address): partial(value_of_register, draft) for draft in drafts}
            self._take(sources, chosen=self._bench.draft.places)
        else:
            self._stay()
            self._drop({place_key(draft.address) for draft in drafts})

    def _add_register(self, typed: dict[str, str]) -> None:
        found = registers_by_hand(**typed)
        self._list_page.show_hand_problems(found.problems)
        usable = [draft for draft in found.drafts if draft.address and draft.name]
        self._tick_registers(usable, True)

    # ---- what is chosen

    def _take(self, sources: Mapping[tuple[object, ...], Source], *, chosen: Ticks) -> None:
        """Choose values: names apart from all others, matched with machines."""
        self._stay()
        draft, plant = self._bench.draft, self._bench.plant
        names = {tag.name for tag in plant.tags} | {value.name for value in draft.values}
        fresh = {place: source for place, source in sources.items() if place not in chosen}
        if not fresh:
            self._taken(())
            return
        self._taking.begin(fresh, names=names, places=Places(plant, device=draft.name))
        if self._taking.is_busy:
            self._show_ticks()

    def _say_taking(self, done: int, of: int) -> None:
        done_words, all_words = number(done, 0), number(of, 0)
        words = tr(
            "Link", "{done} of {all} values are chosen; Ctrl+Z stops it.", done=done_words, all=all_words
        )
        self._told(words)

    def _taken(self, values: Sequence[ChosenValue]) -> None:
        """Put them into the draft; places that it holds by now are left out."""
        draft = self._bench.draft
        held = draft.places
        fresh = [value for value in values if place_key(value.address) not in held]
        self._told("")
        self._bench.keeper.change(draft.with_values(filling(fresh, self._bench.plant)))
        below, self._below = self._below, None
        if below is not None:
            self._browse_page.say_taken(_taken_words(len(fresh), is_whole=below.is_whole))
        goes_on, self._goes_on = self._goes_on, None
        if goes_on is not None:
            goes_on()

    @property
    def is_busy(self) -> bool:
        """Whether values are being chosen."""
        return self._taking.is_busy

    def when_chosen(self, goes_on: Callable[[], None]) -> None:
        """Go on when the values that are being chosen are; a person who works on here stays."""
        self._goes_on = goes_on

    def _stay(self) -> None:
        """A person works on in this step, upon all that is chosen by now."""
        self._goes_on = None
        self.finish()

    def finish(self) -> None:
        """Choose at once what is still being chosen: something else builds on it."""
        self._taking.finish()

    def give_up(self) -> bool:
        """Choose nothing of what is being chosen; say whether anything was."""
        self._below, self._goes_on = None, None
        self._browse_page.unsay_taken()
        if not self._taking.is_busy:
            return False
        self._taking.give_up()
        self._told("")
        self._show_ticks()
        return True

    def _drop(self, places: set[tuple[object, ...]]) -> None:
        self.remove([value.id for value in self._bench.draft.values if place_key(value.address) in places])

    def remove(self, ids: Sequence[UUID]) -> None:
        """Let go of values; stored ones keep their history and wait for another device."""
        self._bench.keeper.change(self._bench.draft.without(ids))


def _taken_words(count: int, *, is_whole: bool) -> str:
    """Say how many values were ticked, and that there are more where the walk ended at its bound."""
    words = tr("Link", "No further value below was ticked.")
    if count:
        words = tr_n(
            "Link", "{count} value below was ticked.", "{count} values below were ticked.", count=count
        )
    if is_whole:
        return words
    return words + " " + tr("Link", "There are more: open the places and tick each of them.")
