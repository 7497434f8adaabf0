"""Words of the machines tab: kinds, techniques, standards, classes and what an act was."""

from typing import Final

from domain.plant.assets import AssetKind, Criticality, MachineGroup, MeasurementPoint, Support, Technique
from domain.plant.bearings import BearingGeometry, defect_orders
from domain.plant.templates import MachineClass
from ui.formatting import number
from ui.screens.setup.counted import counted_figures, counted_points, counted_values
from ui.screens.setup.machines.nodes import Thing
from ui.text import QT_TRANSLATE_NOOP, plain, tr
from ui.typed_numbers import shown_number

_KINDS: Final = {
    AssetKind.SITE: QT_TRANSLATE_NOOP("Machines", "Site"),
    AssetKind.LINE: QT_TRANSLATE_NOOP("Machines", "Line"),
    AssetKind.MACHINE: QT_TRANSLATE_NOOP("Machines", "Machine"),
    AssetKind.COMPONENT: QT_TRANSLATE_NOOP("Machines", "Component"),
}

_TECHNIQUES: Final = {
    Technique.VIBRATION: QT_TRANSLATE_NOOP("Machines", "Vibration"),
    Technique.ULTRASONIC: QT_TRANSLATE_NOOP("Machines", "Ultrasonic"),
    Technique.THERMOGRAPHY: QT_TRANSLATE_NOOP("Machines", "Thermography"),
    Technique.CURRENT: QT_TRANSLATE_NOOP("Machines", "Motor current"),
    Technique.ACOUSTIC: QT_TRANSLATE_NOOP("Machines", "Acoustic"),
    Technique.PROCESS: QT_TRANSLATE_NOOP("Machines", "Process value"),
}

_CRITICALITIES: Final = {
    Criticality.A: QT_TRANSLATE_NOOP("Machines", "A: its failure stops the line or endangers people."),
    Criticality.B: QT_TRANSLATE_NOOP("Machines", "B: its failure slows the line; there is a way around it."),
    Criticality.C: QT_TRANSLATE_NOOP("Machines", "C: its failure can wait for the next planned stop."),
}

_GROUPS: Final = {
    MachineGroup.ISO_20816_3_GROUP_1: QT_TRANSLATE_NOOP(
        "Machines", "ISO 20816-3 group 1: > 300 kW, H from 315 mm"
    ),
    MachineGroup.ISO_20816_3_GROUP_2: QT_TRANSLATE_NOOP(
        "Machines", "ISO 20816-3 group 2: 15-300 kW, H < 315 mm"
    ),
    MachineGroup.ISO_10816_1_CLASS_I: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-1 class I: small, up to 15 kW"
    ),
    MachineGroup.ISO_10816_1_CLASS_II: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-1 class II: medium, 15 to 75 kW"
    ),
    MachineGroup.ISO_10816_1_CLASS_III: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-1 class III: large, rigid foundation"
    ),
    MachineGroup.ISO_10816_1_CLASS_IV: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-1 class IV: large, soft foundation"
    ),
    MachineGroup.ISO_10816_7_CATEGORY_I_SMALL: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-7 cat. I: critical pump, up to 200 kW"
    ),
    MachineGroup.ISO_10816_7_CATEGORY_I_LARGE: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-7 cat. I: critical pump, > 200 kW"
    ),
    MachineGroup.ISO_10816_7_CATEGORY_II_SMALL: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-7 cat. II: general pump, up to 200 kW"
    ),
    MachineGroup.ISO_10816_7_CATEGORY_II_LARGE: QT_TRANSLATE_NOOP(
        "Machines", "ISO 10816-7 cat. II: general pump, > 200 kW"
    ),
}

_CLASSES: Final = {
    "motor": QT_TRANSLATE_NOOP("Machines", "Motor"),
    "pump": QT_TRANSLATE_NOOP("Machines", "Pump with motor"),
    "compressor": QT_TRANSLATE_NOOP("Machines", "Compressor"),
    "conveyor": QT_TRANSLATE_NOOP("Machines", "Conveyor"),
    "overhead_conveyor": QT_TRANSLATE_NOOP("Machines", "Overhead conveyor"),
    "fan": QT_TRANSLATE_NOOP("Machines", "Fan"),
    "bearing": QT_TRANSLATE_NOOP("Machines", "Single bearing"),
    "electrical_panel": QT_TRANSLATE_NOOP("Machines", "Electrical panel"),
    "machine": QT_TRANSLATE_NOOP("Machines", "Any other machine"),
}


def kind_name(thing: Thing) -> str:
    """Return "Site", "Line", "Machine", "Component" or "Point"."""
    if isinstance(thing, MeasurementPoint):
        return tr("Machines", "Point")
    return tr("Machines", _KINDS[thing.kind])


def technique_name(technique: Technique) -> str:
    """Return the name of a technique."""
    return tr("Machines", _TECHNIQUES[technique])


def technique_choices() -> list[tuple[str, str]]:
    """Return the techniques for a choice."""
    return [(each.value, technique_name(each)) for each in Technique]


def criticality_choices() -> list[tuple[str, str]]:
    """Return A, B and C for a choice."""
    return [(each.value, each.value) for each in Criticality]


def criticality_sentences() -> dict[str, str]:
    """Return what each criticality means [SET-3]."""
    return {each.value: tr("Machines", words) for each, words in _CRITICALITIES.items()}


def group_choices() -> list[tuple[str, str]]:
    """Return the rows of the severity tables; the first declares none [NEW-11]."""
    named = [(group.value, tr("Machines", words)) for group, words in _GROUPS.items()]
    return [("", tr("Machines", "not declared")), *named]


def support_choices() -> list[tuple[str, str]]:
    """Return how a machine may stand."""
    return [
        ("", tr("Machines", "not declared")),
        (Support.RIGID.value, tr("Machines", "rigid")),
        (Support.FLEXIBLE.value, tr("Machines", "flexible")),
    ]


def class_name(kind: MachineClass) -> str:
    """Return the name of a machine class."""
    source = _CLASSES.get(kind.key)
    return plain(kind.key) if source is None else tr("Machines", source)


def class_brings(kind: MachineClass) -> str:
    """Return "Brings 4 points (...) and 6 values (...)"."""
    return tr(
        "Machines",
        "Brings {points} ({names}) and {values} that wait for a device ({labels}).",
        points=counted_points(len(kind.points)),
        names=", ".join(point.name for point in kind.points),
        values=counted_values(len(kind.values)),
        labels=", ".join(value.label for value in kind.values),
    )


def geometry_words(bearing: BearingGeometry) -> str:
    """Return "8 elements, d 22.225 mm, D 95.25 mm, angle 0°"."""
    return tr(
        "Machines",
        "{elements} elements, d {small} mm, D {large} mm, contact angle {angle}\u00b0",
        elements=bearing.elements,
        small=shown_number(bearing.element_diameter_mm),
        large=shown_number(bearing.pitch_diameter_mm),
        angle=shown_number(bearing.contact_angle_deg),
    )


def order_words(bearing: BearingGeometry) -> str:
    """Return the four defect frequencies as multiples of shaft speed."""
    orders = defect_orders(bearing)
    return tr(
        "Machines",
        "FTF\u00a0{ftf}   BPFO\u00a0{bpfo}   BPFI\u00a0{bpfi}   BSF\u00a0{bsf}   \u00d7\u00a0shaft speed",
        ftf=number(orders.ftf, 3),
        bpfo=number(orders.bpfo, 3),
        bpfi=number(orders.bpfi, 3),
        bsf=number(orders.bsf, 3),
    )


def removal_effect(*, points: int, values: int, figures: int) -> str:
    """Return what goes with a machine, component or point."""
    parts = [
        counted_points(points) if points else "",
        counted_values(values) if values else "",
        counted_figures(figures) if figures else "",
    ]
    listed = ", ".join(part for part in parts if part)
    if not listed:
        return tr("Machines", "Nothing else goes with it.")
    return tr("Machines", "With it go: {parts}. Stored history stays on disk.", parts=listed)
