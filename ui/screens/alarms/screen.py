"""The alarm screen of the shell."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from domain.roles import Permission
from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.navigation import room_name
from ui.refresh import Rate
from ui.screens.alarms.export import AlarmsExport
from ui.screens.alarms.presenter import AlarmsPresenter
from ui.screens.alarms.state import AlarmRow
from ui.screens.alarms.view import AlarmsView
from ui.screens.screen import Screen
from ui.text import tr


class AlarmsScreen:
    """Connects presenter and view; keeps the operator's place whatever comes in."""

    help_page = "alarms"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._context, self._workstation = context, workstation
        self.presenter = AlarmsPresenter(
            workstation, tasks=context.tasks, plant_time=context.plant_time, failed=context.show_problem
        )
        self.content = AlarmsView(context)
        self.view: QWidget = self.content
        self._wanted: UUID | None = None
        self._wanted_after = 0
        self._seen: frozenset[UUID] = frozenset()
        self._shown: AlarmRow | None = None
        self.export = AlarmsExport(self.content, self.presenter, context)
        self._connect()
        context.refresh.add(self.content.detail, self._follow, Rate.TRENDS)

    def _connect(self) -> None:
        view = self.content
        view.tab_chosen.connect(self._choose_tab)
        view.span_chosen.connect(self._choose_span)
        view.filter_changed.connect(self._filter)
        view.freeze_asked.connect(self._toggle_freeze)
        view.newest_asked.connect(self._show_newest)
        view.export_asked.connect(self.export.exporter.offer)
        view.table.selection_changed.connect(self._on_selection)
        view.table.opened.connect(self._on_opened)
        view.journal.opened.connect(self._open_from_journal)
        view.detail.acknowledge_asked.connect(self._acknowledge_shown)
        view.detail.reset_asked.connect(self._reset_shown)
        view.detail.asset_asked.connect(self._open_asset)
        view.detail.analysis_asked.connect(self._open_analysis)

    # ---- the shell's questions

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Return the room and the tab."""
        tab = {
            "active": tr("Alarms", "Active"),
            "unacknowledged": tr("Alarms", "Unacknowledged"),
            "history": tr("Alarms", "History"),
        }[self.presenter.tab]
        return ((room_name("alarms"), "alarms"), (tab, "alarms"))

    def open(self, argument: str) -> None:
        """Choose the alarm that the address names."""
        try:
            self._wanted = UUID(argument) if argument else None
        except ValueError:
            self._wanted = None
        # A list asked for before this moment may not hold the newest alarm yet: two reads decide.
        self._wanted_after = self.presenter.reads + 2
        if self._wanted is not None and self.presenter.tab != "active":
            self.content.show_tab("active")
            self._choose_tab("active")

    def refresh(self, now_us: int) -> None:
        """Draw what is new."""
        presenter, view = self.presenter, self.content
        presenter.poll(now_us)
        view.show_counts(presenter.counts())
        view.show_statistics(presenter.statistics)
        if presenter.tab == "history":
            view.show_journal(presenter.journal_rows())
            view.show_standing(is_known=presenter.is_known, frozen_s=None, new=0)
            return
        rows = presenter.rows(now_us)
        at_top = view.is_at_top
        view.show_rows(
            rows,
            is_loaded=presenter.is_loaded,
            is_known=presenter.is_known,
            is_filtered=bool(presenter.filter),
            tab=presenter.tab,
        )
        self._place_selection(rows)
        if at_top and not presenter.is_frozen:
            self._seen = frozenset(row.id for row in rows)
        frozen_s = presenter.frozen_for_s(now_us) if presenter.is_frozen else None
        is_open_ended = not presenter.filter
        view.show_standing(
            is_known=presenter.is_known,
            frozen_s=frozen_s,
            new=presenter.hidden_new(self._seen) if is_open_ended else 0,
        )
        self._show_detail(rows, now_us)

    def _place_selection(self, rows: Sequence[AlarmRow]) -> None:
        """Choose the alarm asked for, or the first one while nothing was ever chosen."""
        if self._wanted is not None and self.content.table.select(self._wanted):
            self._wanted = None
            self.content.table.setFocus()
        elif self._wanted is not None and self.presenter.reads >= self._wanted_after:
            self._wanted = None
            self._choose_tab("history")
        elif rows and not self.content.selected() and self._shown is None:
            self.content.table.select(rows[0].id)

    def _show_detail(self, rows: Sequence[AlarmRow], now_us: int) -> None:
        chosen = self.content.selected()
        row = next((each for each in rows if chosen and each.id == chosen[-1]), None)
        self._shown = row if row is not None else self._shown
        if row is None:
            return
        self.presenter.select(row.id)
        self.content.detail.show_alarm(
            row,
            self.presenter.advice(now_us),
            no_right=self.presenter.refusal_to(Permission.ACKNOWLEDGE_ALARM),
        )
        self.content.detail.show_evidence(self.presenter.evidence, row)

    def _follow(self, now_us: int) -> None:
        evidence = self.presenter.evidence
        if evidence is None or evidence.figure is None or self._shown is None:
            return
        batch = self._workstation.live.values([evidence.figure.tag.key])
        self.content.detail.follow(
            self._shown, value=float(batch.value[0]), quality=int(batch.quality[0]),
            at_us=int(batch.source_us[0]), now_us=now_us,
        )  # fmt: skip

    def on_shown(self) -> None:
        """Draw at once; keys begin in the list."""
        self.refresh(self._context.clock.now_us())
        self.content.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def on_hidden(self) -> None:
        """Nothing runs while hidden: polling comes with drawing."""

    def act(self, name: str) -> bool:
        """Acknowledge, freeze or filter; the journal knows only the filter."""
        if name == "filter":
            self.content.focus_filter()
            return True
        if self.content.is_history:
            return False
        match name:
            case "acknowledge":
                chosen = self.content.selected()
                self.presenter.acknowledge(chosen, note=self._note_for(chosen))
            case "acknowledge_visible":
                ids = [each for each in self.content.table.visible() if isinstance(each, UUID)]
                self.presenter.acknowledge(ids)
            case "freeze":
                self._toggle_freeze()
            case _:
                return False
        return True

    def renew(self) -> None:
        """Judge by the new baselines."""
        self.presenter.renew()

    def close(self) -> None:
        """Nothing is held beyond the widgets."""

    # ---- what the operator does

    def _note_for(self, chosen: Sequence[UUID]) -> str:
        """Take the note along when it was written for just this alarm."""
        is_mine = self._shown is not None and list(chosen) == [self._shown.id]
        note = self.content.detail.note if is_mine else ""
        if note:
            self.content.detail.clear_note()
        return note

    def _choose_tab(self, tab: str) -> None:
        self.presenter.tab = tab
        self.content.show_tab(tab)
        self._seen = frozenset()
        self.refresh(self._context.clock.now_us())

    def _choose_span(self, span: str) -> None:
        self.presenter.show_span(span)
        self.refresh(self._context.clock.now_us())

    def _filter(self, words: str) -> None:
        self.presenter.filter = words.strip()
        self.refresh(self._context.clock.now_us())

    def _toggle_freeze(self) -> None:
        now_us = self._context.clock.now_us()
        self.presenter.toggle_freeze(now_us)
        self.refresh(now_us)

    def _show_newest(self) -> None:
        if self.presenter.is_frozen:
            self.presenter.toggle_freeze(self._context.clock.now_us())
        self.content.table.scrollToTop()
        self.refresh(self._context.clock.now_us())

    def _on_selection(self) -> None:
        now_us = self._context.clock.now_us()
        self._show_detail(self.presenter.rows(now_us), now_us)

    def _on_opened(self, alarm_id: object) -> None:
        if not self.content.is_narrow:
            self._open_asset()
        elif self._shown is not None:
            self._context.open_drawer(tr("Alarms", "Alarm"), self.content.detail)

    def _open_from_journal(self, entry: object) -> None:
        journal = self.presenter.journal_rows()
        row = next((each for each in journal.rows if each.id == entry), None) if journal else None
        if row is not None:
            self._context.go(f"asset/{row.asset_id}")

    def _acknowledge_shown(self, note: str) -> None:
        if self._shown is not None:
            self.presenter.acknowledge([self._shown.id], note=note)

    def _reset_shown(self) -> None:
        if self._shown is not None:
            self.presenter.reset([self._shown.id])

    def _open_asset(self) -> None:
        if self._shown is not None:
            self._context.go(f"asset/{self._shown.asset_id}")

    def _open_analysis(self) -> None:
        if self._shown is not None and self._shown.point_id is not None:
            self._context.go(f"analysis/{self._shown.point_id}")


def make_alarms(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the alarm screen for a data folder's services."""

    def make(context: Context) -> Screen:
        return AlarmsScreen(workstation, context)

    return make
