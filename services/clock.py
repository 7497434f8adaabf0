"""The system's clock, the only place where time is read."""

import sys
import time

if sys.platform == "linux":

    def _steady_s() -> float:
        """Count a sleep of the computer too, as Windows does: what was fresh before it is old after it."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:
    _steady_s = time.monotonic


class SystemClock:
    """Wall time in microseconds UTC and steady seconds, which go on while the computer sleeps [F62]."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return _steady_s()
