"""Two values of a feature: whether they are the same."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from ..semantics import FeatureValue

TOLERANCE = 1e-9
"""Relative: sums of the same numbers in another order differ in the last digits."""


def same(one: Any, other: Any, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two values are the same; numbers by their value, whatever type they have."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one == other
    return type(one) is type(other) and bool(one == other)


def alike(one: FeatureValue, other: FeatureValue, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two answers are the same: in value and status."""
    return one.status is other.status and same(one.value, other.value, tolerance)
