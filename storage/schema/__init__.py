"""Tables and constraints, by the product's five words."""

from storage.schema import condition, plant, records
from storage.schema.columns import METADATA

__all__ = ["METADATA", "condition", "plant", "records"]
