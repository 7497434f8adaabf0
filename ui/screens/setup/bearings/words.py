"""Words of the bearings tab: what a row of a file is, what is wrong with it, what a point runs in."""

from typing import Final

from services.set_up.bearing_catalogue import BearingImport, BearingRow, BearingUse, Complaint
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
}

_COMPLAINTS: Final = {
    "bearing_designation_missing": QT_TRANSLATE_NOOP("Bearings", "the designation is missing"),
    "bearing_not_a_number": QT_TRANSLATE_NOOP("Bearings", "{column}: '{text}' is not a number"),
    "bearing_not_whole": QT_TRANSLATE_NOOP("Bearings", "number of elements: '{text}' is not a whole number"),
    "bearing_impossible": QT_TRANSLATE_NOOP(
        "Bearings", "no bearing has {elements} elements, d {small} and D {large}: at least 3, and d below D"
    ),
    "bearing_given_before": QT_TRANSLATE_NOOP("Bearings", "row {row} gives the same type other figures"),
}


def column_name(name: str) -> str:
    """Return what a column of a file is called."""
    source = _COLUMNS.get(name)
    return plain(name) if source is None else tr("Bearings", source)


def complaint_words(complaint: Complaint) -> str:
    """Return what is wrong with a row."""
    parameters = dict(complaint.parameters)
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


def use_words(use: BearingUse, newest: int) -> str:
    """Return which edition a point runs in."""
    if use.edition is None:
        return tr("Bearings", "other figures")
    if use.edition < newest:
        return tr("Bearings", "older edition {edition}", edition=use.edition)
    return tr("Bearings", "edition {edition}", edition=use.edition)
