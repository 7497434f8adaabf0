"""Step 1 as a person works on it: kind, address, test, trust."""

from dataclasses import replace
from functools import partial

from domain.plant.tags import ConnectionKind
from services.certificates import Certificates
from services.set_up.link_draft import LinkDraft
from services.set_up.probing import ProbeReport
from ui.screens.setup.connections.bench import Bench
from ui.screens.setup.connections.device_page import DevicePage
from ui.text import tr


class DeviceStep:
    """Between the page of step 1 and the draft."""

    def __init__(self, bench: Bench, page: DevicePage) -> None:
        self._bench, self._page = bench, page
        page.kind_chosen.connect(self._choose_kind)
        page.typed.connect(self._type)
        page.name_typed.connect(self._name)
        page.test.asked.connect(self.test)
        page.test.cancelled.connect(self._cancel_test)
        page.test.trusted.connect(self._trust)

    def begin(self) -> None:
        """Take up another draft."""
        self._page.begin()
        self._page.test.show_untested()

    def show(self) -> None:
        """Show the draft as it is now."""
        self._page.show_draft(self._bench.draft, is_taken=self._is_taken)

    @property
    def is_complete(self) -> bool:
        """Whether the device has a name of its own and could be reached by what was answered."""
        draft = self._bench.draft
        return bool(draft.name.strip()) and not self._is_taken and not draft.answers.problems

    def complain(self) -> None:
        """Say what is missing at its field."""
        self._page.complain(self._bench.draft, is_taken=self._is_taken)

    @property
    def _is_taken(self) -> bool:
        draft = self._bench.draft
        others = (each for each in self._bench.plant.connections if each.id != draft.id)
        return draft.name.strip() in {each.name for each in others}

    def pause(self) -> None:
        """The device is let go of: a test under way is over."""
        if self._page.test.is_testing:
            self._page.test.show_untested()

    def _choose_kind(self, kind: str) -> None:
        self._change_link(self._bench.draft.of_kind(ConnectionKind(kind)))

    def _type(self, name: str, text: str) -> None:
        self._change_link(replace(self._bench.draft, typed=dict(self._bench.draft.typed) | {name: text}))

    def _name(self, text: str) -> None:
        self._bench.keeper.change(replace(self._bench.draft, name=text))
        self.show()

    def _change_link(self, draft: LinkDraft) -> None:
        if draft.connection != self._bench.draft.connection:
            self._cancel_test()
        self._bench.keeper.change(draft)
        self.show()

    def test(self) -> None:
        """Ask the device once."""
        if self._bench.draft.answers.problems:
            self.complain()
            return
        self._page.test.show_testing()
        self._bench.device().test(self._tested, failed=self._page.test.show_problem)

    def _tested(self, report: ProbeReport) -> None:
        self._page.test.show_report(report, self._bench.draft.kind)

    def _cancel_test(self) -> None:
        self._bench.desk.cancel()
        self._page.test.show_untested()

    def _trust(self, mark: str) -> None:
        certificates = Certificates(self._bench.workstation.store, clock=self._bench.context.clock)
        reason = tr("Link", "compared while connecting {name}", name=self._bench.draft.name)
        work = partial(certificates.trust, mark, by=self._bench.workstation.actor, reason=reason)
        self._bench.context.tasks.run(work, done=self._trusted, failed=self._bench.say)

    def _trusted(self, _certificate: object) -> None:
        self.test()
