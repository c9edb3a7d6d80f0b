"""Two values of a feature: whether they are the same, and if not, in what."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from ..semantics import FeatureValue, Status

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


def kind_of_difference(online: FeatureValue, offline: FeatureValue, tolerance: float = TOLERANCE) -> str | None:
    """Say in what two answers differ: `ttl`, `type`, `value` or `status`; None if they are the same."""
    if (online.status is Status.EXPIRED) != (offline.status is Status.EXPIRED):
        return "ttl"
    if same(online.value, offline.value, tolerance):
        return None if online.status is offline.status else "status"
    if _loosely_same(online.value, offline.value, tolerance):
        return "type"
    return "value"


def _loosely_same(one: Any, other: Any, tolerance: float) -> bool:
    if type(one) is type(other) or one is None or other is None:
        return False
    try:
        return str(one) == str(other) or math.isclose(float(one), float(other), rel_tol=tolerance)
    except (TypeError, ValueError):
        return False
