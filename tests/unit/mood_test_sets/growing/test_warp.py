"""Deformations are smooth, invertible and the same at every resolution."""

import numpy as np
import pytest

from mood_test_sets.growing import abdomen, brain, warp
from mood_test_sets.growing.warp import NODES, Pose

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


def test_without_pose_and_deformation_places_are_those_of_the_grid() -> None:
    places = warp.pose_of(STILL, warp.node_grid((8, 8, 16)))
    assert np.allclose(places[:, 0, 0, 0], (-4, -4, -8))
    assert np.allclose(warp.upsample(places[2], 8)[0, 0], np.arange(8) * 2 - 7)


def test_a_slab_is_that_part_of_the_whole() -> None:
    field = np.random.default_rng(1).standard_normal((NODES,) * 3)
    assert np.allclose(warp.upsample(field, 24, slice(5, 9)), warp.upsample(field, 24)[5:9])


def test_a_push_never_folds_and_enlarges_what_lies_at_its_centre() -> None:
    grid = warp.node_grid((100, 100, 100))
    for strength in (0.75, -0.5):
        places = warp.enlarge(grid, (0, 0, 0), radius=30, strength=strength)
        slopes = np.array([np.gradient(part, 100 / (NODES - 1)) for part in places])
        jacobian = np.linalg.det(np.moveaxis(slopes, (0, 1), (-2, -1)))
        assert jacobian.min() > 0
        middle = jacobian[NODES // 2, NODES // 2, NODES // 2]
        assert (middle < 1) == (strength > 0)  # places closer together show less as more


def test_a_deformation_is_the_same_at_every_side_length() -> None:
    field = warp.diffeomorphism(np.random.default_rng(3), extent=brain.EXTENT, bumps=brain.BUMPS)[0]
    assert np.allclose(warp.upsample(field, 48)[1::3, 1::3, 1::3], warp.upsample(field, 16))


def test_a_pose_stays_within_two_standard_deviations() -> None:
    for seed in range(30):
        pose = warp.draw_pose(np.random.default_rng(seed), rotation=2, scale=0, size=0, shear=0, shift=3)
        angle = np.degrees(np.arccos((np.trace(pose.matrix) - 1) / 2))
        assert angle < 4 * np.sqrt(3)
        assert np.abs(pose.shift).max() <= 6
        assert np.linalg.det(pose.matrix) == pytest.approx(1)


def test_sampling_beyond_the_border_repeats_it() -> None:
    ramp = np.broadcast_to(np.arange(4, dtype=np.float32)[:, None, None], (4, 4, 4)).copy()
    (image,) = warp.resample([ramp], warp.node_grid((40, 4, 4)), side=8)
    assert image[0, 0, 0] == 0
    assert image[-1, -1, -1] == 3
