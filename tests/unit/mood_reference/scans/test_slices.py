"""Volumes become the slices of a net and its maps become volumes again."""

import numpy as np
import pytest

from mood_reference.scans.slices import (
    Intensity,
    SliceConfig,
    cut_volume,
    cut_volumes,
    paste_volume,
    reduce_slices,
    spread_slices,
)

CONFIG = SliceConfig(side=16, depth=8)


def make_box(shape: tuple[int, int, int] = (20, 24, 28)) -> np.ndarray:
    rng = np.random.default_rng(0)
    volume = np.zeros(shape, np.float32)
    inner = tuple(slice(size // 4, 3 * size // 4) for size in shape)
    volume[inner] = rng.uniform(0.2, 0.9, tuple(size // 2 for size in shape))
    return volume


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_cut_across_the_chosen_axis_and_pasted_back(axis: int) -> None:
    shape = (8, 16, 16)
    ramp = np.moveaxis(np.linspace(0.1, 1, 8)[:, None, None] * np.ones(shape), 0, axis).astype(np.float32)
    cut = cut_volume(ramp, SliceConfig(side=16, depth=8, axis=axis, intensity=Intensity.UNIT))
    assert cut.x.shape == shape
    assert np.allclose(cut.x[:, 5, 5], np.linspace(0.1, 1, 8))
    assert np.allclose(paste_volume(cut.x, ramp.shape, axis), ramp, atol=1e-6)


@pytest.mark.parametrize(
    ("intensity", "low", "high"),
    [(Intensity.Z_SCORE, -1.5, 1.5), (Intensity.UNIT, 0, 1), (Intensity.SIGNED, -1, 1)],
)
def test_outside_the_body_a_net_sees_the_lowest_value(intensity: Intensity, low: float, high: float) -> None:
    cut = cut_volume(make_box(), SliceConfig(side=16, depth=8, intensity=intensity))
    assert (cut.x[~cut.foreground] == low).all()
    assert cut.x.max() <= high


def test_only_slices_that_show_a_body_are_drawn() -> None:
    data = cut_volumes([make_box(), make_box()], CONFIG)
    assert data.x.shape == (2, 8, 16, 16)
    depths = data.draw_places(np.random.default_rng(0), 200)[:, 1]
    assert set(depths.tolist()) == set(np.flatnonzero(cut_volume(make_box(), CONFIG).used).tolist())
    assert data.draw(np.random.default_rng(0), 5).shape == (5, 1, 16, 16)


def test_scans_without_any_body_are_no_training_data() -> None:
    with pytest.raises(ValueError, match="none of the training scans shows a body"):
        cut_volumes([np.zeros((4, 4, 4), np.float32)], CONFIG)


def test_scores_of_slices_are_spread_over_all_slices_of_the_scan() -> None:
    assert spread_slices(np.array([1.0, 2.0]), 5).tolist() == [1, 1, 1, 2, 2]
    assert spread_slices(np.arange(4.0), 2).tolist() == [0, 2]


@pytest.mark.parametrize(("reducer", "expected"), [("max", 19), ("mean", 9.5), ("top_decile", 18.5)])
def test_a_scan_is_scored_from_its_slices(reducer: str, expected: float) -> None:
    scores = np.append(np.random.default_rng(0).permutation(20).astype(float), np.nan)
    assert reduce_slices(scores, reducer) == expected


def test_without_scored_slices_the_voxels_have_to_do() -> None:
    assert reduce_slices(np.array([np.nan]), "max") is None
    assert reduce_slices(np.array([1.0]), "none") is None
    with pytest.raises(ValueError, match="slice_reducer is 'median'"):
        reduce_slices(np.array([1.0]), "median")
