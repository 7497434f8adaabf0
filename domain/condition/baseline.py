"""What is normal for one figure, as a value."""

from dataclasses import dataclass

NARROWEST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class RobustBaseline:
    """Median and robust spread of a healthy figure and how many observations stand behind them."""

    median: float
    sigma: float
    count: int

    @property
    def upper(self) -> float:
        """Upper edge of the normal band: three sigmas, at least a tenth above the median."""
        return self.median + max(3 * self.sigma, NARROWEST_SHARE * abs(self.median))

    @property
    def lower(self) -> float:
        """Lower edge of the normal band."""
        return self.median - max(3 * self.sigma, NARROWEST_SHARE * abs(self.median))
