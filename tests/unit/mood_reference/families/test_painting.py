"""Patches and discs, against loops over pixels."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.painting import (  # noqa: E402 - needs PyTorch
    draw_patches,
    find_partners,
    interpolate_patches,
    paint_discs,
)
from mood_reference.scans.slices import SliceSet  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

SIDE = 12
RNG = np.random.default_rng(0)


def blend_in_loops(x: np.ndarray, y: np.ndarray, patch: np.ndarray, a: np.ndarray, tolerance: float) -> tuple:
    mixed, target = x.copy(), np.zeros_like(x)
    for b, _, i, j in np.ndindex(x.shape):
        if patch[b, 0, i, j]:
            mixed[b, 0, i, j] = a[b] * x[b, 0, i, j] + (1 - a[b]) * y[b, 0, i, j]
            if abs(x[b, 0, i, j] - y[b, 0, i, j]) > tolerance:
                target[b, 0, i, j] = 1 - a[b]
    return mixed, target


@pytest.mark.parametrize("tolerance", [0.0, 0.2])
def test_patches_blend_and_their_target_is_the_foreign_share_where_the_slices_differ(
    tolerance: float,
) -> None:
    x, y = RNG.random((2, 3, 1, SIDE, SIDE))
    y[:, :, :6] = x[:, :, :6]
    patch = draw_patches(SIDE, 3, RNG, centre=0.5, half_width=(0.2, 0.4))
    a = RNG.uniform(0.05, 0.95, 3)
    tensors = (torch.from_numpy(array) for array in (x, y, patch, a[:, None, None, None]))
    mixed, target = interpolate_patches(*tensors, tolerance=tolerance)
    expected = blend_in_loops(x, y, patch, a, tolerance)
    assert np.allclose(mixed, expected[0])
    assert np.allclose(target, expected[1])
    assert 0 < (expected[1] > 0).sum() < patch.sum()


def test_patches_are_rectangles_of_the_allowed_size_about_the_allowed_centres() -> None:
    side = 100
    patches = draw_patches(side, 200, np.random.default_rng(1), centre=0.5, half_width=(0.05, 0.2))[:, 0]
    for patch in patches:
        rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
        assert patch.sum() == len(rows) * len(columns)
        assert 9 <= min(len(rows), len(columns)) <= max(len(rows), len(columns)) <= 41
        assert all(24 <= ends.mean() <= 75 for ends in (rows, columns))


def test_a_partner_is_the_same_slice_of_another_volume_with_a_body_there() -> None:
    shows = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1]], bool)
    data = SliceSet(np.zeros((3, 3, 2, 2), np.float32), np.argwhere(shows))
    places = np.repeat(data.places, 20, axis=0)
    partners = find_partners(data, places, np.random.default_rng(2))
    assert (partners[:, 1] == places[:, 1]).all()
    assert (partners[:, 0] != places[:, 0]).all()
    assert shows[tuple(partners.T)].all()


def test_without_a_body_there_or_another_volume_something_is_drawn_all_the_same() -> None:
    rng = np.random.default_rng(3)
    lonely = SliceSet(np.zeros((2, 1, 2, 2), np.float32), np.array([[0, 0]]))
    assert find_partners(lonely, lonely.places, rng).tolist() == [[1, 0]]
    only = SliceSet(np.zeros((1, 1, 2, 2), np.float32), np.array([[0, 0]]))
    assert find_partners(only, only.places, rng).tolist() == [[0, 0]]


def paint(**changes: object) -> tuple:
    x = torch.full((6, 1, 40, 40), 0.5)
    body = torch.zeros_like(x, dtype=torch.bool)
    body[:, :, 5:35, 5:35] = True
    kwargs = {"most": 1, "radius": (0.1, 0.1), "opacity": (1, 1), "grey": (0.9, 0.9)} | changes
    return x, body, *paint_discs(x, body, np.random.default_rng(4), **kwargs)


def test_discs_are_painted_where_the_truth_says_and_only_into_the_body() -> None:
    x, body, painted, truth = paint(most=3)
    assert torch.equal(truth.bool(), painted != x)
    assert not (truth.bool() & ~body).any()
    assert (x == 0.5).all()
    assert 0 < truth.mean() < 0.5


def test_a_disc_covers_all_pixels_within_its_radius() -> None:
    _, body, _, truth = paint()
    assert truth.any()
    inside = body[0, 0].numpy()
    discs = np.stack(
        [(np.hypot(*np.ogrid[-i : 40 - i, -j : 40 - j]) <= 4) & inside for i, j in np.argwhere(inside)]
    )
    for marks in truth[:, 0].numpy():
        assert not marks.any() or (marks == discs).all(axis=(1, 2)).any()


def test_a_translucent_disc_lies_between_what_was_there_and_its_grey() -> None:
    _, _, painted, truth = paint(opacity=(0.25, 0.25))
    assert painted[truth.bool()].unique().tolist() == pytest.approx([0.6])


def test_a_slice_without_a_body_stays_as_it_is() -> None:
    x = torch.zeros(2, 1, 8, 8)
    painted, truth = paint_discs(
        x, x.bool(), np.random.default_rng(5), most=3, radius=(0.1, 0.2), opacity=(1, 1), grey=(0, 1)
    )
    assert not painted.any()
    assert not truth.any()
