"""The net in NumPy: batches, masks and scores. That it equals PyTorch stands in test_layers_torch.py."""

import numpy as np
import pytest

from mood_reference import layers_numpy
from mood_reference.cevae import (
    SIDE,
    Config,
    PixelScore,
    decode,
    draw_batch,
    draw_parameters,
    encode,
    mask_squares,
    score,
    score_slices,
)

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


@pytest.mark.parametrize("pixel_score", list(PixelScore))
def test_a_slice_scores_the_same_alone_and_inside_a_batch(pixel_score: PixelScore) -> None:
    slices = draw_slices(4)
    together = score_slices(slices, PARAMETERS, pixel_score)
    alone = score_slices(slices[2:3], PARAMETERS, pixel_score)
    assert np.allclose(together[2:3], alone, rtol=1e-4, atol=1e-7)


def test_combi_is_the_product_of_the_other_two() -> None:
    rec, gradient, combi = (score_slices(draw_slices(2), PARAMETERS, name) for name in PixelScore)
    assert np.allclose(combi, rec * gradient)


def test_slices_without_a_body_are_not_scored(scan: np.ndarray) -> None:
    body = scan > 0
    scores = score(scan, body, config=CONFIG, arrays=PARAMETERS)
    assert scores.shape == scan.shape
    assert scores[body].mean() > 0
    empty = score(np.zeros_like(scan), np.zeros_like(body), config=CONFIG, arrays=PARAMETERS)
    assert (empty == 0).all()


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
