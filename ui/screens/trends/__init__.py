"""Trends: stacked curves of any tags over one time axis, live and past in one plot."""

from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.screens.screen import Screen


def make_trends(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the screen "trends"; addresses read ``trends/<tag key>,<tag key>``."""

    def make(context: Context) -> Screen:
        from ui.screens.trends.screen import TrendsScreen

        return TrendsScreen(workstation, context)

    return make
