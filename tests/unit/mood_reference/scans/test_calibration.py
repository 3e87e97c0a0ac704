"""The map to [0, 1] keeps the order, makes no ties and knows nothing of the volume at hand."""

import numpy as np
import pytest

from mood_reference.scans.calibration import (
    LOWEST_FOREGROUND,
    Reducer,
    calibrate,
    calibrate_map,
    fit_tau,
    reduce_map,
)


def test_calibration_is_strictly_increasing_over_ten_magnitudes() -> None:
    raw = np.geomspace(1e-3, 1e3, 2000).astype(np.float32)
    scores = calibrate(raw, tau=1.0)
    assert (np.diff(scores) > 0).all()
    assert LOWEST_FOREGROUND <= scores.min() < scores.max() < 1


def test_the_raw_score_tau_lies_in_the_middle_of_the_scale() -> None:
    middle = float(calibrate(np.array([7.0], np.float32), tau=7.0)[0])
    assert middle == pytest.approx((1 + LOWEST_FOREGROUND) / 2)


def test_background_scores_below_every_foreground_voxel() -> None:
    raw = np.array([5.0, 0.0, 2.0], np.float32)
    scores = calibrate_map(raw, np.array([False, True, True]), tau=1.0)
    assert scores[0] == 0
    assert scores[0] < scores[1] < scores[2]


def test_the_score_of_a_voxel_does_not_depend_on_its_neighbours() -> None:
    alone = calibrate(np.array([2.0], np.float32), tau=3.0)[0]
    assert calibrate(np.array([2.0, 1000.0], np.float32), tau=3.0)[0] == alone


def test_tau_is_positive_even_for_a_perfect_model() -> None:
    assert fit_tau(np.zeros(10, np.float32)) > 0


@pytest.mark.parametrize(
    ("reducer", "expected"),
    [
        (Reducer.MEAN, 499.5),
        (Reducer.L2, np.sqrt(np.mean(np.arange(1000.0) ** 2))),
        (Reducer.TOP_PERCENT, 994.5),
        (Reducer.TOP_PERMILLE, 999.0),
        (Reducer.MAX, 999.0),
    ],
)
def test_reducers_equal_their_definitions(reducer: Reducer, expected: float) -> None:
    scores = np.random.default_rng(0).permutation(1000).astype(np.float32)
    assert reduce_map(scores, np.ones(1000, bool), reducer=reducer) == pytest.approx(expected)


def test_a_scan_without_foreground_scores_zero() -> None:
    assert reduce_map(np.ones(4, np.float32), np.zeros(4, bool), reducer=Reducer.MAX) == 0
