"""The steady clock goes on while the computer sleeps, on every system [F62]."""

import sys
import time

import pytest

from services.clock import SystemClock


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count a sleep by themselves")
def test_f62_a_sleep_counts() -> None:
    before_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before_s <= SystemClock().monotonic_s() <= time.clock_gettime(time.CLOCK_BOOTTIME)
