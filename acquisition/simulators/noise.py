"""Random numbers as pure functions of (seed, index): the same whenever and wherever asked for."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stable_seed(seed: int, *names: str) -> int:
    """Return a 63-bit seed for a named stream, the same in every process and Python version."""
    value = seed & 0x7FFF_FFFF_FFFF_FFFF
    for name in names:
        for byte in name.encode():
            value = (value ^ byte) * 0x100000001B3 & 0x7FFF_FFFF_FFFF_FFFF
    return value


def uniform(seed: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return one number in [0, 1) per index (splitmix64; Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        state = index.astype(np.uint64) * _GOLDEN + np.uint64(seed)
        state = (state ^ (state >> np.uint64(30))) * _MIX_1
        state = (state ^ (state >> np.uint64(27))) * _MIX_2
        state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def near_normal(seed: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return numbers of mean 0 and variance 1: the sum of four uniforms, so never beyond 3.5 sigma."""
    total = sum(uniform(seed + stream, index) for stream in range(4))
    result: NDArray[np.float64] = (total - 2.0) * np.sqrt(3.0)
    return result


def white_block(seed: int, *, block: int, length: int) -> NDArray[np.float32]:
    """Return one block of Gaussian white noise, keyed by its number."""
    key = np.array([seed, block & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(length, dtype=np.float32)
