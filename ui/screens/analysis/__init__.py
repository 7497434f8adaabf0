"""Analysis: spectrum, waveform, envelope, waterfall and bands of one measurement point, with evidence."""

from services.workstation import Workstation
from ui.context import Context, ScreenFactory
from ui.screens.screen import Screen


def make_analysis(workstation: Workstation) -> ScreenFactory:
    """Return the factory of the screen "analysis"; addresses read ``analysis/<point id>``."""

    def make(context: Context) -> Screen:
        from ui.screens.analysis.screen import AnalysisScreen

        return AnalysisScreen(workstation, context)

    return make
