"""What the three steps share: the draft, the device under test, the plant, and the services behind them."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.plant.plant import Plant
from services.set_up.link_draft import LinkDraft
from services.set_up.plant_setup import PlantSetup
from services.workstation import Workstation
from ui.context import Context
from ui.screens.setup.connections.draft_keeper import DraftKeeper
from ui.screens.setup.connections.probe_desk import ProbeDesk


@dataclass
class Bench:
    """``say`` puts a problem into words beside the buttons of the wizard."""

    workstation: Workstation
    context: Context
    setup: PlantSetup
    keeper: DraftKeeper
    desk: ProbeDesk
    plant: Plant
    say: Callable[[BaseException], None]

    @property
    def draft(self) -> LinkDraft:
        """The draft as it is now."""
        return self.keeper.draft

    def device(self) -> ProbeDesk:
        """Return the desk, turned to the device of the draft."""
        self.desk.look_at(self.draft.connection)
        return self.desk
