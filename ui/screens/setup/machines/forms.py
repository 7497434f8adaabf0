"""The forms of the machines tab: which fields a site, line, machine, component or point has."""

from collections.abc import Callable, Sequence
from zoneinfo import available_timezones

from domain.plant.assets import Asset, AssetKind, MeasurementPoint
from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagKind
from domain.units import unit
from ui.screens.setup.machines.bearing_field import BearingField
from ui.screens.setup.machines.drafts import NO, YES
from ui.screens.setup.machines.nodes import Thing
from ui.screens.setup.machines.words import (
    criticality_choices,
    criticality_sentences,
    group_choices,
    support_choices,
    technique_choices,
)
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.fields import (
    ChoiceField,
    Field,
    FieldForm,
    LineField,
    NumberField,
    SegmentField,
    TextField,
)
from ui.widgets.panel import label

NO_PLACES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


def form_key(thing: Thing) -> str:
    """Return which form a thing has."""
    return "point" if isinstance(thing, MeasurementPoint) else thing.kind.value


def name_field() -> LineField:
    """Return the field of a name."""
    return LineField(tr("Machines", "Name"), is_required=True)


def code_field(helper: str) -> LineField:
    """Return the field of a code."""
    return LineField(tr("Machines", "Code"), helper=helper, is_required=True)


def criticality_field() -> SegmentField:
    """Return the choice of A, B or C [SET-3]."""
    title = tr("Machines", "Criticality")
    return SegmentField(title, criticality_choices(), sentences=criticality_sentences())


def time_zones() -> list[str]:
    """Return the zones of places on earth, and UTC first."""
    places = (zone for zone in available_timezones() if "/" in zone and not zone.startswith(NO_PLACES))
    return ["UTC", *sorted(places)]


def keeping_fields() -> dict[str, Field]:
    """Return the days for which the plant keeps what it records."""
    return {
        "raw": NumberField(
            tr("Machines", "Keep every sample, days"),
            helper=tr("Machines", "A value may have days of its own. Empty keeps for ever."),
        ),
        "minutes": NumberField(tr("Machines", "Keep the figures of each minute, days")),
        "hours": NumberField(tr("Machines", "Keep the figures of each hour, days")),
        "waveforms": NumberField(tr("Machines", "Keep waveforms and spectra, days")),
        "alarm_waveforms": NumberField(
            tr("Machines", "Keep waveforms of alarms, days"),
            helper=tr("Machines", "They are evidence: no value has days of its own for them."),
        ),
    }


class AssetForm(FieldForm):
    """Name and code of a site or line, name of a component."""

    def __init__(self, kind: AssetKind) -> None:
        fields: dict[str, Field] = {"name": name_field()}
        if kind is not AssetKind.COMPONENT:
            fields["code"] = code_field(tr("Machines", "Short and unique; stands in lists and on labels."))
        if kind is AssetKind.SITE:
            fields["zone"] = ChoiceField(
                tr("Machines", "Time zone"),
                helper=tr("Machines", "All times on screens and in reports; history itself is kept in UTC."),
            )
            fields |= keeping_fields()
        super().__init__(fields)

    def prepare(self, thing: Thing, plant: Plant) -> None:
        """Offer the time zones, the plant's own among them however it is called."""
        zones = self.fields.get("zone")
        if isinstance(zones, ChoiceField):
            named = dict.fromkeys([plant.zone, *time_zones()])
            zones.offer([(zone, zone.replace("_", " ")) for zone in named])


class MachineForm(FieldForm):
    """What a machine is, where it stands and what its failure means."""

    def __init__(self) -> None:
        self.line = ChoiceField(tr("Machines", "Line"))
        self.constraint = SegmentField(
            tr("Machines", "Bottleneck of its line"),
            [(NO, tr("Machines", "No")), (YES, tr("Machines", "Yes"))],
        )
        super().__init__(
            {
                "name": name_field(),
                "code": code_field(tr("Machines", "Unique; the names of its values begin with it.")),
                "line": self.line,
                "criticality": criticality_field(),
                "constraint": self.constraint,
                "group": ChoiceField(
                    tr("Machines", "Machine group"),
                    group_choices(),
                    helper=tr(
                        "Machines",
                        "By power and shaft height H; without it no zone is given.",
                    ),
                ),
                "support": SegmentField(tr("Machines", "Support"), support_choices()),
                "power": NumberField(tr("Machines", "Rated power, kW")),
                "description": TextField(tr("Machines", "Description")),
            }
        )

    def prepare(self, thing: Thing, plant: Plant) -> None:
        """Offer the lines of the plant; say which machine is the bottleneck now."""
        assert isinstance(thing, Asset)
        lines = [(str(line.id), line.name) for line in plant.lines]
        if all(key != str(thing.parent_id) for key, _ in lines) and thing.parent_id is not None:
            lines.insert(0, (str(thing.parent_id), plant.asset(thing.parent_id).name))
        self.line.offer(lines)
        others = [] if thing.parent_id is None else plant.machines(thing.parent_id)
        marked = [each.name for each in others if each.is_constraint and each.id != thing.id]
        self.constraint.help_with(
            tr("Machines", "Marked on this line already: {names}.", names=", ".join(marked))
            if marked
            else tr("Machines", "The line cannot be faster than its bottleneck.")
        )


class PointForm(FieldForm):
    """How one measures at a point, and what turns there."""

    def __init__(self) -> None:
        self.bearing = BearingField()
        self.speed = ChoiceField(
            tr("Machines", "Speed"), helper=tr("Machines", "The value that gives the shaft speed.")
        )
        self.state = ChoiceField(
            tr("Machines", "State"), helper=tr("Machines", "Only a running machine is judged.")
        )
        self.waveform = label("", size=CAPTION, role="caption")
        self.waveform.setWordWrap(True)
        sensor_hint = tr("Machines", "such as accelerometer 100 mV/g")
        ratio_help = tr("Machines", "Shaft speed here divided by the speed value; 1 without a gear.")
        super().__init__(
            {
                "name": name_field(),
                "technique": ChoiceField(tr("Machines", "Technique"), technique_choices()),
                "sensor": LineField(tr("Machines", "Sensor"), hint=sensor_hint),
                "bearing": self.bearing,
                "speed": self.speed,
                "ratio": NumberField(tr("Machines", "Speed ratio"), helper=ratio_help),
                "state": self.state,
                "low": NumberField(tr("Machines", "Envelope band from, Hz")),
                "high": NumberField(
                    tr("Machines", "Envelope band to, Hz"),
                    helper=tr("Machines", "Where the structure rings when a bearing knocks."),
                ),
            },
            tail=[self.waveform],
        )

    def offer_bearings(self, catalogue: Sequence[BearingType]) -> None:
        """Search bearings in this catalogue."""
        self.bearing.offer(catalogue)

    def prepare(self, thing: Thing, plant: Plant) -> None:
        """Offer the machine's values that can be a speed or a state."""
        assert isinstance(thing, MeasurementPoint)
        tags = plant.tags_of(plant.machine_of(thing.asset_id).id)
        self.speed.offer(_tag_choices(tags, _is_speed, thing.speed_tag_key))
        self.state.offer(_tag_choices(tags, _is_state, thing.state_tag_key))
        own = next((tag for tag in plant.tags if tag.key == thing.waveform_tag_key), None)
        self.waveform.setText(
            tr("Machines", "Waveform: {name}", name=own.label)
            if own is not None
            else tr("Machines", "No waveform yet: a device that brings one for this point is tied to it.")
        )


KindForm = AssetForm | MachineForm | PointForm


def make_form(key: str) -> KindForm:
    """Return the form of a kind."""
    if key == "machine":
        return MachineForm()
    return PointForm() if key == "point" else AssetForm(AssetKind(key))


def _tag_choices(
    tags: Sequence[Tag], fits: Callable[[Tag], bool], chosen: int | None
) -> list[tuple[str, str]]:
    found = [(str(tag.key), tag.label) for tag in tags if fits(tag) or tag.key == chosen]
    return [("", tr("Machines", "none")), *found]


def _is_speed(tag: Tag) -> bool:
    return tag.kind is TagKind.MEASURED and unit(tag.unit).dimension == "frequency"


def _is_state(tag: Tag) -> bool:
    return tag.kind is TagKind.STATE
