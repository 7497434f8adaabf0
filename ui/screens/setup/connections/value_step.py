"""Step 3 as a person works on it: machines, units, scales, byte orders, with the live value beside."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from domain.plant.plant import Plant
from services.set_up.configuration import Edit
from services.set_up.link_values import ChosenValue, complaints_of, matched
from services.set_up.probing import OrderTrial
from ui.screens.setup.connections import value_edits, words
from ui.screens.setup.connections.bench import Bench
from ui.screens.setup.connections.live_reader import LiveReader
from ui.screens.setup.connections.live_values import probe_tags
from ui.screens.setup.connections.values_page import ValueRow, ValuesPage
from ui.text import error_words, tr


class ValueStep:
    """Between the page of step 3 and the draft. ``plant_known`` is told of a plant with another machine."""

    def __init__(self, bench: Bench, page: ValuesPage, *, plant_known: Callable[[Plant], None]) -> None:
        self._bench, self._page, self._plant_known = bench, page, plant_known
        self.reader = LiveReader(bench.workstation, bench.desk, changed=self.show_rows)
        page.selected.connect(self._show_chosen)
        page.removed.connect(self._remove_chosen)
        page.panel.edited.connect(self._edit)
        page.panel.machine_asked.connect(self._ask_machine)
        page.panel.orders_asked.connect(self._try_orders)
        page.panel.order_chosen.connect(self._take_order)
        page.machine.added.connect(self._add_machine)

    def begin(self) -> None:
        """Take up another draft."""
        self.reader.begin()
        self._page.show_panel()

    def pause(self) -> None:
        """The device is let go of: byte orders that were asked for do not come."""
        self._page.panel.orders.stop_asking()

    def look(self, now_us: int) -> None:
        """Read the values that are due."""
        self.reader.look(self._bench.draft, self._bench.plant, now_us=now_us)

    def show(self) -> None:
        """Show the values of the draft and the fields of what is chosen."""
        self.show_rows()
        self._show_chosen()

    def rematch(self) -> None:
        """Match again: machines may have come or gone. What a person chose stays."""
        values = matched(self._bench.draft.values, self._bench.plant, device=self._bench.draft.name)
        self._bench.keeper.change(replace(self._bench.draft, values=values), is_step=False)

    def show_rows(self) -> None:
        """Show the values with their places, complaints and present."""
        draft, plant = self._bench.draft, self._bench.plant
        complaints = complaints_of(draft.values, plant, draft.connection)
        known = _Known(plant)
        worded = {keys: words.complaints(keys) for keys in {*complaints.values(), ()}}
        rows = [self._row(value, worded[complaints.get(value.id, ())], known) for value in draft.values]
        self._page.show_rows(rows)
        self._page.said.say(self.reader.problem, is_marked=bool(self.reader.problem))
        self._page.said.setVisible(bool(self.reader.problem))

    def _row(self, value: ChosenValue, to_do: str, known: "_Known") -> ValueRow:
        filled = known.tags.get(value.fills) if value.fills else None
        state = tr("Link", "stored") if value.id in known.tags else tr("Link", "new")
        if filled is not None:
            state = tr("Link", "fills {label}", label=filled.label)
        return ValueRow(
            value, value.name if filled is None else filled.name, *known.place_words(value), state,
            to_do, self.reader.words_of(value),
        )  # fmt: skip

    def _chosen(self) -> list[ChosenValue]:
        ids = set(self._page.chosen_ids())
        return [value for value in self._bench.draft.values if value.id in ids]

    def _show_chosen(self) -> None:
        self._page.show_chosen(self._chosen(), self._bench.plant, self._bench.draft.kind)

    def _edit(self, field: str, text: str) -> None:
        try:
            changed = [value_edits.edited(value, field, text, self._bench.plant) for value in self._chosen()]
        except ValueError as complaint:
            self._page.panel.say_problem(field, str(complaint))
            return
        self._page.panel.say_problem(field, "")
        draft = self._bench.draft.with_values(changed)
        if field in ("machine", "unit", "name", "label", "kind"):
            draft = replace(draft, values=matched(draft.values, self._bench.plant, device=draft.name))
        self._bench.keeper.change(draft)
        self.reader.ask_soon()

    def _remove_chosen(self) -> None:
        self._bench.keeper.change(self._bench.draft.without([value.id for value in self._chosen()]))

    def _try_orders(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            self._page.panel.orders.say(tr("Link", "Asking the device\u2026"))
            self._bench.desk.look_at(self._bench.draft.connection)
            (tag,) = probe_tags(chosen, self._bench.draft.connection)
            self._bench.desk.try_orders(tag, self._tried, failed=self._orders_failed)

    def _tried(self, trials: Sequence[OrderTrial]) -> None:
        self._page.panel.show_trials(trials)

    def _orders_failed(self, problem: BaseException) -> None:
        self._page.panel.orders.say(error_words(problem))

    def _take_order(self, word_order: str, byte_order: str) -> None:
        order = {"word_order": word_order, "byte_order": byte_order}
        changed = [replace(each, address=dict(each.address) | order) for each in self._chosen()]
        self._bench.keeper.change(self._bench.draft.with_values(changed))
        self.reader.ask_soon()
        self._try_orders()

    # ---- a machine on the way

    def _ask_machine(self) -> None:
        chosen = self._chosen()
        source = chosen[0].source.split(" / ") if chosen else []
        self._page.ask_machine(self._bench.plant, name=source[-2] if len(source) > 1 else "")

    def _add_machine(self, asked: dict[str, str]) -> None:
        line = UUID(asked["line_id"]) if asked["line_id"] else None
        words = {name: asked[name] for name in ("name", "code", "class_key")}
        work = partial(self._bench.setup.add_machine, **words, line_id=line)
        self._bench.context.tasks.run(
            partial(self._made_machine, work), done=self._machine_added, failed=self._machine_failed
        )

    def _made_machine(self, work: Callable[[], Edit]) -> tuple[Edit, Plant]:
        edit = work()
        return edit, self._bench.workstation.store.plant.load()

    def _machine_added(self, made: tuple[Edit, Plant]) -> None:
        self._page.show_panel()
        self._plant_known(made[1])

    def _machine_failed(self, problem: BaseException) -> None:
        self._page.machine.say_problem(error_words(problem))


class _Known:
    """Look-ups of one plant, made once for all rows of a look."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.tags = {tag.id: tag for tag in plant.tags}
        self._points = {point.id: point.name for point in plant.points}
        self._assets = {asset.id for asset in plant.assets}

    def place_words(self, value: ChosenValue) -> tuple[str, str]:
        """Return machine and point of a value, and the same with the machine's code; dashes for none."""
        if value.asset_id is None or value.asset_id not in self._assets:
            return "\u2013", "\u2013"
        point = self._points.get(value.point_id, "") if value.point_id else ""
        machine = self._plant.machine_of(value.asset_id)
        named = [[name, point] if point else [name] for name in (machine.name, machine.code or machine.name)]
        full, short = (" \u00b7 ".join(each) for each in named)
        return full, short
