"""The fields of what is chosen in step 3; of several values what they share is shown and changed together."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from domain.plant.plant import Plant
from domain.plant.tags import ConnectionKind, TagDtype, TagKind
from domain.units import all_units
from services.set_up.file_patterns import PATTERN_ENDING, PATTERN_FOLDER, PATTERN_MISSING, is_of_tables
from services.set_up.link_values import ChosenValue, may_fill, waiting_tags
from services.set_up.probing import OrderTrial
from ui.screens.setup.connections import value_edits
from ui.screens.setup.connections.order_list import OrderList
from ui.screens.setup.connections.value_edits import CAPTURES, NO_FACTOR, NO_NUMBER, NOT_POSITIVE, STREAMING
from ui.screens.setup.counted import counted_values
from ui.text import quality_words, tr
from ui.widgets.fields import ChoiceField, Field, LineField
from ui.widgets.key_button import KeyButton, ToolButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel, label

WIDTH = 330
ALONE: Final = ("name", "label", "fills")
"""Fields that only one value can have."""
SELDOM: Final = ("kind", "normal_low", "normal_high", "digits", "frozen_min", "raw_days", "deadband")
"""Fields that have a good default; they stand behind "more"."""
OF_NUMBERS: Final = ("factor", "offset", "low", "high", *SELDOM)
PAIRS: Final = {
    "factor": "offset",
    "low": "high",
    "normal_low": "normal_high",
    "digits": "frozen_min",
    "raw_days": "deadband",
}
"""Questions that stand beside each other."""
OF_WAVES: Final = ("sampling_rate_hz", "wave", "capture_length")
POLLED: Final = frozenset(
    {
        ConnectionKind.MODBUS_TCP,
        ConnectionKind.MODBUS_RTU_TCP,
        ConnectionKind.MODBUS_SERIAL,
        ConnectionKind.MODBUS_TLS,
    }
)


class ValuePanel(Panel):
    """``edited`` carries a field and its text, for every value that is chosen."""

    edited = Signal(str, str)
    machine_asked = Signal()
    orders_asked = Signal()
    order_chosen = Signal(str, str)
    removed = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Link", "Meaning"))
        self._values: tuple[ChosenValue, ...] = ()
        self._kind = ConnectionKind.MODBUS_TCP
        self.rows: dict[str, Field] = _rows()
        self._source = label("", role="caption")
        self._source.setWordWrap(True)
        self.new_machine = KeyButton(tr("Link", "New\u2026"), name=tr("Link", "New machine"))
        self.more = ToolButton(tr("Link", "More settings"))
        self.try_orders = KeyButton(tr("Link", "Try byte orders"))
        self.orders = OrderList()
        self.remove = KeyButton(tr("Link", "Take out"), key="Del")
        self._empty = EmptyState(
            tr("Link", "No value is chosen."),
            why=tr("Link", "Choose one or several rows; what you change here counts for all of them."),
        )
        self._build()
        self.show_values((), Plant(), ConnectionKind.MODBUS_TCP)

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("scrollbody")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(6)
        column.addWidget(self._source)
        for name, row in self.rows.items():
            row.key = name
            row.edited.connect(self._on_changed)
            row.left.connect(self._on_left)
            if name in PAIRS:
                column.addLayout(self._pair(row, self.rows[PAIRS[name]]))
            elif name not in PAIRS.values():
                column.addWidget(row)
        self.rows["machine"].add_beside(self.new_machine)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.try_orders, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.orders)
        column.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._area = QScrollArea()
        self._area.setObjectName("scroll")
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(body)
        self.body.addWidget(self._empty, 1)
        self.body.addWidget(self._area, 1)
        self.more.toggled.connect(self._show_more)
        self.new_machine.clicked.connect(self.machine_asked)
        self.try_orders.clicked.connect(self.orders_asked)
        self.orders.chosen.connect(self.order_chosen)
        self.remove.clicked.connect(self.removed)

    @staticmethod
    def _pair(left: Field, right: Field) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(left, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(right, 1, Qt.AlignmentFlag.AlignTop)
        return row

    # ---- what the presenter tells

    def show_values(self, values: Sequence[ChosenValue], plant: Plant, kind: ConnectionKind) -> None:
        """Show what these values share."""
        is_other = [value.id for value in values] != [value.id for value in self._values]
        self._values, self._kind = tuple(values), kind
        self._empty.setVisible(not values)
        self._area.setVisible(bool(values))
        if not values:
            self.set_context("")
            return
        if is_other:
            self.orders.clear()
            self._say_nothing_wrong()
        self.set_context("" if len(values) == 1 else counted_values(len(values)))
        self._source.setText(values[0].source if len(values) == 1 else "")
        self._source.setVisible(len(values) == 1)
        self._offer(plant)
        for name, row in self.rows.items():
            if is_other or not (row.has_focus or row.is_wrong):  # what is being typed stays
                _show(row, _shared(values, name))
        self._arrange(kind)

    def say_problem(self, field: str, key: str) -> None:
        """Say what is wrong with a field; an empty key takes it back."""
        self.rows[field].complain(edit_problem(key) if key else "")

    def show_trials(self, trials: Sequence[OrderTrial]) -> None:
        """Show what the device gives in each order."""
        value = self._values[0] if len(self._values) == 1 else None
        if value is not None:
            self.orders.show_trials([(each, _trial_words(each)) for each in trials], value.address)

    # ---- inside

    def _offer(self, plant: Plant) -> None:
        none = ("", "\u2013")
        self._choices("machine").offer([none, *_places(plant)])
        asset_id = self._values[0].asset_id
        is_one = len({value.asset_id for value in self._values}) == 1
        points = plant.points_of(_sure(asset_id)) if is_one and _is_in(plant, asset_id) else ()
        self._choices("point").offer([none, *((str(each.id), each.name) for each in points)])
        self._choices("kind").offer(_kinds(may_be_wave=all(is_of_tables(v.address) for v in self._values)))
        self._choices("fills").offer(
            [("", tr("Link", "A value of its own")), *_waiting(self._values[0], plant)]
        )

    def _choices(self, name: str) -> ChoiceField:
        row = self.rows[name]
        assert isinstance(row, ChoiceField)
        return row

    def _arrange(self, kind: ConnectionKind) -> None:
        values = self._values
        is_one = len(values) == 1
        are_waves = all(value.is_sampled for value in values)
        are_numbers = all(value.dtype is not TagDtype.TEXT and not value.is_sampled for value in values)
        fills = is_one and values[0].fills is not None
        for name, row in self.rows.items():
            is_fitting = (name not in ALONE or is_one) and (name not in OF_WAVES or are_waves)
            is_fitting = is_fitting and (name not in OF_NUMBERS or are_numbers)
            is_fitting = is_fitting and (name not in SELDOM or self.more.isChecked())
            row.setVisible(is_fitting)
        self.rows["period_s"].setVisible(kind in POLLED)
        are_files = kind is ConnectionKind.FILES
        self.rows["file"].setVisible(are_files)
        if are_files and all(is_of_tables(value.address) for value in values):
            self.rows["kind"].setVisible(True)
        if are_waves:
            self.rows["raw_days"].setVisible(True)
        self.rows["raw_days"].title.setText(_kept_words(are_waves=are_waves))
        captures = any(not value.is_streaming for value in values)
        self.rows["wave"].setVisible(are_waves and not are_files)
        self.rows["capture_length"].setVisible(are_waves and captures and not are_files)
        for name in ("name", "label"):
            self.rows[name].setVisible(is_one and not fills)
        self.more.setVisible(are_numbers)
        self.try_orders.setVisible(kind in POLLED and is_one and has_orders(values[0].address))

    def _show_more(self) -> None:
        self._arrange(self._kind)

    def _say_nothing_wrong(self) -> None:
        for row in self.rows.values():
            row.complain("")

    def _on_changed(self, name: str, text: str) -> None:
        if isinstance(self.rows[name], ChoiceField):
            self.edited.emit(name, text)

    def _on_left(self, name: str) -> None:
        row = self.rows[name]
        if isinstance(row, LineField) and row.value() != (_shared(self._values, name) or ""):
            self.edited.emit(name, row.value())


def has_orders(address: Mapping[str, object]) -> bool:
    """Say whether a value lies in several registers, so that their order matters."""
    return str(address.get("type", "")) in ("int32", "uint32", "int64", "uint64", "float32", "float64")


def edit_problem(key: str) -> str:
    """Return what is wrong with a typed field."""
    return {
        NO_NUMBER: tr("Link", "A number is needed."),
        NOT_POSITIVE: tr("Link", "A number above 0 is needed."),
        NO_FACTOR: tr("Link", "A factor of 0 makes every value 0."),
        PATTERN_MISSING: tr("Link", "Say which files; * stands for all of them."),
        PATTERN_FOLDER: tr("Link", "A name is needed, without a folder; that one is set in step 1."),
        PATTERN_ENDING: tr("Link", "It ends in *, .csv, .csv.gz, .wav, .npz, .uff or .unv."),
    }[key]


def _rows() -> dict[str, Field]:
    units = [("", "\u2013"), *((unit.code, _unit_words(unit.code, unit.symbol)) for unit in all_units())]
    waves = [
        (STREAMING, tr("Link", "Without gaps")),
        (CAPTURES, tr("Link", "As captures now and then")),
    ]
    return {
        "machine": ChoiceField(tr("Link", "Machine"), is_searched=True),
        "point": ChoiceField(tr("Link", "Measurement point")),
        "fills": ChoiceField(tr("Link", "Becomes")),
        "file": LineField(
            tr("Link", "From files named"),
            helper=tr("Link", "* stands for what changes from file to file, such as PumpA_*.csv"),
        ),
        "name": LineField(tr("Link", "Name"), helper=tr("Link", "Unique in the plant")),
        "label": LineField(tr("Link", "Label"), helper=tr("Link", "As people call it")),
        "unit": ChoiceField(tr("Link", "Unit"), units, is_searched=True),
        "factor": LineField(tr("Link", "Factor")),
        "offset": LineField(tr("Link", "plus")),
        "kind": ChoiceField(tr("Link", "What it is")),
        "period_s": LineField(tr("Link", "Read every"), unit="s"),
        "sampling_rate_hz": LineField(tr("Link", "Sampling rate"), unit="Hz"),
        "wave": ChoiceField(tr("Link", "The waveform comes"), waves),
        "capture_length": LineField(tr("Link", "Samples a capture")),
        "low": LineField(tr("Link", "Lowest plausible"), helper=tr("Link", "Outside it a value is not good")),
        "high": LineField(tr("Link", "Highest plausible")),
        "normal_low": LineField(tr("Link", "Normal from")),
        "normal_high": LineField(tr("Link", "to")),
        "digits": LineField(tr("Link", "Decimals shown")),
        "frozen_min": LineField(tr("Link", "Frozen after"), unit=tr("Link", "min")),
        "raw_days": LineField(
            _kept_words(are_waves=False),
            unit=tr("Link", "days"),
            helper=tr("Link", "Empty: as the plant does"),
        ),
        "deadband": LineField(tr("Link", "Dead-band"), helper=tr("Link", "Changes below are thinned")),
    }


def _kept_words(*, are_waves: bool) -> str:
    return tr("Link", "Keep its waveforms") if are_waves else tr("Link", "Keep every sample")


def _kinds(*, may_be_wave: bool) -> list[tuple[str, str]]:
    wave = [(TagKind.WAVEFORM.value, tr("Link", "Waveform"))] if may_be_wave else []
    return [
        (TagKind.MEASURED.value, tr("Link", "Measured value")),
        (TagKind.COUNTER.value, tr("Link", "Counter")),
        (TagKind.STATE.value, tr("Link", "State")),
        (TagKind.SETPOINT.value, tr("Link", "Set point")),
        *wave,
    ]


def _unit_words(code: str, symbol: str) -> str:
    if code == "1":
        return tr("Link", "plain number")
    return symbol if symbol in ("", code) and symbol else f"{symbol}  ({code})" if symbol else code


def _places(plant: Plant) -> list[tuple[str, str]]:
    """Return machines in flow order, each followed by its components."""
    found = []
    for machine in (machine for line in plant.lines for machine in plant.machines(line.id)):
        name = _machine_words(machine.name, machine.code)
        found.append((str(machine.id), name))
        found += [(str(part.id), f"{name} / {part.name}") for part in plant.children(machine.id)]
    return found


def _machine_words(name: str, code: str) -> str:
    return name if code in name else f"{name}  {code}"


def _waiting(value: ChosenValue, plant: Plant) -> list[tuple[str, str]]:
    inside = (
        set() if not _is_in(plant, value.asset_id) else {t.id for t in plant.tags_of(_sure(value.asset_id))}
    )
    found = [tag for tag in waiting_tags(plant) if tag.id in inside and may_fill(value, tag)]
    return [(str(tag.id), tr("Link", "{label} (waits)", label=tag.label)) for tag in found]


def _is_in(plant: Plant, asset_id: UUID | None) -> bool:
    return asset_id is not None and any(asset.id == asset_id for asset in plant.assets)


def _sure(asset_id: UUID | None) -> UUID:
    assert asset_id is not None
    return asset_id


def _shared(values: Sequence[ChosenValue], field: str) -> str | None:
    """Return what all values have in a field, None when they differ."""
    texts = {value_edits.text_of(value, field) for value in values}
    return texts.pop() if len(texts) == 1 else None


def _show(row: Field, text: str | None) -> None:
    if isinstance(row, ChoiceField):
        row.show_nothing()  # a choice that is not offered must not look like the one before
    if text is not None or not isinstance(row, ChoiceField):
        row.show_value(text or "")


def _trial_words(trial: OrderTrial) -> str:
    value = trial.value
    if value.quality.is_bad:
        return quality_words(value.quality)
    return value.words or f"{value.number:.6g}"
