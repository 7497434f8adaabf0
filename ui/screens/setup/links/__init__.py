"""Link audit: what each machine's links bring, how fresh it is and what was lost."""

from ui.screens.setup.links.tab import make_tab

__all__ = ["make_tab"]
