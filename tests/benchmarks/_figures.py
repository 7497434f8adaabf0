"""What every benchmark prints: one JSON line a figure, with the raw limit measured in the same run."""

import json
import time
from collections.abc import Callable

import numpy as np


def tell(name: str, value: float, unit: str, *, limit: float, limit_name: str) -> None:
    """Print one figure with the raw limit of the same run."""
    line = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "limit": round(limit, 4),
        "limit_name": limit_name,
        "ratio": round(value / limit, 3) if limit else None,
    }
    print(json.dumps(line), flush=True)


def cpu_us(work: Callable[[], object], *, times: int) -> float:
    """Return the CPU microseconds of one call, the best of three rounds."""
    work()
    rounds = []
    for _ in range(3):
        begun = time.process_time_ns()
        for _ in range(times):
            work()
        rounds.append((time.process_time_ns() - begun) / times / 1e3)
    return float(np.min(rounds))
