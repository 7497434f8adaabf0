"""A workbook as makers send them: a sheet of words, then one table a maker."""

from pathlib import Path

import openpyxl

HEADER = ("maker", "type", "n", "d", "dm")


def workbook_of_bearings(path: Path) -> Path:
    """Write a workbook whose first sheet names no columns."""
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(("Bearings of the bottling line",))
    for maker, elements in (("SKF", 9), ("FAG", 8)):
        sheet = book.create_sheet(maker)
        sheet.append(HEADER)
        sheet.append((maker, "6205", elements, 7.94, 39.04))
    book.save(path)
    return path
