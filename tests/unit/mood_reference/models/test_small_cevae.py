"""The net in NumPy: batches, masks and scores. That it equals PyTorch stands in test_layers_torch.py."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mood_reference.models.small_cevae import (
    CLIP,
    SIDE,
    Config,
    PixelScore,
    cut_slices,
    decode,
    draw_batch,
    draw_parameters,
    encode,
    find_error,
    find_kl_gradient,
    mask_squares,
    score,
)
from mood_reference.nets import layers_numpy
from mood_reference.scans.volumes import find_foreground, resize

CONFIG = Config(maps=(2, 3, 4, 5), latents=6)
PARAMETERS = draw_parameters(CONFIG, np.random.default_rng(0))


def draw_slices(count: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1.5, 1.5, (count, 1, SIDE, SIDE)).astype(np.float32)


def test_the_net_keeps_its_shapes_and_single_precision() -> None:
    mean, log_std = encode(draw_slices(3), PARAMETERS, layers_numpy)
    restored = decode(mean, PARAMETERS, layers_numpy)
    assert mean.shape == log_std.shape == (3, 6)
    assert restored.shape == (3, 1, SIDE, SIDE)
    assert restored.dtype == np.float32


@pytest.mark.parametrize("find_term", [find_error, find_kl_gradient])
def test_a_slice_scores_the_same_alone_and_inside_a_batch(find_term: Callable[..., np.ndarray]) -> None:
    slices = draw_slices(4)
    alone = find_term(slices[2:3], PARAMETERS)
    assert np.allclose(find_term(slices, PARAMETERS)[2:3], alone, rtol=1e-4, atol=1e-7)


def test_combi_is_the_product_of_the_other_two(scan: np.ndarray) -> None:
    volume = resize(scan, (SIDE,) * 3)
    rec, gradient, combi = (
        score(volume, config=replace(CONFIG, pixel_score=name, smoothing=0), arrays=PARAMETERS)
        for name in PixelScore
    )
    assert combi.max() > 0
    assert np.allclose(combi, rec * gradient, rtol=1e-4)


def test_a_scan_of_another_size_is_scored_on_its_own_grid() -> None:
    assert score(np.full((20, 70, 9), 0.5, np.float32), config=CONFIG, arrays=PARAMETERS).shape == (20, 70, 9)


def test_a_body_scores_and_an_empty_scan_does_not(scan: np.ndarray) -> None:
    assert score(scan, config=CONFIG, arrays=PARAMETERS)[scan > 0].mean() > 0
    empty = score(np.zeros_like(scan), config=CONFIG, arrays=PARAMETERS)
    assert np.ptp(empty) == 0


def test_only_slices_with_a_body_are_cut_and_lie_within_the_clip(scan: np.ndarray) -> None:
    volume = resize(scan, (SIDE,) * 3)
    volume[:, :, :20] = 0
    slices, used = cut_slices(volume, find_foreground(volume))
    assert not used[:20].any()
    assert len(slices) == used.sum() > 0
    assert slices.min() == -CLIP
    assert slices.max() <= CLIP


def test_masking_changes_squares_of_every_slice_and_nothing_else() -> None:
    slices = draw_slices(40)
    changed = mask_squares(slices, np.random.default_rng(2)) != slices
    share = changed.mean(axis=(1, 2, 3))
    assert share.min() > 0
    assert share.max() <= 3 * 0.25
    assert changed[share.argmin(), 0].any(axis=0).sum() < SIDE


def test_a_batch_is_mirrored_only_where_the_anatomy_is_symmetric() -> None:
    slices = np.broadcast_to(np.arange(SIDE, dtype=np.float32)[None, :, None], (2, SIDE, SIDE))
    rng = np.random.default_rng(0)
    plain = draw_batch(slices, Config(batch=4), rng)
    mirrored = draw_batch(slices, Config(batch=4, mirror_axis=0), rng)
    assert (plain[:, 0, 0, 0] == 0).all()
    assert mirrored[:, 0, 0, 0].tolist() == [SIDE - 1, 0, SIDE - 1, 0]
