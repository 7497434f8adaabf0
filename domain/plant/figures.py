"""Names and digits of the figures that analysis writes for a point, and the tags that hold them."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from domain.plant.assets import MeasurementPoint
from domain.plant.tags import FEATURE_UNITS, Feature, Tag, TagDtype, TagKind

FIGURE_LABELS: Final = {
    Feature.VELOCITY_RMS: "vibration",
    Feature.ACCELERATION_RMS: "acceleration",
    Feature.ACCELERATION_PEAK: "peak",
    Feature.ENVELOPE_RMS: "envelope",
    Feature.ORDER_1X: "1\u00d7 order",
    Feature.ORDER_2X: "2\u00d7 order",
}
FIGURE_DIGITS: Final = {
    Feature.VELOCITY_RMS: 2,
    Feature.CREST_FACTOR: 1,
    Feature.KURTOSIS: 1,
    Feature.HEALTH: 0,
}
POINT_FIGURES: Final = tuple(feature for feature in FEATURE_UNITS if feature is not Feature.HEALTH)


def figure_label(point_label: str, feature: Feature) -> str:
    """Return the label of a figure of a point."""
    return f"{point_label} {FIGURE_LABELS.get(feature, feature.value.replace('_', ' '))}"


def figure_digits(feature: Feature) -> int:
    """Return the decimals with which a figure is shown."""
    return FIGURE_DIGITS.get(feature, 3)


def figure_tags(
    point: MeasurementPoint, *, name: str, period_s: float, new_id: Callable[[], UUID]
) -> tuple[Tag, ...]:
    """Return the derived tags of a vibration point, their keys still 0; ``name`` begins their names."""
    return tuple(
        Tag(
            new_id(),
            0,
            f"{name}.{feature.value}",
            figure_label(point.name, feature),
            TagKind.DERIVED,
            FEATURE_UNITS[feature],
            point.asset_id,
            point_id=point.id,
            feature=feature,
            dtype=TagDtype.FLOAT32,
            digits=figure_digits(feature),
            period_s=period_s,
        )
        for feature in POINT_FIGURES
    )
