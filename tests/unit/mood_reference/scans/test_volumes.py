"""Foreground, resizing and smoothing against slow or analytic twins."""

import numpy as np
import pytest
from scipy import ndimage

from mood_reference.scans.volumes import find_foreground, resize, smooth, standardise


def test_a_black_hole_inside_the_body_belongs_to_the_foreground() -> None:
    volume = np.zeros((9, 9, 9), np.float32)
    volume[2:7, 2:7, 2:7] = 0.5
    body = volume > 0
    volume[4, 4, 4] = 0
    assert np.array_equal(find_foreground(volume), body)


def test_an_empty_volume_has_no_foreground() -> None:
    assert not find_foreground(np.zeros((4, 5, 6), np.float32)).any()


def test_standardised_foreground_has_mean_zero_and_deviation_one(scan: np.ndarray) -> None:
    inside = standardise(scan, find_foreground(scan))[find_foreground(scan)]
    assert abs(inside.mean()) < 1e-3
    assert abs(inside.std() - 1) < 1e-3


def test_an_empty_volume_can_be_standardised() -> None:
    empty = np.zeros((4, 4, 4), np.float32)
    assert np.array_equal(standardise(empty, empty > 0), empty)


def test_resizing_to_the_same_shape_changes_nothing(scan: np.ndarray) -> None:
    assert np.array_equal(resize(scan, scan.shape), scan)


@pytest.mark.parametrize("shape", [(16, 16, 16), (64, 64, 64), (20, 40, 32)])
def test_resizing_keeps_a_constant_and_nearly_keeps_the_mean(
    scan: np.ndarray, shape: tuple[int, ...]
) -> None:
    assert np.allclose(resize(np.full((32, 32, 32), 0.25, np.float32), shape), 0.25)
    assert resize(scan, shape).shape == shape
    assert resize(scan, shape).mean() == pytest.approx(float(scan.mean()), rel=0.02)


def test_resizing_a_ramp_gives_a_ramp() -> None:
    ramp = np.arange(32, dtype=np.float32)[:, None, None] * np.ones((1, 4, 4), np.float32)
    centres = (np.arange(16) + 0.5) * 2 - 0.5
    assert np.allclose(resize(ramp, (16, 4, 4))[1:-1, 0, 0], centres[1:-1])


def test_smoothing_equals_scipys_gaussian(scan: np.ndarray) -> None:
    expected = ndimage.gaussian_filter(scan, 1.5, mode="nearest", radius=3)
    assert np.allclose(smooth(scan, 1.5), expected, atol=1e-5)


def test_no_smoothing_changes_nothing(scan: np.ndarray) -> None:
    assert np.array_equal(smooth(scan, 0), scan)
