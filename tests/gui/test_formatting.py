"""Values as the operator reads them [NEW-14]."""

from PySide6.QtCore import QLocale

from domain.errors import NotPermitted, StorageError
from domain.plant.quality import BAD_STALE, UNCERTAIN_CLOCK, Quality, QualityCause, QualityClass, QualityFlag
from ui import formatting, text
from ui.formatting import PlantTime, present

NOV_12_0945_UTC = 1_794_476_718_000_000  # 2026-11-12 09:45:18


def test_numbers_follow_digits_and_locale() -> None:
    german = QLocale(QLocale.Language.German)
    assert formatting.number(17310.25, 1, locale=QLocale(QLocale.Language.English)) in (
        "17,310.2",
        "17,310.3",
    )
    assert formatting.number(7.1, 2, locale=german) == "7,10"
    assert formatting.number(-18, 0) == "\u221218"
    assert formatting.number(-0.001, 1) == "0.0"
    assert formatting.number(float("nan"), 1) == "\u2013 \u2013"
    assert formatting.number(2.1, 1, signed=True) == "+2.1"
    assert formatting.significant(0.0123456) == "0.01235"


def test_ages_and_durations() -> None:
    assert [formatting.age(s) for s in (4, 240, 7200, 200_000)] == ["4 s", "4 min", "2 h", "2 d"]
    assert formatting.duration(191) == "0:03:11"
    assert formatting.duration(90_000) == "1 d 1 h"


def test_quality_shows_as_itself() -> None:
    assert present(4.6, unit="mm/s", digits=1).text == "4.6"
    assert present(4.6, unit="mm/s", digits=1, quality=UNCERTAIN_CLOCK).text == "~4.6"
    stale = present(4.6, unit="mm/s", digits=1, quality=BAD_STALE, age_s=250)
    assert (stale.text, stale.is_dimmed, stale.age) == ("4.6", True, "4 min")
    bad = Quality(QualityClass.BAD, QualityCause.COMMUNICATION_LOST, QualityFlag.SIMULATED)
    shown = present(4.6, unit="mm/s", digits=1, quality=bad)
    assert (shown.text, shown.is_hatched, shown.mark) == ("\u2013 \u2013", True, "SIM")
    assert present(None, unit="g", digits=2).is_hatched
    manual = Quality(flags=QualityFlag.MANUAL)
    assert present(1.0, unit="g", digits=1, quality=manual).mark == "HAND"


def test_times_are_plant_times() -> None:
    berlin = PlantTime("Europe/Berlin")
    assert berlin.clock(NOV_12_0945_UTC) == "10:45:18"
    assert berlin.day(NOV_12_0945_UTC) == "Thu 12 Nov"
    assert berlin.stamp(NOV_12_0945_UTC, now_us=NOV_12_0945_UTC + 1).startswith("10:45")
    assert berlin.stamp(NOV_12_0945_UTC, now_us=NOV_12_0945_UTC + 86_400_000_000) == "Thu 12 Nov 10:45:18"


def test_unknown_keys_still_speak() -> None:
    assert text.alarm_message("value_high", label="Outer race") == "Outer race above limit"
    assert text.alarm_message("dew_point_high", label="Dryer") == "Dryer: dew point high"
    assert text.refusal("no_sensor_fitted") == "no sensor fitted"
    assert "log" in text.error_words(ValueError("secret"))


def test_our_errors_are_worded_with_their_parameters() -> None:
    refused = NotPermitted("no", key="not_permitted", roles=["operator", "plant_manager"])
    assert text.error_words(refused) == "Your role may not do this. Allowed: operator, plant manager."
    assert text.error_words(StorageError("The file is gone.", key="never_heard")) == "The file is gone."
