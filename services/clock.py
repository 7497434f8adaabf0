"""The system's clock, the only place where time is read."""

import time


class SystemClock:
    """Wall time in microseconds UTC and monotonic seconds."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()
