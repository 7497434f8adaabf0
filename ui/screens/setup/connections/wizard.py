"""Setting up one device: coming and going, from step to step, and the end."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from domain.plant.plant import Plant
from services.set_up.configuration import Edit
from services.set_up.link_draft import DEVICE, OFFER, STEPS, VALUES, LinkDraft
from services.set_up.link_values import complaints_of
from services.set_up.machine_classes import machine_classes
from services.set_up.plant_setup import Draft, PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.setup.connections.bench import Bench
from ui.screens.setup.connections.device_step import DeviceStep
from ui.screens.setup.connections.draft_keeper import DraftKeeper
from ui.screens.setup.connections.offer_step import BROWSED, OfferStep
from ui.screens.setup.connections.probe_desk import ProbeDesk
from ui.screens.setup.connections.value_step import ValueStep
from ui.screens.setup.connections.wizard_view import WizardView
from ui.text import error_words, tr, tr_n

Finished = Callable[[Edit | None, str], None]


class Wizard:
    """Everything here runs in the main thread; the device and the database are asked in their own lanes."""

    def __init__(self, workstation: Workstation, context: Context, *, finished: Finished) -> None:
        """``finished`` is told what was stored, None when the person went away, and the device's name."""
        self._context, self._finished = context, finished
        self._setup = PlantSetup(workstation.store, clock=context.clock, by=workstation.actor)
        self._is_storing = False
        self.view = WizardView(machine_classes())
        self.keeper = DraftKeeper(
            self._setup, context, changed=self._show, kept=self._show_head, failed=self._say_problem
        )
        self._bench = Bench(
            workstation, context, self._setup, self.keeper, ProbeDesk(workstation.store.folder.pki),
            workstation.monitoring.plant, self._say_problem,
        )  # fmt: skip
        self._device = DeviceStep(self._bench, self.view.device)
        self._offer = OfferStep(
            self._bench, self.view.browse, self.view.registers, told=partial(self.view.say, is_marked=False)
        )
        self._values = ValueStep(self._bench, self.view.values, plant_known=self.plant_changed)
        self._steps: Mapping[str, DeviceStep | OfferStep | ValueStep]
        self._steps = {DEVICE: self._device, OFFER: self._offer, VALUES: self._values}
        self._connect()

    def _connect(self) -> None:
        view = self.view
        view.step_chosen.connect(self.go)
        view.back_asked.connect(self._back)
        view.next_asked.connect(self._next)
        view.left.connect(self.leave)
        view.discarded.connect(self._discard)
        view.undo_asked.connect(self._undo)
        view.redo_asked.connect(self._redo)

    # ---- coming and going

    def begin(self, draft: LinkDraft, kept: Draft | None = None) -> None:
        """Take up a draft."""
        for step in self._steps.values():
            step.begin()
        self.keeper.begin(draft, kept)
        if draft.step == OFFER:
            self._offer.enter()

    def look(self, now_us: int) -> None:
        """Do what is due; called twice a second while the wizard is in front."""
        if not self.keeper.is_open:
            return
        self.keeper.keep_if_due(now_us)
        if self.draft.step == OFFER:
            self._offer.look()
        elif self.draft.step == VALUES:
            self._values.look(now_us)

    @property
    def draft(self) -> LinkDraft:
        """The draft as it is now."""
        return self.keeper.draft

    def plant_changed(self, plant: Plant) -> None:
        """The set-up is another one; what a person typed or chose stays."""
        self._offer.finish()
        self._bench.plant = plant
        if self.keeper.is_open:
            self._values.rematch()
            self._show()

    def pause(self) -> None:
        """Let go of the device for as long as nobody looks."""
        self._bench.desk.close()
        for step in self._steps.values():
            step.pause()

    def leave(self) -> None:
        """Go away; the draft stays."""
        if self.keeper.is_open:
            name = self.draft.name.strip()
            self.close()
            self._finished(None, name)

    def _discard(self) -> None:
        name = self.draft.name.strip()
        self._offer.give_up()
        self.keeper.put_away()
        self._bench.desk.close()
        self._finished(None, name)

    def close(self) -> None:
        """Keep the draft and let go of the device."""
        self._offer.finish()
        if self.keeper.is_open:
            self.keeper.leave()
        self._bench.desk.close()

    # ---- steps

    def go(self, step: str) -> None:
        """Go to a step, when what is being chosen is.

        Step 1 is left only when the device could be reached by what was answered.
        """
        if step != DEVICE and not self._device.is_complete:
            self.keeper.change(replace(self.draft, step=DEVICE), is_step=False)
            self._device.complain()
            self.view.say(tr("Link", "Answer what is marked first."))
            return
        if step != self.draft.step and self._offer.is_busy:
            self._offer.when_chosen(partial(self.go, step))
            self.view.steps.choose(self.draft.step)
            return
        if step == self.draft.step:
            self._show()
        self.keeper.change(replace(self.draft, step=step), is_step=False)
        if step == OFFER:
            self._offer.enter()
        if step == VALUES:
            self._values.reader.ask_soon()

    def _back(self) -> None:
        self.go(STEPS[max(0, STEPS.index(self.draft.step) - 1)])

    def _next(self) -> None:
        place = STEPS.index(self.draft.step)
        if place + 1 < len(STEPS):
            self.go(STEPS[place + 1])
        else:
            self._store()

    def _show(self) -> None:
        if not self.keeper.is_open:
            return
        self.view.show_step(self.draft, can_browse=self.draft.kind in BROWSED)
        self._show_head()
        self._steps[self.draft.step].show()

    def _show_head(self) -> None:
        self.view.show_head(self.draft, self._kept_words())

    def _undo(self) -> None:
        """Take back what is under way, else the last change."""
        if not self._offer.give_up():
            self.keeper.undo()

    def _redo(self) -> None:
        """End what is under way, for it is the newest change; else go forth again."""
        self._offer.finish()
        self.keeper.redo()

    def _kept_words(self) -> str:
        kept_us = self.keeper.kept_us
        if kept_us is None:
            return ""
        return tr("Link", "draft kept {time}", time=self._context.plant_time().minutes(kept_us))

    def _say_problem(self, problem: BaseException) -> None:
        self.view.say(error_words(problem))

    # ---- the end

    def _store(self) -> None:
        self._offer.finish()
        draft = self.draft
        complaints = complaints_of(draft.values, self._bench.plant, draft.connection)
        if complaints:
            self.view.values.table.select(next(iter(complaints)))
            self.view.say(
                tr_n(
                    "Link",
                    "{count} value still has something to do.",
                    "{count} values still have something to do.",
                    count=len(complaints),
                )
            )
            return
        if self._is_storing:
            return
        self._is_storing = True
        self.view.say(tr("Link", "Storing\u2026"), is_marked=False)
        work = partial(self._setup.apply_link, draft.connection, draft.values, removed=draft.removed)
        self._context.tasks.run(work, done=self._stored, failed=self._store_failed)

    def _stored(self, edit: Edit) -> None:
        self._is_storing = False
        name = self.draft.name.strip()
        self._offer.give_up()
        self.keeper.put_away()
        self._bench.desk.close()
        self._finished(edit, name)

    def _store_failed(self, problem: BaseException) -> None:
        self._is_storing = False
        self._say_problem(problem)
