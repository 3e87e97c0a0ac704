"""Painted spheres lie in the body and can be seen."""

import numpy as np

from mood_reference.learning.spheres import CONTRAST, paint_spheres
from mood_reference.scans.volumes import find_foreground


def test_a_sphere_lies_in_the_body_has_one_grey_and_stands_out(scan: np.ndarray) -> None:
    for painted in paint_spheres([scan] * 20, seed=3):
        assert painted.mask.any()
        assert not (painted.mask & ~find_foreground(scan)).any()
        grey = np.unique(painted.volume[painted.mask])
        assert len(grey) == 1
        assert abs(grey[0] - scan[painted.mask].mean()) >= CONTRAST - 1e-6
        assert np.array_equal(painted.volume[~painted.mask], scan[~painted.mask])


def test_a_seed_always_paints_the_same_and_a_scan_without_a_body_is_left_out(scan: np.ndarray) -> None:
    first, second = (paint_spheres([np.zeros_like(scan), scan], seed=5) for _ in range(2))
    assert len(first) == 1
    assert np.array_equal(first[0].volume, second[0].volume)
