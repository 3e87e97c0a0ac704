"""FPI's smoothing and reduction, against SciPy and by hand."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from mood_reference.scans.slice_curves import reduce_curve, smooth_savitzky_golay
from mood_reference.scans.slices import reduce_slices


@pytest.mark.parametrize(("window", "order"), [(5, 3), (7, 3), (11, 2), (25, 4), (3, 0)])
def test_the_smoothed_curve_is_scipys(window: int, order: int) -> None:
    curve = np.random.default_rng(0).normal(size=41)
    expected = savgol_filter(curve, window, order, mode="interp")
    assert np.allclose(smooth_savitzky_golay(curve, window=window, order=order), expected, atol=1e-10)


def test_an_even_or_narrow_window_is_made_odd_and_wide_enough() -> None:
    curve = np.random.default_rng(1).normal(size=20)
    assert np.allclose(smooth_savitzky_golay(curve, window=6, order=3), savgol_filter(curve, 7, 3))
    assert np.allclose(smooth_savitzky_golay(curve, window=1, order=3), savgol_filter(curve, 5, 3))


def test_a_cubic_stays_what_it_is() -> None:
    cubic = np.polynomial.Polynomial([1, -2, 0.3, 0.05])(np.arange(30.0))
    assert np.allclose(smooth_savitzky_golay(cubic, window=9, order=3), cubic)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_short_curves_keep_their_length_and_constants(count: int) -> None:
    assert np.allclose(smooth_savitzky_golay(np.full(count, 2.5), window=7, order=3), np.full(count, 2.5))


def test_a_scan_scores_the_mean_of_the_highest_quarter_of_its_smoothed_slices() -> None:
    curve = np.random.default_rng(2).random(64)
    expected = np.sort(savgol_filter(curve, 7, 3))[-16:].mean()
    assert reduce_curve(curve) == pytest.approx(expected)


def test_slices_without_a_body_are_left_out_in_order() -> None:
    curve = np.random.default_rng(3).random(40)
    padded = np.concatenate([np.full(5, np.nan), curve, np.full(3, np.nan)])
    assert reduce_slices(padded, "fpi") == pytest.approx(reduce_curve(curve))
    assert reduce_slices(np.full(4, np.nan), "fpi") is None
