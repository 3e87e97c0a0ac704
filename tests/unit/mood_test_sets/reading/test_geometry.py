"""How volumes lie in the body, on phantoms whose place is known in millimetres."""

from itertools import product

import nibabel as nib
import numpy as np
import pytest

from mood_test_sets.reading.geometry import obliquity, sheared_by, skewed_by, straighten, turn_between

SHAPE = (40, 44, 30)


def turned(degrees: float, spacing: tuple[float, float, float] = (2, 2, 3)) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    return affine


def tilted(degrees: float) -> np.ndarray:
    """Slices 3 mm apart along the gantry's normal, each shifted along y."""
    affine = np.diag([2.0, 2, 3, 1])
    affine[1, 2] = 3 * np.tan(np.radians(degrees))
    return affine


def ball(affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A soft ball around (40, 44, 45) mm, sampled where the voxels are."""
    places = (
        np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1) @ affine[:3, :3].T + affine[:3, 3]
    )
    distance = np.linalg.norm(places - (40, 44, 45), axis=-1)
    return (1 / (1 + np.exp((distance - 20) / 3))).astype(np.float32)


@pytest.mark.parametrize("degrees", [2.0, 17.0, -17.0, 40.0])
def test_obliquity_is_the_angle_that_the_volume_was_turned_by(degrees: float) -> None:
    for flips in product((1, -1), repeat=3):
        turn = obliquity(turned(degrees) @ np.diag([*flips, 1]), SHAPE)
        assert turn.degrees == pytest.approx(abs(degrees), abs=1e-6)
        assert not turn.mirrored


def test_obliquity_in_mm_is_how_far_the_farthest_corner_moves() -> None:
    half = np.hypot(43 * 2, 29 * 3) / 2
    assert obliquity(turned(17), SHAPE).mm == pytest.approx(2 * half * np.sin(np.radians(17 / 2)), rel=1e-6)


def test_a_straight_volume_of_any_axes_is_not_oblique() -> None:
    for axes in ("RAS", "LPI", "PIR", "SLA"):
        start = nib.orientations.axcodes2ornt(tuple(axes))
        affine = np.diag([2.0, 2, 3, 1]) @ nib.orientations.inv_ornt_aff(start, SHAPE)
        assert obliquity(affine, SHAPE).degrees < 1e-6


def test_a_flip_is_told_as_a_mirror() -> None:
    straight = np.diag([2.0, 2, 3, 1])
    turn = turn_between(straight, straight @ np.diag([-1.0, 1, 1, 1]), SHAPE)
    assert turn.mirrored
    assert turn.mm == pytest.approx(2 * 2 * 39)
    assert str(turn) == "0.0°, mirrored, up to 156.0 mm"


@pytest.mark.parametrize("degrees", [12.0, 15.0, -15.0])
def test_slices_of_a_tilted_gantry_are_moved_to_where_they_were_scanned(degrees: float) -> None:
    affine = tilted(degrees)
    assert sheared_by(affine) == pytest.approx(abs(degrees))
    values, straight = straighten(ball(affine, SHAPE), affine)
    assert sheared_by(straight) == pytest.approx(0, abs=1e-6)
    truth = ball(straight, values.shape)
    inside = truth > 0.05
    assert np.corrcoef(values[inside], truth[inside])[0, 1] > 0.99
    assert np.abs(values - truth).max() < 0.08
    sheared = ball(affine, SHAPE)
    upright = ball(np.diag([2.0, 2, 3, 1]), SHAPE)
    assert np.abs(sheared - upright).max() > 0.5  # what was done before: the slices stacked as they come


def test_masks_keep_their_values_when_slices_move() -> None:
    affine = tilted(20)
    mask = (ball(affine, SHAPE) > 0.5).astype(np.float32) * 3
    moved, straight = straighten(mask, affine, order=0)
    assert set(np.unique(moved)) == {0, 3}
    truth = ball(straight, moved.shape) > 0.5
    assert 2 * (truth & (moved > 0)).sum() / (truth.sum() + (moved > 0).sum()) > 0.97


def test_rows_and_columns_that_are_not_perpendicular_are_told_in_degrees() -> None:
    affine = np.diag([2.0, 2, 3, 1])
    affine[0, 1] = 2 * np.tan(np.radians(10))
    assert skewed_by(affine) == pytest.approx(10)
    assert skewed_by(turned(33)) == pytest.approx(0, abs=1e-6)
