"""Where an axis has its marks."""

from __future__ import annotations

import math

_LARGEST, _SMALLEST = 1e307, 1e-300  # so that no step overflows or vanishes


def ticks(low: float, high: float, whole: bool = False, about: int = 5) -> list[float]:
    """Choose round numbers from `low` on, so that the last is not below `high`.

    Parameters
    ----------
    low, high
        Range of the values.
    whole
        Only whole numbers.
    about
        How many steps to aim at.

    Returns
    -------
    list of float
        Steps of 1, 2, 2.5 or 5 times a power of ten.

    Examples
    --------
    >>> ticks(0, 4.6)
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    step = _step(low, high, whole, about)
    return [round(low + step * number, 10) for number in range(math.ceil((high - low) / step - 1e-9) + 1)]


def ticks_around(low: float, high: float, whole: bool = False, about: int = 4) -> list[float]:
    """Choose round numbers, the first not above `low` and the last not below `high`.

    A value beyond 10^307 lies outside, and a range below 10^-300 is as one value.

    Parameters
    ----------
    low, high
        Range of the values.
    whole
        Only whole numbers.
    about
        How many steps to aim at.

    Examples
    --------
    >>> ticks_around(0.912, 0.958)
    [0.9, 0.92, 0.94, 0.96]
    >>> ticks_around(3.0, 3.0)
    [2.0, 2.5, 3.0, 3.5, 4.0]
    """
    low, high = (max(-_LARGEST, min(value, _LARGEST)) for value in (low, high))
    if math.isclose(high, low, abs_tol=_SMALLEST):
        room = abs(low) / 3 or 1.0
        low, high = low - room, high + room
    step = _step(low, high, whole, about)
    digits = 12 - math.floor(math.log10(max(abs(low), abs(high), step)))
    return [
        round(step * number, digits)
        for number in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
    ]


def _step(low: float, high: float, whole: bool, about: int) -> float:
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return math.ceil(step) if whole else step
