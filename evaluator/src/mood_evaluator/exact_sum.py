"""Sums of floats without any rounding: the same in every order, and on every machine."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

_BITS = 53  # of a float64's mantissa
_LOW = 26  # of them, added apart: sums of 2**26 halves of 27 bits are exact in float64
_BLOCK = 1 << 20


def exact_sum(values: npt.NDArray[np.float64]) -> Fraction:
    """Return the sum of finite `values` (n,), as `math.fsum` would before it rounds."""
    blocks = (values[start : start + _BLOCK] for start in range(0, values.size, _BLOCK))
    return sum(map(_sum_block, blocks), Fraction(0))


def _sum_block(values: npt.NDArray[np.float64]) -> Fraction:
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, _BITS).astype(np.int64)  # each value is whole * 2 ** (exponent - 53)
    lowest = int(exponents.min())
    places = exponents - lowest
    high, low = (np.bincount(places, weights=part) for part in (whole >> _LOW, whole & ((1 << _LOW) - 1)))
    total = sum(_whole(high[place], low[place]) << int(place) for place in np.flatnonzero(high + low))
    return total * Fraction(2) ** (lowest - _BITS)


def _whole(high: Any, low: Any) -> int:
    return (int(high) << _LOW) + int(low)
