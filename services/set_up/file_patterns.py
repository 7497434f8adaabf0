"""Which files of a folder bring a value: patterns such as "PumpA_*.csv", as a person types them [ACQ-2]."""

import re
from collections.abc import Mapping
from typing import Final

from acquisition.addresses import FILE_ENDINGS, FilesAddress
from domain.plant.discovery import FoundItem

PATTERN_MISSING: Final = "pattern_missing"
PATTERN_FOLDER: Final = "pattern_folder"
PATTERN_ENDING: Final = "pattern_ending"

_CHANGING: Final = re.compile(r"[-_ .(#]*\*[-_ .)]*")


def pattern_problem(pattern: str) -> str:
    """Return the key of what is wrong with a pattern, "" for nothing."""
    if not pattern:
        return PATTERN_MISSING
    if "/" in pattern or "\\" in pattern:
        return PATTERN_FOLDER
    if not pattern.endswith("*") and not pattern.casefold().endswith(FILE_ENDINGS):
        return PATTERN_ENDING
    return ""


def is_of_tables(address: Mapping[str, object]) -> bool:
    """Say whether a value comes in tables: their columns can be single values or a waveform."""
    return str(address.get("file", "")).casefold().endswith((".csv", ".csv.gz"))


def stem_of(pattern: str) -> str:
    """Return what the names of all such files have in common: that of "PumpA_*.csv" is "PumpA"."""
    ending = next((each for each in FILE_ENDINGS if pattern.casefold().endswith(each)), "")
    stem = pattern[: len(pattern) - len(ending)].replace("[[]", "[").replace("[*]", " ").replace("[?]", " ")
    return _CHANGING.sub(" ", stem).strip()


def brings(address: Mapping[str, object], item: FoundItem) -> bool:
    """Say whether a value takes this channel of a listed file, by whichever pattern."""
    wanted = FilesAddress.from_plain(address)
    return wanted.channel == item.name and wanted.fits(item.place.removesuffix(f"#{item.name}"))
