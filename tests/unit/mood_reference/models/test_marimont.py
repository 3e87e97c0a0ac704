"""Scores of a slice from its codes and restorations."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mood_reference.methods import Profile
from mood_reference.models.marimont import (
    Config,
    Threshold,
    Vqvae,
    build_prior,
    find_difference,
    fit_threshold,
    make_config,
    make_find,
)
from mood_reference.nets.pixelsnail import PixelSnail, find_nll
from mood_reference.scans.slices import SliceSet

pytestmark = pytest.mark.torch

THRESHOLD = 2.2  # of -log p; log 8 = 2.08 is that of a uniform prior of 8 codes


def make_tiny() -> tuple[Config, Vqvae, PixelSnail]:
    config = make_config(profile=Profile.TINY, dataset="brain")
    torch.manual_seed(0)
    prior = build_prior(config)
    torch.nn.init.normal_(prior.place)
    return config, Vqvae(config).eval(), prior.eval()


def draw_slices(config: Config, count: int) -> Tensor:
    return (
        torch.rand(count, 1, config.side, config.side, generator=torch.Generator().manual_seed(3)) * 3 - 1.5
    )


def test_the_nearest_restoration_weighs_most() -> None:
    config = Config(sharpness=0.5)
    x = torch.full((1, 1, 2, 2), 1.0)
    images = torch.stack([torch.full((2, 2), 0.9), torch.full((2, 2), 1.2)])[None]
    near, far = np.exp([0.5 / 0.1, 0.5 / 0.2])
    expected = float((near * 0.1 - far * 0.2) / (near + far))
    assert find_difference(x, images, config).flatten().tolist() == pytest.approx([expected] * 4)


def test_the_minimum_pool_drops_thin_lines_and_keeps_spots() -> None:
    image = torch.zeros(1, 1, 9, 9)
    image[..., 1, :] = 1.0  # an edge
    image[..., 4:8, 4:8] = 1.0
    found = find_difference(torch.zeros(1, 1, 9, 9), image, Config(min_pool=3))[0]
    assert found[:4].max() == 0
    assert found[5:7, 5:7].min() == 1


def test_a_slice_scores_the_same_alone_and_in_a_batch() -> None:
    config, vqvae, prior = make_tiny()
    threshold = Threshold()
    threshold.value.fill_(THRESHOLD)
    find = make_find({"vqvae": vqvae, "prior": prior, "threshold": threshold}, config)
    x, position = draw_slices(config, 4), torch.linspace(-0.5, 0.5, 4)
    (maps,), slices = find(x, position)
    (alone,), score = find(x[2:3], position[2:3])
    assert slices is not None
    assert score is not None
    assert torch.allclose(alone, maps[2:3], atol=1e-5)
    assert torch.allclose(score, slices[2:3], atol=1e-5)
    assert (slices > 0).any()


def test_a_slice_scores_the_sum_of_its_improbable_codes() -> None:
    config, vqvae, prior = make_tiny()
    find = make_find({"vqvae": vqvae, "prior": prior, "threshold": Threshold()}, config)
    x, position = draw_slices(config, 2), torch.zeros(2)
    nll = find_nll(prior(vqvae.encode(x), position), vqvae.encode(x)).detach()
    _, slices = find(x, position)
    assert slices is not None
    assert slices.tolist() == pytest.approx(nll.sum(dim=(1, 2)).tolist(), rel=1e-5)


def test_the_threshold_is_exceeded_by_the_rest_of_the_training_codes() -> None:
    config, vqvae, prior = make_tiny()
    x = draw_slices(config, config.depth).numpy()[None, :, 0]
    data = SliceSet(x, np.argwhere(np.ones(x.shape[:2], bool)))
    threshold = Threshold()
    fit_threshold(config, threshold, data, {"vqvae": vqvae, "prior": prior}, seed=0)
    position = torch.linspace(-0.5, 0.5, config.depth)
    codes = vqvae.encode(torch.from_numpy(x[0][:, None]))
    above = find_nll(prior(codes, position), codes) > threshold.value
    assert float(above.float().mean()) == pytest.approx(1 - config.quantile, abs=2e-3)


def test_decoding_the_codes_of_a_slice_is_what_the_vqvae_restores() -> None:
    config, vqvae, _ = make_tiny()
    x = draw_slices(config, 2)
    restored, commitment = vqvae(x)
    assert torch.allclose(vqvae.decode(vqvae.encode(x)), restored, atol=1e-5)
    assert restored.shape == x.shape
    assert commitment.shape == (2,)


def test_the_full_size_nets_fit_together() -> None:
    config = make_config(profile=Profile.PAPER, dataset="abdom")
    codes = torch.zeros(1, 20, 20, dtype=torch.long)
    with torch.no_grad():
        assert Vqvae(config).eval().decode(codes).shape == (1, 1, 160, 160)
        assert build_prior(config)(codes, torch.zeros(1)).shape == (1, 128, 20, 20)
