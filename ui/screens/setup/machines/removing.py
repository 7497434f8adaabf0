"""Removing a thing of the plant: the question with what goes along, and the act for the thing asked about."""

from functools import partial
from uuid import UUID

from domain.plant.assets import MeasurementPoint
from domain.plant.plant import Plant
from ui.screens.setup.machines import lane_acts
from ui.screens.setup.machines.adding import Stage
from ui.screens.setup.machines.nodes import Thing, is_brought, thing_in
from ui.screens.setup.machines.values_panel import tags_below
from ui.screens.setup.machines.words import removal_effect
from ui.text import tr


class Removing:
    """Part of the tab. What was asked about is what goes, whatever is chosen meanwhile."""

    def __init__(self, tab: Stage) -> None:
        self._tab = tab
        self._asked: Thing | None = None
        self._left: UUID | None = None
        tab.view.editor.remove_asked.connect(self.ask)
        tab.view.question.confirmed.connect(self._remove)
        tab.view.question.cancelled.connect(self.end)

    def ask(self) -> None:
        """Ask about what is chosen."""
        thing = self._tab.shown
        if thing is None:
            return
        self._asked = thing
        self._tab.view.editor.setEnabled(False)
        self._tab.view.question.ask(
            tr("Machines", "Remove {name}?", name=thing.name),
            effect=self._effect_of(thing),
            act=tr("Machines", "Remove"),
        )

    def end(self) -> None:
        """Put the question away."""
        self._asked = None
        self._tab.view.put_question_away()

    def check(self, plant: Plant) -> None:
        """Put the question away when what it is about is gone or another one by now."""
        if self._asked is not None and thing_in(plant, self._asked.id) != self._asked:
            self.end()

    def place_left(self) -> UUID | None:
        """Return where something was removed just now, once."""
        left, self._left = self._left, None
        return left

    def forget(self) -> None:
        """Nothing was removed after all."""
        self._left = None

    def _effect_of(self, thing: Thing) -> str:
        plant = self._tab.plant
        tags = tags_below(thing, plant)
        values = sum(is_brought(tag) for tag in tags)
        points = 0 if isinstance(thing, MeasurementPoint) else len(plant.points_of(thing.id))
        return removal_effect(points=points, values=values, figures=len(tags) - values)

    def _remove(self, reason: str) -> None:
        thing = self._asked
        self.end()
        if isinstance(thing, MeasurementPoint):
            self._left = thing.asset_id
            self._tab.acts.run(partial(lane_acts.remove_point, thing), name=thing.name)
        elif thing is not None:
            self._left = thing.parent_id
            self._tab.acts.run(partial(lane_acts.remove_asset, thing.id), name=thing.name)
