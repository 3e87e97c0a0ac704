"""The grid of values that all grown scans share."""

import numpy as np

from mood_test_sets.volume import FULL, VISIBLE, quantize


def test_values_are_clipped_and_rounded_to_the_grid() -> None:
    assert quantize(np.array([-1.0, 0.0, 0.5, 1.0, 7.0])).tolist() == [0, 0, FULL // 2, FULL, FULL]


def test_every_level_is_exact_in_float32() -> None:
    levels = np.arange(FULL + 1)
    assert np.array_equal((levels * np.float32(1 / FULL)).astype(np.float64), levels / FULL)


def test_a_change_of_half_a_percent_is_visible() -> None:
    assert VISIBLE == 164
