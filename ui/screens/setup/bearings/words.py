"""Words of the bearings tab: what a row of a file is, what is wrong with it, what a point runs in."""

from typing import Final

from services.set_up.bearing_catalogue import BearingUse
from services.set_up.bearing_table import BearingImport, BearingRow, Complaint
from ui.text import QT_TRANSLATE_NOOP, plain, tr
from ui.typed_numbers import shown_number

_COLUMNS: Final = {
    "maker": QT_TRANSLATE_NOOP("Bearings", "maker"),
    "designation": QT_TRANSLATE_NOOP("Bearings", "designation"),
    "elements": QT_TRANSLATE_NOOP("Bearings", "number of elements"),
    "element_diameter_mm": QT_TRANSLATE_NOOP("Bearings", "element diameter d"),
    "pitch_diameter_mm": QT_TRANSLATE_NOOP("Bearings", "pitch diameter D"),
    "contact_angle_deg": QT_TRANSLATE_NOOP("Bearings", "contact angle"),
    "slip_tolerance": QT_TRANSLATE_NOOP("Bearings", "slip tolerance"),
    "source": QT_TRANSLATE_NOOP("Bearings", "source"),
}

_COMPLAINTS: Final = {
    "bearing_designation_missing": QT_TRANSLATE_NOOP("Bearings", "the designation is missing"),
    "bearing_not_a_number": QT_TRANSLATE_NOOP("Bearings", "{column}: '{text}' is not a number"),
    "bearing_impossible": QT_TRANSLATE_NOOP("Bearings", "{column} '{text}': {cure}"),
    "bearing_given_before": QT_TRANSLATE_NOOP("Bearings", "row {row} gives the same type other figures"),
}


_CURES: Final = {
    "elements": QT_TRANSLATE_NOOP("Bearings", "Give a whole number, 3 or more."),
    "element_diameter_mm": QT_TRANSLATE_NOOP("Bearings", "Give millimetres above 0."),
    "pitch_diameter_mm": QT_TRANSLATE_NOOP("Bearings", "Give millimetres above the element diameter."),
    "contact_angle_deg": QT_TRANSLATE_NOOP("Bearings", "Give degrees from 0 to 90."),
    "slip_tolerance": QT_TRANSLATE_NOOP("Bearings", "Give percent from 0 to 20."),
}
_SLIP_IN_A_FILE: Final = QT_TRANSLATE_NOOP(
    "Bearings", "Give a share from 0 to 0.2, or percent with its sign."
)


def cure_words(figure: str) -> str:
    """Return what a figure of a bearing has to be."""
    return tr("Bearings", _CURES[figure])


def column_name(name: str) -> str:
    """Return what a column of a file is called."""
    source = _COLUMNS.get(name)
    return plain(name) if source is None else tr("Bearings", source)


def complaint_words(complaint: Complaint) -> str:
    """Return what is wrong with a row."""
    parameters = dict(complaint.parameters)
    if complaint.key == "bearing_impossible":
        column = str(parameters["column"])
        is_slip = column == "slip_tolerance"
        parameters["cure"] = tr("Bearings", _SLIP_IN_A_FILE) if is_slip else cure_words(column)
    for name, value in parameters.items():
        if name == "column":
            parameters[name] = column_name(str(value))
        elif isinstance(value, float):
            parameters[name] = shown_number(value)
    source = _COMPLAINTS.get(complaint.key)
    return plain(complaint.key) if source is None else tr("Bearings", source, **parameters)


def outcome_words(row: BearingRow) -> str:
    """Return what taking a row in would do."""
    if row.bearing is None:
        return "!  " + "; ".join(complaint_words(each) for each in row.complaints)
    if row.is_known:
        return tr("Bearings", "known already")
    if row.bearing.edition > 1:
        return tr("Bearings", "new figures: edition {edition}", edition=row.bearing.edition)
    return tr("Bearings", "new")


def count_words(found: BearingImport) -> str:
    """Return what taking a file in would do, with counts."""
    wrong = sum(row.bearing is None for row in found.rows)
    known = sum(row.is_known for row in found.rows)
    editions = sum(bearing.edition > 1 for bearing in found.new)
    return tr(
        "Bearings",
        "Rows: {rows}.   New: {new}.   New editions: {editions}.   Known already: {known}.   Wrong: {wrong}.",
        rows=len(found.rows),
        new=len(found.new) - editions,
        editions=editions,
        known=known,
        wrong=wrong,
    )


def missing_words(found: BearingImport) -> str:
    """Return which columns are not known; empty when all that is needed is."""
    if not found.missing:
        return ""
    names = ", ".join(column_name(name) for name in found.missing)
    return tr("Bearings", "Say which column of the file holds: {names}.", names=names)


def use_words(use: BearingUse, newest: int) -> str:
    """Return which edition a point runs in."""
    if use.edition is None:
        return tr("Bearings", "other figures")
    if use.edition < newest:
        return tr("Bearings", "older edition {edition}", edition=use.edition)
    return tr("Bearings", "edition {edition}", edition=use.edition)
