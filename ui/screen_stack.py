"""The screens of a window, one in front: made when first opened, told when they are shown and hidden."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtWidgets import QStackedWidget, QWidget

from ui.context import Context, ScreenFactory
from ui.navigation import Address, room_name
from ui.screens.screen import LastingScreen, Screen
from ui.tasks import Scope
from ui.text import tr
from ui.widgets.notices import EmptyState


class ScreenStack(QStackedWidget):
    """Until there are screens it says that the window connects."""

    def __init__(self) -> None:
        super().__init__()
        self._factories: Mapping[str, ScreenFactory] = {}
        self._screens: dict[str, Screen] = {}
        self._scopes: dict[str, Scope] = {}
        self.front: Screen | None = None
        """The screen that is seen, None while words stand in its place."""
        self._words = EmptyState(
            tr("Shell", "Connecting to the plant\u2026"), why=tr("Shell", "Values appear by themselves.")
        )
        self.addWidget(self._words)

    def set_factories(self, factories: Mapping[str, ScreenFactory]) -> None:
        """Make screens with these, by room."""
        self._factories = dict(factories)

    def open(self, address: Address, context: Context) -> Screen | None:
        """Bring the screen of an address forward; None, and words, when the window has no such screen."""
        factory = self._factories.get(address.room)
        if factory is None:
            room = room_name(address.room)
            self._words.set_words(tr("Shell", "{room} is not available in this window.", room=room))
            self._bring_forward(None, self._words)
            return None
        screen = self._screens.get(address.room)
        if screen is None:
            scope = self._scopes[address.room] = Scope(context.tasks)
            screen = self._screens[address.room] = factory(replace(context, tasks=scope))
            self.addWidget(screen.view)
        screen.open(address.argument)
        self._bring_forward(screen, screen.view)
        return screen

    def show_unavailable(self, words: str, *, why: str) -> None:
        """Say in the place of the screens why there are none."""
        self._factories = {}
        self._words.set_words(words, why=why)
        self._bring_forward(None, self._words)

    def _bring_forward(self, screen: Screen | None, view: QWidget) -> None:
        before, self.front = self.front, screen
        self.setCurrentWidget(view)
        if before is not None and before is not screen:
            before.on_hidden()
        if screen is not None and before is not screen:
            screen.on_shown()

    def renew(self) -> None:
        """Let every screen take new baselines."""
        for screen in self._screens.values():
            screen.renew()

    def rebuild(self) -> None:
        """End the screens that cannot take another set-up; the next address makes them anew."""
        self._end([room for room, each in self._screens.items() if not isinstance(each, LastingScreen)])
        for screen in self._screens.values():
            if isinstance(screen, LastingScreen):
                screen.plant_changed()

    def clear(self) -> None:
        """End every screen."""
        self._end(list(self._screens))

    def _end(self, rooms: list[str]) -> None:
        if self.front in [self._screens[room] for room in rooms]:
            self._bring_forward(None, self._words)
        for room in rooms:
            screen, scope = self._screens.pop(room), self._scopes.pop(room)
            screen.close()
            scope.close()
            self.removeWidget(screen.view)
            screen.view.deleteLater()
