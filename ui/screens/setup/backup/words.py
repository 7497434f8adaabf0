"""The words of the backup tab: steps of long work, outcomes, what a restore would do."""

from typing import Final

from domain.long_work import WorkStep
from domain.ports import IntegrityReport
from services.backups import KeptBackup, RestorePreview
from ui.formatting import PlantTime, number
from ui.text import QT_TRANSLATE_NOOP, data_size, plain, tr

NOTHING: Final = "\u2013"

_STEPS: Final = {
    "copying": QT_TRANSLATE_NOOP("Backup", "Copying {name}"),
    "counting": QT_TRANSLATE_NOOP("Backup", "Counting the rows of {name}"),
    "comparing": QT_TRANSLATE_NOOP("Backup", "Comparing {name} with the server"),
    "checking": QT_TRANSLATE_NOOP("Backup", "Checking every page of {name}"),
    "reading": QT_TRANSLATE_NOOP("Backup", "Taking the fingerprint of {name}"),
    "reading_audit": QT_TRANSLATE_NOOP("Backup", "Walking the audit chains"),
    "reading_history": QT_TRANSLATE_NOOP("Backup", "Reading every chunk of history"),
    "reading_waveforms": QT_TRANSLATE_NOOP("Backup", "Reading every kept waveform"),
}


def step_words(step: WorkStep) -> str:
    """Return what is done now and how far it is: "Copying history.db: 120.0 MB of 800.0 MB"."""
    act = tr("Backup", _STEPS[step.act], name=step.name) if step.act in _STEPS else plain(step.act)
    if step.unit == "bytes" and step.total:
        done, total = data_size(step.done), data_size(step.total)
        return tr("Backup", "{act}: {done} of {total}", act=act, done=done, total=total)
    if step.unit == "tags" and step.total:
        return tr("Backup", "{act}: {done} of {total} tags", act=act, done=step.done, total=step.total)
    if step.unit == "rows" and step.total:
        done, total = number(step.done, 0), number(step.total, 0)
        return tr("Backup", "{act}: {done} of {total} rows", act=act, done=done, total=total)
    if step.unit == "rows" and step.done:
        return tr("Backup", "{act}: {done} rows", act=act, done=number(step.done, 0))
    return act


def holds(kept: KeptBackup) -> str:
    """Return what a copy holds."""
    if kept.problem:
        return NOTHING
    if kept.unreadable:
        return tr("Backup", "plant with history, unreadable pieces: {count}", count=kept.unreadable)
    return tr("Backup", "plant with history") if kept.has_history else tr("Backup", "plant")


_REASONS: Final = {
    "manual": QT_TRANSLATE_NOOP("Backup", "by hand"),
    "upgrade": QT_TRANSLATE_NOOP("Backup", "before an upgrade"),
}


def made_why(kept: KeptBackup) -> str:
    """Return on what occasion a copy was made."""
    if not kept.reason:
        return NOTHING
    return tr("Backup", _REASONS[kept.reason]) if kept.reason in _REASONS else plain(kept.reason).lower()


def integrity_words(report: IntegrityReport) -> str:
    """Return the outcome of a check in one sentence; damaged things are named."""
    if report.is_sound:
        return tr(
            "Backup",
            "The data in use are sound: {audit} audit entries, {chunks} history chunks, {waves} waveforms.",
            audit=report.audit_entries,
            chunks=report.chunks,
            waves=report.waveforms,
        )
    damaged = [report.audit_problem, *report.damaged_chunks, *report.damaged_waveforms]
    return tr("Backup", "Damaged: {what}", what=", ".join(each for each in damaged if each))


def made_at(instant_us: int, plant_time: PlantTime, *, now_us: int) -> str:
    """Return the time of a copy: with seconds today, else with its date; copies are kept for years."""
    local = plant_time.local(instant_us)
    if local.date() == plant_time.local(now_us).date():
        return plant_time.clock(instant_us)
    return f"{local:%Y-%m-%d %H:%M}"


def caution(preview: RestorePreview) -> str:
    """Return what to think of before such a restore; empty when there is nothing unusual."""
    if not preview.is_of_this_plant:
        return tr(
            "Backup",
            "This copy is of another plant. A restore would set this one aside, with all of its history.",
        )
    if preview.needs_upgrade:
        return tr("Backup", "The copy is of an older version; the next start brings it to this one.")
    if "history.db" not in preview.files:
        return tr("Backup", "The copy holds no history: history and waveforms stay as they are.")
    return ""


def table_words(table: str) -> str:
    """Return the name of a stored table as people read it."""
    return plain(table)
