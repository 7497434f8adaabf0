"""Figures of the top row and rows of the link panel: only what can be computed from what is stored."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.condition.health import ESCALATION_BELOW, Health
from domain.plant.assets import Asset
from domain.plant.plant import Plant
from services.alarming import AlarmView, counts
from services.status import SystemStatus
from ui.formatting import UNKNOWN_VALUE, Presentation, age, duration, number
from ui.screens.alarm_words import symbol_of
from ui.screens.figures import MachineSheet
from ui.screens.link_words import link_problem
from ui.screens.overview.past import DayPast, LinePast, constraint_of
from ui.screens.overview.state import LinkRow, TileState
from ui.text import connection_state, priority_name, tr, tr_n

CONNECTED = "connected"
MOST_LINE_TILES = 4


def tiles(
    plant: Plant,
    sheets: Mapping[UUID, MachineSheet],
    day: DayPast | None,
    *,
    views: Sequence[AlarmView] | None,
    status: SystemStatus | None,
    worst: UUID | None,
    healths: Mapping[UUID, Health],
    is_live: bool,
) -> tuple[TileState, ...]:
    """Return the tiles in reading order: production first, condition next, data last.

    ``views`` are the listed alarms, None while nobody knows them.
    """
    paced = [line for line in plant.lines if constraint_of(sheets.values(), line.id) is not None]
    made: list[TileState] = []
    for line in paced[: MOST_LINE_TILES // 2]:
        sheet = constraint_of(sheets.values(), line.id)
        past = None if day is None else day.lines.get(line.id)
        if sheet is not None and sheet.counter_key is not None:
            made.append(_rate(line, sheet, past))
        if sheet is not None and sheet.state_key is not None:
            made.append(_availability(line, sheet, past))
    made.append(_worst_health(sheets, worst, healths, day))
    made.append(_alarms(views, day))
    made.extend(_data(status, is_live=is_live))
    return tuple(made)


def _rate(line: Asset, sheet: MachineSheet, past: LinePast | None) -> TileState:
    rate, mean = (None, None) if past is None else (past.rate, past.rate_mean)
    return TileState(
        f"rate {line.code}",
        tr("Tiles", "Rate {line}", line=line.code),
        tr(
            "Tiles",
            "Good pieces of {machine} over the last 5 minutes, per hour. The curve shows 24 hours.\n"
            "Source: counter of the machine. A counter that was set back gives no figure.",
            machine=sheet.machine.name,
        ),
        UNKNOWN_VALUE if rate is None else Presentation(number(rate, 0), "/h"),
        "" if mean is None else tr("Tiles", "24 h mean {mean} /h", mean=number(mean, 0)),
        None if past is None else past.rate_spark,
        address=f"trends/{sheet.counter_key}",
    )


def _availability(line: Asset, sheet: MachineSheet, past: LinePast | None) -> TileState:
    running = None if past is None else past.running
    share = None if running is None else running.share
    sentence = ""
    if running is not None and share is not None:
        stopped = duration(running.known_s - running.running_s)
        sentence = tr("Tiles", "stood {stopped} in 24 h", stopped=stopped)
    return TileState(
        f"availability {line.code}",
        tr("Tiles", "Availability {line}", line=line.code),
        tr(
            "Tiles",
            "Share of the last 24 hours in which {machine}, the constraint of {line}, was in RUN.\n"
            "Time without a known state is left out. Planned stops count as stops.",
            machine=sheet.machine.name,
            line=line.name,
        ),
        UNKNOWN_VALUE if share is None else Presentation(number(100 * share, 1), "%"),
        sentence,
        None if past is None else past.running_spark,
        address=f"trends/{sheet.state_key}",
    )


def _worst_health(
    sheets: Mapping[UUID, MachineSheet],
    worst: UUID | None,
    healths: Mapping[UUID, Health],
    day: DayPast | None,
) -> TileState:
    score = None if worst is None else healths[worst].score
    below = sum(each.score is not None and each.score < ESCALATION_BELOW for each in healths.values())
    name = "" if worst is None else sheets[worst].machine.name
    sentence = tr("Tiles", "{count} below 70", count=below) if below else name
    return TileState(
        "health",
        tr("Tiles", "Worst health {name}", name="" if worst is None else sheets[worst].machine.code),
        tr(
            "Tiles",
            "Lowest health of all running machines: 100 minus the points that measurements beyond their "
            "normal range cost. Escalates below 70.",
        ),
        UNKNOWN_VALUE if score is None else Presentation(number(score, 0), "%"),
        sentence,
        None if day is None or worst is None else day.healths.get(worst),
        address="" if worst is None else f"asset/{worst}",
    )


def _alarms(views: Sequence[AlarmView] | None, day: DayPast | None) -> TileState:
    sentence = tr("Tiles", "not known") if views is None else tr("Tiles", "no active alarms")
    shown, first = UNKNOWN_VALUE, None
    if views is not None:
        waiting = sum(view.alarm.needs_acknowledgement for view in views)
        shown = Presentation(number(len(views), 0), tr("Tiles", "{n} unack", n=waiting) if waiting else "")
    if views:
        found = counts(views)
        worst = min(view.priority for view in views)
        rest = len(views) - found[worst].total
        sentence = f"{found[worst].total} {priority_name(worst).lower()}"
        if rest:
            sentence = tr_n(
                "Tiles", "{worst}, {count} other", "{worst}, {count} others", count=rest, worst=sentence
            )
        first = min(views, key=lambda view: (view.priority, not view.alarm.needs_acknowledgement))
    return TileState(
        "alarms",
        tr("Tiles", "Active alarms"),
        tr(
            "Tiles",
            "Alarms whose condition is true or that nobody has acknowledged. The curve counts new alarms.",
        ),
        shown,
        sentence,
        None if day is None else day.new_alarms,
        symbol=None if first is None else symbol_of(first),
        address="alarms",
    )


def _data(status: SystemStatus | None, *, is_live: bool) -> tuple[TileState, TileState]:
    links, tags = UNKNOWN_VALUE, UNKNOWN_VALUE
    link_words = tr("Tiles", "collection does not run")
    tag_words = link_words
    if status is not None and is_live:
        live = sum(each.state == CONNECTED for each in status.connections)
        total = len(status.connections)
        ages = [each.last_value_age_s for each in status.connections if each.last_value_age_s is not None]
        links = Presentation(number(live, 0), tr("Tiles", "of {total}", total=total))
        oldest = age(max(ages)) if ages else tr("Tiles", "none")
        link_words = tr("Tiles", "oldest value {age}", age=oldest)
        tags = Presentation(
            number(status.tags_good, 0),
            tr("Tiles", "of {total}", total=number(status.tags_good + status.tags_bad, 0)),
        )
        tag_words = tr_n("Tiles", "{count} sample lost", "{count} samples lost", count=status.samples_dropped)
    return (
        TileState(
            "links",
            tr("Tiles", "Links live"),
            tr("Tiles", "Connections that answer, and the age of the newest value of the slowest one."),
            links,
            link_words,
        ),
        TileState(
            "tags",
            tr("Tiles", "Good values"),
            tr("Tiles", "Tags whose latest value is good, and samples lost since collection began."),
            tags,
            tag_words,
        ),
    )


def link_rows(plant: Plant, status: SystemStatus | None, *, is_live: bool) -> tuple[LinkRow, ...]:
    """Return the state of every link; unknown while collection does not run."""
    by_id = {} if status is None else {each.connection_id: each for each in status.connections}
    rows = []
    for connection in plant.connections:
        found = by_id.get(connection.id)
        if found is None or not is_live:
            rows.append(LinkRow(connection.name, tr("Tiles", "unknown"), "\u2013", 0, "", False))
            continue
        old = "\u2013" if found.last_value_age_s is None else age(found.last_value_age_s)
        tip = link_problem(found) or connection.kind.value.replace("_", " ")
        rows.append(
            LinkRow(
                connection.name, connection_state(found.state), old, sum(found.drops.values()), tip,
                found.state == CONNECTED,
            )
        )  # fmt: skip
    return tuple(rows)
