"""FPI: its loss, its shares and both nets."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import fpi  # noqa: E402 - needs PyTorch
from mood_reference.scans.slices import cut_volumes  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = fpi.make_config(profile=Profile.TINY, dataset="brain")


def test_the_loss_is_least_where_the_prediction_equals_the_soft_target() -> None:
    target = torch.tensor([0.05, 0.3, 0.5, 0.9]).view(4, 1, 1, 1)
    candidates = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    for one in target:
        losses = [fpi.find_loss(p.logit().view(1, 1, 1, 1), one[None].double()) for p in candidates]
        assert candidates[int(np.argmin(losses))] == pytest.approx(float(one), abs=1e-6)


def test_the_binary_loss_is_the_mean_of_the_cross_entropies_of_pixels() -> None:
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(2, 1, 3, 3)), rng.random((2, 1, 3, 3))
    p = 1 / (1 + np.exp(-logits))
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    assert float(fpi.find_loss(torch.from_numpy(logits), torch.from_numpy(target))) == pytest.approx(expected)


def test_five_classes_are_quarters_and_class_0_is_untouched() -> None:
    shares = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    certain = 50 * torch.eye(5)[:, :, None]  # slice k is sure of class k: (5, 5, 1)
    assert torch.allclose(fpi.find_share(certain[..., None])[:, 0, 0], shares)
    assert float(fpi.find_loss(certain[..., None], shares.view(5, 1, 1, 1))) < 1e-6
    undecided = fpi.find_share(torch.zeros(1, 5, 1, 1))
    assert float(undecided) == pytest.approx(0.5)


def test_the_own_share_is_drawn_from_a_range_or_from_quarters() -> None:
    rng = np.random.default_rng(1)
    soft = fpi.draw_factors(replace(CONFIG, batch=500), rng)
    assert 0.05 <= soft.min() < 0.1
    assert 0.9 < soft.max() <= 0.95
    assert set(fpi.draw_factors(replace(CONFIG, batch=200, classes=5), rng).ravel()) == {0, 0.25, 0.5, 0.75}


def test_a_batch_differs_from_a_normal_slice_only_where_the_target_says(scan: np.ndarray) -> None:
    config = replace(CONFIG, mirror_axis=None, batch=30)
    data = cut_volumes([scan, 0.9 * scan], config)
    mixed, target = fpi.draw_batch(data, config, np.random.default_rng(2))
    slices = torch.from_numpy(data.x.reshape(-1, config.side, config.side))
    for one, share in zip(mixed[:, 0], target[:, 0], strict=True):
        untouched = share == 0
        assert any(torch.equal(one[untouched], slice_[untouched]) for slice_ in slices)
    assert target.amax() <= 0.95
    assert (target.flatten(1).amax(1) > 0).sum() > 20


def test_foreign_slices_alone_become_brighter_or_darker_where_asked(scan: np.ndarray) -> None:
    data = cut_volumes([scan, scan], replace(CONFIG, mirror_axis=None))
    _, no_target = fpi.draw_batch(data, replace(CONFIG, mirror_axis=None), np.random.default_rng(4))
    config = replace(CONFIG, mirror_axis=None, foreign_brightness=1.0, factor=(0.0, 0.0), batch=200)
    mixed, target = fpi.draw_batch(data, config, np.random.default_rng(4))
    slices = torch.from_numpy(data.x.reshape(-1, config.side, config.side))
    assert no_target.amax() == 0  # both scans are one
    ratios = []
    for one, share in zip(mixed[:, 0], target[:, 0], strict=True):
        own = next(slice_ for slice_ in slices if torch.equal(one[share == 0], slice_[share == 0]))
        ratios += (one[share > 0] / own[share > 0])[own[share > 0] > 0.05].tolist()
    assert min(ratios) < 0.3
    assert max(ratios) > 1.7
    assert 0 <= mixed.amin() <= mixed.amax() <= 1


@pytest.mark.parametrize("dataset", ["brain", "abdom"])
def test_the_published_net_builds_and_keeps_the_size(dataset: str) -> None:
    paper = fpi.make_config(profile=Profile.PAPER, dataset=dataset)
    thin = replace(paper, encoder=(2,) * len(paper.encoder), decoder=(2,) * len(paper.decoder))
    net = fpi.build_net(thin).eval()
    assert net(torch.zeros(1, 1, 64, 64)).shape == (1, {"brain": 1, "abdom": 5}[dataset], 64, 64)
    assert not isinstance(net, fpi.UNet)
