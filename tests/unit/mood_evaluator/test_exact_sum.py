"""A sum of floats without rounding, beside `math.fsum` and fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from mood_evaluator.exact_sum import exact_sum


def test_a_sum_equals_that_of_fractions_in_any_order() -> None:
    random = np.random.default_rng(1)
    for _ in range(1_000):
        values = random.random(random.integers(1, 60)) * 10.0 ** random.integers(-300, 15)
        found = exact_sum(values)
        assert found == sum(map(Fraction, values.tolist())) == exact_sum(random.permutation(values))
        assert float(found) == math.fsum(values)


@pytest.mark.parametrize("values", [[], [0.0], [5e-324, 1e300], [1.0, 2**-53, 2**-53], [0.1] * 10])
def test_what_floats_lose_is_kept(values: list[float]) -> None:
    assert exact_sum(np.array(values, np.float64)) == sum(map(Fraction, values), Fraction(0))


def test_millions_of_values_are_added_in_blocks() -> None:
    values = np.random.default_rng(2).random(2_500_001)
    assert float(exact_sum(values)) == math.fsum(values)
