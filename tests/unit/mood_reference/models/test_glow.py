"""Glow as a whole: there and back, its log-determinant, and bits that mean what they say."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.models.glow import Config, Glow, make_stages  # noqa: E402 - needs PyTorch
from mood_reference.nets.flows import find_flow_nll  # noqa: E402 - needs PyTorch
from mood_reference.scans.slices import SliceSet  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = Config(side=8, levels=3, level_steps=2, hidden=4, batch=4)


def make_rough_glow() -> Glow:
    torch.manual_seed(0)
    net = Glow(CONFIG)
    for weight in net.parameters():
        weight.data += 0.1 * torch.randn(weight.shape)
    return net.double().eval()


X = torch.randn(3, 1, 8, 8, dtype=torch.float64)


def test_a_slice_comes_back_from_its_numbers() -> None:
    net = make_rough_glow()
    z, _ = net(X)
    assert z.shape == (3, 64)
    assert torch.allclose(net.inverse(z), X, atol=1e-8)
    single = net.float()
    assert torch.allclose(single.inverse(single(X.float())[0]), X.float(), atol=1e-4)


def test_the_log_determinant_is_that_of_the_jacobian() -> None:
    net = make_rough_glow()
    _, log_det = net(X)
    for one, found in zip(X.split(1), log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: net(v)[0], one).reshape(64, 64)
        assert found.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-8)


def test_bits_are_those_of_grey_levels_as_wide_as_the_noise() -> None:
    stage = make_stages(CONFIG)[0]
    assert stage.loss is not None
    losses = stage.loss(make_rough_glow(), (X,), {})
    nats = find_flow_nll(make_rough_glow(), X).mean() / 64
    assert torch.allclose(losses["loss"], nats)
    assert losses["bits"].item() == pytest.approx((nats.item() - math.log(CONFIG.noise)) / math.log(2))


def test_training_slices_get_noise_of_one_grey_level() -> None:
    stage = make_stages(CONFIG)[0]
    assert stage.draw is not None
    data = SliceSet(np.full((1, 4, 8, 8), -1.5, np.float32), np.argwhere(np.ones((1, 4), bool)))
    (x,) = stage.draw(data, np.random.default_rng(0))
    assert x.shape == (4, 1, 8, 8)
    assert (x + 1.5).abs().max() <= CONFIG.noise / 2
    assert x.unique().numel() > 200
