"""Setup: link audit and system health on a real store, and what every tab promises [ACQ-8]."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from domain.identifiers import new_id
from domain.ports import ConnectionStatus
from services.clock_watch import CONFIRMED
from services.link_audit import audit_links
from services.status import ExpiryWarning, SystemStatus, waiting_status
from tests.gui.plant_stage import LINK, Stage, make_stage, put_away, settle
from ui.screens.link_words import link_problem
from ui.screens.overview.tiles import link_rows as overview_links
from ui.screens.setup.connections.device_list import DeviceList, DeviceRow
from ui.screens.setup.health.facts import facts_of, link_rows, support_text, version_rows
from ui.screens.setup.health.tab import HealthTab
from ui.screens.setup.health.verdict import verdict
from ui.screens.setup.links.tab import LinksTab
from ui.screens.setup.screen import SetupScreen, make_setup
from ui.screens.setup.tabs import TABS, TabEntry
from ui.setup_search import SetupProvider
from ui.theme import Theme
from ui.widgets.data_table import DataTable
from ui.widgets.undo_bar import UndoBar

SECOND = 1_000_000
STATUS = SystemStatus(
    written_us=100 * SECOND, uptime_s=4000.0, versions={"jidoka": "0.1.0"},
    connections=(
        ConnectionStatus(new_id(), "PLC-1", "connected", 0.4),
        ConnectionStatus(
            new_id(), "PLC-9", "not_answering", None, {"timeout": 12}, message_key="device_not_answering",
            parameters={"device": "PLC 9"}, detail="no answer", next_try_s=1.6,
        ),
    ),
    tags_good=10, tags_bad=2, samples_received=999, samples_stored=989, samples_pending=10,
    samples_dropped=0, drops={}, waveform_samples_received=2_500_000, alarms_active=0,
    alarms_unacknowledged=0, last_commit_age_s=0.5, rss_mb=120.0, queues={"alarms": 3},
    samples_waiting=700, disk_hours_left=72.0,
)  # fmt: skip


def value_of(key: str) -> str:
    return next(fact.value for fact in facts_of(STATUS) if fact.key == key)


WELL = replace(STATUS, connections=STATUS.connections[:1], tags_bad=0)


def test_the_verdict_is_one_calm_sentence() -> None:
    assert verdict(WELL, now_us=101 * SECOND) == "All is well."
    assert (
        verdict(STATUS, now_us=101 * SECOND) == "Needs a look: PLC-9 is not connected; 2 values are not good."
    )
    assert "silent for 12 s" in verdict(STATUS, now_us=112 * SECOND)
    assert "Nothing collects" in verdict(None, now_us=0)
    waiting = waiting_status("the server is away", now_us=100 * SECOND)
    assert "Nothing is collected yet" in verdict(waiting, now_us=110 * SECOND)
    assert "silent" in verdict(waiting, now_us=130 * SECOND)
    assert facts_of(waiting), "a page without figures shows too"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"connections": (STATUS.connections[1],) * 2}, "2 links are down"),
        ({"tags_bad": 1}, "1 value is not good"),
        ({"last_commit_age_s": 9000.0}, "nothing was stored for 2 h"),
        ({"last_commit_age_s": None}, "nothing was stored for 1 h"),
        ({"disk_hours_left": 1.4}, "the disk lasts 1 h"),
        ({"samples_dropped": 7}, "7 samples were lost here"),
        ({"is_clock_suspect": True}, "the clock jumped"),
        ({"certificates": (ExpiryWarning("own", "CN=us", "AA", -1, 0),)}, "1 certificate ends"),
        ({"problems": ("retention waits",)}, "Something needs a look"),
    ],
)
def test_nothing_that_needs_a_look_is_called_well(trouble: dict[str, object], words: str) -> None:
    assert words in verdict(replace(WELL, **trouble), now_us=101 * SECOND)  # type: ignore[arg-type]


def test_facts_say_what_waits_and_how_long_the_disk_lasts() -> None:
    assert (value_of("received"), value_of("queue_alarms"), value_of("server")) == ("999", "3", "700")
    assert (value_of("disk"), value_of("uptime")) == ("3 days", "1:06:40")


def test_an_old_sqlite_is_named_with_what_keeps_it_safe() -> None:
    """Reliability 3.1: below 3.51.3 checkpoints beside other writers can damage a database."""
    rows = version_rows(replace(STATUS, versions={"sqlite": "3.40.1", "numpy": "2.4.6"}))
    assert [row.meaning for row in rows] == [
        "older than 3.51.3: kept safe by the program's own write lock", "",
    ]  # fmt: skip
    (fine,) = version_rows(replace(STATUS, versions={"sqlite": "3.51.3"}))
    assert fine.meaning == ""


def test_a_plant_on_a_server_grows_there() -> None:
    """F44: a figure of the wrong disk would be none."""
    there = replace(STATUS, disk_hours_left=None, is_on_server=True)
    assert next(fact.value for fact in facts_of(there) if fact.key == "disk") == "see server"


def test_hours_left_are_told_while_nothing_can_be_stored() -> None:
    """F37: at 500 values a second the 20 million rows of memory last 11 hours."""
    stuck = replace(
        STATUS, uptime_s=1000.0, samples_received=500_000, samples_pending=1000, last_commit_age_s=60.0
    )
    meaning = next(fact.meaning for fact in facts_of(stuck) if fact.key == "pending")
    assert meaning == "nothing can be stored; memory lasts 11 h"


def test_a_certificate_that_ends_soon_is_named() -> None:
    """S-16: told long before the link dies."""
    assert value_of("certificates") == "none ends soon"
    soon = replace(STATUS, certificates=(ExpiryWarning("trusted", "CN=PLC-2", "AA:BB", 6, 7),))
    (fact,) = [each for each in facts_of(soon) if each.key.startswith("certificate")]
    assert (fact.name, fact.value) == ("Certificate PLC-2", "ends in 6 days")
    assert "ends in 6 days" in support_text(soon)


def test_links_with_trouble_stand_first_with_their_reason() -> None:
    worst, _ = link_rows(STATUS)
    assert (worst.name, worst.age, worst.losses) == ("PLC-9", "never", "timeout 12")
    assert worst.problem == "PLC 9 is there but does not answer. Next try in 2 s."
    assert "PLC-9: not answering" in support_text(STATUS)
    assert "PLC-9: device_not_answering no answer" in support_text(STATUS), "support reads the log's line too"


def test_a_link_that_is_down_stands_before_one_that_is_not_signed() -> None:
    unsigned = ConnectionStatus(new_id(), "A", "connected", 0.1, message_key="connection_unsigned")
    rows = link_rows(replace(STATUS, connections=(*STATUS.connections, unsigned)))
    assert [row.name for row in rows] == ["PLC-9", "A", "PLC-1"]


def test_a_link_without_words_reads_as_its_collector_told_it() -> None:
    """A status of an older program has the key without its values; one of a newer has keys unknown here."""
    link = ConnectionStatus(new_id(), "PLC", "disconnected", None, detail="no answer within 2 s")
    older = replace(link, message_key="device_unreachable")
    assert link_problem(older) == "no answer within 2 s."
    assert link_problem(replace(older, parameters={"device": "PLC 9"})).startswith("PLC 9 cannot be reached.")
    assert link_problem(replace(link, message_key="of_tomorrow")) == "no answer within 2 s."
    assert link_problem(replace(link, message_key="of_tomorrow", detail="")) == "Of tomorrow."
    assert link_problem(replace(link, detail="")) == ""


def test_a_link_says_what_to_do_where_that_is_known() -> None:
    link = ConnectionStatus(new_id(), "PLC", "refused", None, message_key="certificate_unknown", detail="x")
    assert "trust it: Setup, Certificates" in link_problem(link)
    refused = replace(
        link, message_key="opcua_refused", parameters={"device": "a", "status": "BadTooManySessions"}
    )
    assert "no room for one more client" in link_problem(refused)
    unsigned = replace(link, state="connected", message_key="connection_unsigned", detail="")
    assert link_problem(unsigned) == "Nothing is signed: its values carry a mark for good."


def test_device_list_overview_and_audit_say_what_is_the_matter_in_the_same_words(stage: Stage) -> None:
    plant = stage.workstation.monitoring.plant
    sick = ConnectionStatus(
        LINK.id, LINK.name, "not_answering", None, message_key="device_not_answering",
        parameters={"device": "PLC 9"}, detail="no answer",
    )  # fmt: skip
    words = "PLC 9 is there but does not answer."
    devices = DeviceList(UndoBar())
    devices.show_rows([DeviceRow(LINK.id, LINK, sick, 3)])
    assert words in _texts(devices.table)
    (row,) = overview_links(plant, replace(STATUS, connections=(sick,)), is_live=True)
    assert row.tip == words
    tab = LinksTab(stage.workstation, stage.context)
    tab._show(audit_links(plant, stage.workstation.monitoring.live, (sick,), now_us=stage.now_us))
    assert f"{LINK.name}: not answering. {words}" in _texts(tab.table, Qt.ItemDataRole.ToolTipRole)
    put_away(devices)
    put_away(tab.view)


def _texts(table: DataTable, role: int = Qt.ItemDataRole.DisplayRole) -> set[str]:
    model = table.model()
    cells = (model.index(r, c) for r in range(model.rowCount()) for c in range(model.columnCount()))
    return {cell.data(role) for cell in cells}


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage) -> Iterator[SetupScreen]:
    made = make_setup(stage.workstation)(stage.context)
    assert isinstance(made, SetupScreen)
    made.view.resize(1200, 600)
    made.open("")
    made.view.show()
    yield made
    made.close()
    put_away(made.view)


def test_the_audit_lists_the_machines_and_opens_one(qtbot, screen: SetupScreen, stage: Stage) -> None:
    screen.open("links")
    tab = screen.tab("links")
    assert isinstance(tab, LinksTab)
    settle(qtbot, stage, screen.refresh, lambda: tab.table.rows.rowCount() > 0)
    first = tab.table.rows.row(0).asset
    tab.table.opened.emit(first.id)
    assert stage.visited[-1] == f"asset/{first.id}"


def test_health_says_that_nothing_collects(qtbot, screen: SetupScreen, stage: Stage) -> None:
    screen.open("health")
    tab = screen.tab("health")
    assert isinstance(tab, HealthTab)
    settle(qtbot, stage, screen.refresh, lambda: "Nothing collects" in tab.sentence.text())
    assert tab.facts.rows.rowCount() == 0
    assert stage.problems == []


@pytest.mark.parametrize("entry", TABS, ids=lambda entry: entry.key)
def test_every_tab_opens_has_help_and_a_name(screen: SetupScreen, stage: Stage, entry: TabEntry) -> None:
    screen.open(entry.key)
    screen.refresh(stage.now_us)
    assert screen.breadcrumb[-1][0] == entry.words
    assert files("resources").joinpath(f"help/{screen.help_page}.md").is_file()
    assert screen.view.minimumSizeHint().width() < 1290
    screen.plant_changed()
    assert stage.problems == []


def test_the_search_finds_parts_of_setup_and_devices(stage: Stage) -> None:
    """HMI guide 3: settings are found by what they are about."""
    provider = SetupProvider(lambda: stage.workstation.monitoring.plant)

    def addresses(words: str) -> list[str]:
        return [hit.address for hit in provider.find(words, limit=8)]

    assert addresses("fingerprint") == ["setup/certificates"]
    assert addresses("add dev") == ["setup/connections"]
    assert addresses("plc-1") == [f"setup/connections/{LINK.id}"]
    assert addresses("") == []


def test_a_jump_of_the_clock_is_confirmed_by_a_person(qtbot, screen: SetupScreen, stage: Stage) -> None:
    """F58: what is old stays until somebody says that the date is right."""
    screen.open("health")
    tab = screen.tab("health")
    assert isinstance(tab, HealthTab)
    tab._show(STATUS)
    assert tab.confirm_time.isHidden()
    tab._show(replace(STATUS, is_clock_suspect=True))
    assert not tab.confirm_time.isHidden()
    tab.confirm_time.click()
    settle(qtbot, stage, screen.refresh, lambda: stage.writer.plant.setting(CONFIRMED) is not None)
    assert stage.problems == []
