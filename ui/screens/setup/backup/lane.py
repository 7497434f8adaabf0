"""One long piece of work at a time, in a lane of its own: the polls of the screens never wait for it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from domain.long_work import LongWork
from ui.screens.setup.backup.words import step_words
from ui.tasks import Tasks
from ui.widgets.work_bar import WorkBar

Job = Callable[[LongWork], Any]
Answer = Callable[[Any], None]


class LongLane(QObject):
    """Runs jobs, shows in a bar how far they are, ends them when asked to or when the window closes."""

    busy_changed = Signal()

    def __init__(self, bar: WorkBar) -> None:
        super().__init__()
        self._lane = Tasks(parent=self)
        self._bar = bar
        self._work: LongWork | None = None
        self._done: Answer | None = None
        self._failed: Callable[[BaseException], None] | None = None
        bar.cancelled.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        return self._work is not None

    def run(self, job: Job, *, done: Answer, failed: Callable[[BaseException], None]) -> None:
        """Begin a job; nothing happens while another one runs."""
        if self._work is not None:
            return
        work = self._work = LongWork()
        self._done, self._failed = done, failed
        self._bar.begin()
        self.busy_changed.emit()
        self._lane.run(lambda: job(work), done=self._on_done, failed=self._on_failed)

    def refresh(self) -> None:
        """Show how far the job is."""
        if self._work is not None:
            step = self._work.step
            if step.act:
                self._bar.tell(step_words(step), step.share)

    def cancel(self) -> None:
        """Ask the job to end; its ``failed`` hears of it."""
        if self._work is not None:
            self._work.cancel()

    def close(self) -> None:
        """End the job and the lane; a copy under way leaves nothing behind."""
        self.cancel()
        self._done = self._failed = None
        self._lane.close()

    def _on_done(self, result: object) -> None:
        answer = self._done
        self._end()
        if answer is not None:
            answer(result)

    def _on_failed(self, error: BaseException) -> None:
        answer = self._failed
        self._end()
        if answer is not None:
            answer(error)

    def _end(self) -> None:
        self._work = self._done = self._failed = None
        self._bar.hide()
        self.busy_changed.emit()
