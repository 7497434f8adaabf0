"""What an act of setting up is called when it is done, taken back or done again."""

from typing import Final

from ui.text import QT_TRANSLATE_NOOP, plain, tr

_DONE: Final = {
    "link_added": QT_TRANSLATE_NOOP("Edits", "Connected: {name}"),
    "link_changed": QT_TRANSLATE_NOOP("Edits", "Saved: {name}"),
    "values_changed": QT_TRANSLATE_NOOP("Edits", "Values saved: {name}"),
    "link_removed": QT_TRANSLATE_NOOP("Edits", "Removed: {name}"),
    "line_added": QT_TRANSLATE_NOOP("Edits", "Line added: {name}"),
    "machine_added": QT_TRANSLATE_NOOP("Edits", "Machine added: {name}"),
    "point_added": QT_TRANSLATE_NOOP("Edits", "Point added: {name}"),
    "asset_changed": QT_TRANSLATE_NOOP("Edits", "Saved: {name}"),
    "point_changed": QT_TRANSLATE_NOOP("Edits", "Saved: {name}"),
    "asset_moved": QT_TRANSLATE_NOOP("Edits", "Moved in the flow: {name}"),
    "asset_removed": QT_TRANSLATE_NOOP("Edits", "Removed: {name}"),
    "point_removed": QT_TRANSLATE_NOOP("Edits", "Removed: {name}"),
    "values_removed": QT_TRANSLATE_NOOP("Edits", "Values removed or set waiting: {name}"),
    "bearing_added": QT_TRANSLATE_NOOP("Edits", "Bearing added: {name}"),
    "bearings_taken": QT_TRANSLATE_NOOP("Edits", "Bearings taken in: {name}"),
    "set_up_imported": QT_TRANSLATE_NOOP("Edits", "Set-up imported: {name}"),
    "site_changed": QT_TRANSLATE_NOOP("Edits", "Saved: {name}"),
}

_TURNED: Final = {
    "undo": QT_TRANSLATE_NOOP("Edits", "Taken back \u2013 {words}"),
    "redo": QT_TRANSLATE_NOOP("Edits", "Done again \u2013 {words}"),
}


def edit_words(title_key: str, name: str) -> str:
    """Return "Machine added: Feed pump"."""
    source = _DONE.get(title_key)
    return f"{plain(title_key)}: {name}" if source is None else tr("Edits", source, name=name)


def turned_words(turn: str, words: str) -> str:
    """Return what an undo or a redo did."""
    return tr("Edits", _TURNED[turn], words=words)
