"""The one table of keys: the shell binds from it, the help page of all keys is made from it."""

from dataclasses import dataclass

from ui.text import tr


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key, what it does and where. ``act`` names the shell's act; empty when a plot or table owns it."""

    keys: str
    words: str
    group: str
    act: str = ""


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("Ctrl+1", "Overview", "Screens", "go_1"),
    Shortcut("Ctrl+2", "Alarms", "Screens", "go_2"),
    Shortcut("Ctrl+3", "Asset", "Screens", "go_3"),
    Shortcut("Ctrl+4", "Trends", "Screens", "go_4"),
    Shortcut("Ctrl+5", "Analysis", "Screens", "go_5"),
    Shortcut("Ctrl+0", "Setup", "Screens", "go_0"),
    Shortcut("Alt+Left", "Back", "Screens", "back"),
    Shortcut("Alt+Right", "Forward", "Screens", "forward"),
    Shortcut("Ctrl+K", "Search everything", "Screens", "search"),
    Shortcut("F6", "Next pane", "Screens", "next_pane"),
    Shortcut("Shift+F6", "Previous pane", "Screens", "previous_pane"),
    Shortcut("F11", "Full screen", "Screens", "full_screen"),
    Shortcut("Ctrl+Shift+D", "Day or night theme", "Screens", "theme"),
    Shortcut("F1", "Help for this screen", "Help", "help"),
    Shortcut("Shift+F1", "All keys", "Help", "all_keys"),
    Shortcut("F9", "Acknowledge the selected alarm", "Alarms", "acknowledge"),
    Shortcut("Shift+F9", "Acknowledge all rows now visible", "Alarms", "acknowledge_visible"),
    Shortcut("F5", "Freeze or thaw the screen", "Alarms", "freeze"),
    Shortcut("Ctrl+O", "Write down an observation at the machine", "Asset", "observe"),
    Shortcut("Ctrl+R", "Enter the readings of the machine", "Asset", "enter_readings"),
    Shortcut("Ctrl+N", "Add a device", "Setup"),
    Shortcut("Ctrl+T", "Test the device", "Setup"),
    Shortcut("Ctrl+I", "Read a register list", "Setup"),
    Shortcut("Ctrl+Enter", "Go on, or save", "Setup"),
    Shortcut("Ctrl+Z  Ctrl+Y", "Take the last act back, do it again", "Setup"),
    Shortcut("Alt+\u2191  Alt+\u2193", "Move in the flow of material", "Setup"),
    Shortcut("Ctrl+F", "Filter this screen", "Tables", "filter"),
    Shortcut("Enter", "Open the selected row", "Tables"),
    Shortcut("Ctrl+E", "Export what is shown", "Tables"),
    Shortcut("Ctrl+C", "Copy the selected rows with headers", "Tables"),
    Shortcut("+  \u2212", "Zoom in, out", "Plots"),
    Shortcut("\u2190  \u2192  \u2191  \u2193", "Pan", "Plots"),
    Shortcut("Backspace", "Take the last zoom back", "Plots"),
    Shortcut("Home", "Show everything", "Plots"),
    Shortcut("Space", "Pause or go on live", "Plots"),
    Shortcut("C, Shift+C", "Cursor A, cursor B", "Plots"),
    Shortcut(",  .", "Step the cursor", "Plots"),
    Shortcut("Ctrl+,  Ctrl+.", "Previous, next peak", "Plots"),
    Shortcut("H, S", "Harmonics, sidebands (Shift for more)", "Spectrum"),
    Shortcut("M, P", "Fault frequencies, peak labels", "Spectrum"),
    Shortcut("B", "Baseline", "Spectrum"),
    Shortcut("O", "Hz, CPM, orders", "Spectrum"),
    Shortcut("L", "Logarithmic, linear, decibel", "Spectrum"),
)


def keys_page() -> str:
    """Return the help page of all keys as Markdown."""
    groups: dict[str, list[Shortcut]] = {}
    for shortcut in SHORTCUTS:
        groups.setdefault(shortcut.group, []).append(shortcut)
    head = f"| {tr('Keys', 'Key')} | {tr('Keys', 'Does')} |\n|---|---|"
    parts = []
    for group, members in groups.items():
        rows = "\n".join(f"| **{each.keys}** | {tr('Keys', each.words)} |" for each in members)
        parts.append(f"### {tr('Keys', group)}\n\n{head}\n{rows}\n")
    return "\n".join(parts)
