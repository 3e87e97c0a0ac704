"""Low VAE and High VAE: their loss, and how deep they are."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import load_method  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", ["low_vae", "high_vae"])
def test_the_loss_is_the_negative_elbo_of_torchs_distributions(name: str) -> None:
    method: Any = load_method(name)
    config = method.make_config(profile=Profile.TINY, dataset="brain")
    (stage,) = method.make_stages(config)
    torch.manual_seed(0)
    net, x = stage.build({}), torch.randn(3, 1, config.side, config.side)
    torch.manual_seed(1)
    losses = stage.loss(net, (x,), {})
    torch.manual_seed(1)
    mean, log_std = net.encode(x)
    q = d.Normal(mean, log_std.exp())
    kl = d.kl_divergence(q, d.Normal(0.0, 1.0)).sum() / 3
    normal = d.Normal(net.decode(q.mean + q.stddev * torch.randn_like(mean)), config.c)
    rec = (normal.log_prob(normal.mean) - normal.log_prob(x)).sum() / 3
    assert losses["kl"].item() == pytest.approx(kl.item(), rel=1e-4)
    assert losses["rec"].item() == pytest.approx(rec.item(), rel=1e-4)
    assert losses["loss"].item() == pytest.approx((kl + rec).item(), rel=1e-4)


@pytest.mark.parametrize(("name", "doublings"), [("low_vae", 2), ("high_vae", 4)])
def test_the_decoder_doubles_as_often_as_the_thesis_says(name: str, doublings: int) -> None:
    method: Any = load_method(name)
    for profile in Profile:
        assert len(method.make_config(profile=profile, dataset="abdom").maps) == doublings
