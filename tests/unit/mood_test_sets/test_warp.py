"""Deformations are smooth, invertible and the same at every resolution."""

import numpy as np
import pytest

from mood_test_sets import abdomen, brain, warp
from mood_test_sets.warp import NODES, Pose

STILL = Pose(matrix=np.eye(3), shift=np.zeros(3))


@pytest.mark.parametrize("module", [brain, abdomen])
@pytest.mark.parametrize("seed", range(4))
def test_a_deformation_never_folds(module: object, seed: int) -> None:
    extent, bumps = module.EXTENT, module.BUMPS  # type: ignore[attr-defined]
    field = warp.diffeomorphism(np.random.default_rng(seed), extent=extent, bumps=bumps)
    spacing = np.array(extent) / (NODES - 1)
    slopes = np.array([np.gradient(part, *spacing) for part in field])  # (component, axis, ...)
    jacobian = np.linalg.det(np.moveaxis(slopes, (0, 1), (-2, -1)) + np.eye(3))
    assert jacobian.min() > 0
    assert np.abs(field).max() > 3  # mm: it does move something


def test_upsampling_reproduces_a_cubic_polynomial() -> None:
    nodes = np.linspace(-1, 1, NODES)
    x, y, z = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    places = 2 * ((np.arange(40) + 0.5) / 40 - 0.5)
    u, v, w = np.meshgrid(places, places, places, indexing="ij")
    assert np.allclose(warp.upsample(x**3 + y * z, 40), u**3 + v * w)


def test_without_pose_and_deformation_voxels_sit_at_their_centres() -> None:
    places = warp.positions(STILL, np.zeros((3, NODES, NODES, NODES)), extent=(8, 8, 16), side=8)
    assert np.allclose(places[:, 0, 0, 0], (-3.5, -3.5, -7))
    assert np.allclose(places[:, 7, 0, 4], (3.5, -3.5, 1))


def test_a_deformation_is_the_same_at_every_side_length() -> None:
    field = warp.diffeomorphism(np.random.default_rng(3), extent=brain.EXTENT, bumps=brain.BUMPS)
    fine = warp.positions(STILL, field, extent=brain.EXTENT, side=48)
    coarse = warp.positions(STILL, field, extent=brain.EXTENT, side=16)
    assert np.allclose(fine[:, 1::3, 1::3, 1::3], coarse)


def test_a_pose_stays_within_two_standard_deviations() -> None:
    for seed in range(30):
        pose = warp.draw_pose(np.random.default_rng(seed), rotation=2, scale=0, size=0, shear=0, shift=3)
        angle = np.degrees(np.arccos((np.trace(pose.matrix) - 1) / 2))
        assert angle < 4 * np.sqrt(3)
        assert np.abs(pose.shift).max() <= 6
        assert np.linalg.det(pose.matrix) == pytest.approx(1)


def test_sampling_beyond_the_border_repeats_it() -> None:
    voxels = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    assert warp.sample(voxels, np.array([[5.0], [5.0], [5.0]]))[0] == 7
    assert warp.sample(voxels, np.array([[0.5], [0.0], [0.0]]))[0] == 2
