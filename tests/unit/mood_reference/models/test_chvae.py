"""chVAE: its loss against torch.distributions, and that its low level knows the high one."""

import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.families.hierarchy import take_mean  # noqa: E402 - needs PyTorch
from mood_reference.families.variational import draw_latents  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import chvae  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = chvae.make_config(profile=Profile.TINY, dataset="brain")
torch.manual_seed(0)
NET = chvae.ChVae(CONFIG)
X = torch.randn(3, 1, CONFIG.side, CONFIG.side)


def test_the_loss_is_rec_plus_both_divergences() -> None:
    torch.manual_seed(1)
    losses = chvae.make_stages(CONFIG)[0].loss(NET, (X,), {})  # type: ignore[misc]
    torch.manual_seed(1)
    levels = NET.infer(X, draw_latents)
    prior = d.Normal(0.0, 1.0)
    kl1, kl2 = (
        d.kl_divergence(d.Normal(mean, log_std.exp()), prior).sum() / 3
        for mean, log_std in (levels.q1, levels.q2)
    )
    error = X - NET.decode_low(levels.climbed, levels.z2)
    rec = (error**2).sum() / 3 / (2 * CONFIG.c**2)
    assert losses["kl1"].item() == pytest.approx(kl1.item(), rel=1e-4)
    assert losses["kl2"].item() == pytest.approx(kl2.item(), rel=1e-4)
    assert losses["loss"].item() == pytest.approx((rec + kl1 + kl2).item(), rel=1e-4)


def test_the_low_level_is_inferred_and_decoded_with_the_high_one() -> None:
    other = NET.infer(X, lambda mean, _: mean + 1)
    same = NET.infer(X, take_mean)
    assert torch.equal(other.q1[0], same.q1[0])
    assert not torch.allclose(other.q2[0], same.q2[0])
    assert not torch.allclose(NET.decode_low(other.climbed, same.z2), NET.decode_low(same.climbed, same.z2))
