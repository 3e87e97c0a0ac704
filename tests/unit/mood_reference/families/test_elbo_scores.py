"""The seven scores against finite differences, torch.distributions and second implementations."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.families.elbo_scores import (  # noqa: E402 - needs PyTorch
    ElboTerms,
    PixelScore,
    blur,
    make_elbo_find,
    smooth_gradient,
)
from mood_reference.families.variational import Reconstruction  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models.vae import Vae, make_config  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = make_config(profile=Profile.TINY, dataset="brain")
torch.manual_seed(0)
NET = Vae(CONFIG).eval().requires_grad_(requires_grad=False)
X = torch.randn(3, 1, CONFIG.side, CONFIG.side).clamp(-1.5, 1.5)
TERMS = ElboTerms(NET, Reconstruction.L1, 1.0)


def test_the_loss_is_the_negative_elbo_of_torchs_distributions_at_the_mean() -> None:
    mean, log_std = NET.encode(X)
    kl = d.kl_divergence(d.Normal(mean, log_std.exp()), d.Normal(0.0, 1.0)).sum(1)
    rec = -(d.Laplace(NET.decode(mean), 1.0).log_prob(X) + np.log(2)).sum(dim=(1, 2, 3))
    assert torch.allclose(TERMS.loss(X), kl + rec, rtol=1e-4)
    assert torch.allclose(TERMS.look(X, derive=None).loss, kl + rec, rtol=1e-4)


@pytest.mark.parametrize("name", ["kl", "rec", "loss"])
def test_gradients_equal_finite_differences(name: str) -> None:
    net = Vae(CONFIG).double().eval()
    term, x = getattr(ElboTerms(net, Reconstruction.L2, 1.0), name), X.double()
    gradient = smooth_gradient(term, x)
    for row, column in ((3, 7), (15, 15), (30, 2)):
        step = torch.zeros_like(x)
        step[1, 0, row, column] = 1e-6
        slope = (term(x + step) - term(x - step))[1] / 2e-6
        assert gradient[1, 0, row, column].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", ["kl", "rec", "loss"])
def test_one_pass_gives_what_the_terms_give_apart(name: str) -> None:
    look = TERMS.look(X, derive=name)
    assert look.gradient is not None
    assert torch.allclose(look.gradient, smooth_gradient(getattr(TERMS, name), X), atol=1e-6)
    assert torch.allclose(look.error, (X - NET.restore(X))[:, 0], atol=1e-6)


def test_smoothgrad_is_the_mean_over_copies_that_each_have_noise_of_their_own() -> None:
    noise = torch.randn((4, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    copies = [smooth_gradient(TERMS.kl, X + 0.3 * one) for one in noise]
    twin = torch.stack(copies).mean(0)
    assert torch.allclose(smooth_gradient(TERMS.kl, X, runs=4, noise=0.3), twin, atol=1e-6)


def test_smoothgrad_without_noise_is_the_gradient() -> None:
    plain = smooth_gradient(TERMS.loss, X)
    assert torch.allclose(smooth_gradient(TERMS.loss, X, runs=3, noise=0.0), plain, atol=1e-5)


def test_the_sampling_variance_is_the_spread_of_decoded_draws() -> None:
    mean, log_std = NET.encode(X[:1])
    noise = torch.randn((20, CONFIG.latents), generator=torch.Generator().manual_seed(0))
    twin = NET.decode(mean + log_std.exp() * noise).std(0)
    assert torch.allclose(TERMS.deviation(X[:1], 20)[0], twin[0], atol=1e-5)


def test_combi_is_error_times_kl_gradient() -> None:
    (error, gradient), _ = make_elbo_find(NET, replace(CONFIG, pixel_score=PixelScore.COMBI))(X)
    (kl,), _ = make_elbo_find(NET, replace(CONFIG, pixel_score=PixelScore.KL_GRAD))(X)
    (rec,), _ = make_elbo_find(NET, replace(CONFIG, pixel_score=PixelScore.REC))(X)
    assert torch.equal(gradient, kl)
    assert torch.equal(error, rec)


@pytest.mark.parametrize("score", list(PixelScore))
def test_a_slice_scores_the_same_alone_and_inside_a_batch(score: PixelScore) -> None:
    find = make_elbo_find(NET, replace(CONFIG, pixel_score=score, smooth_runs=2))
    together, slices = find(X)
    alone, slice_alone = find(X[1:2])
    for one, all_of_them in zip(alone, together, strict=True):
        assert torch.allclose(one[0], all_of_them[1], rtol=1e-3, atol=1e-6)
    assert torch.allclose(slice_alone[0], slices[1], rtol=1e-5)


def test_blurring_keeps_constants_and_equals_a_convolution_with_the_outer_product() -> None:
    assert torch.allclose(blur(torch.full((1, 6, 6), 3.0)), torch.full((1, 6, 6), 3.0), atol=1e-5)
    point = torch.zeros(1, 9, 9)
    point[0, 4, 4] = 1
    line = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    line /= line.sum()
    assert np.allclose(blur(point)[0, 2:7, 2:7].numpy(), np.outer(line, line), atol=1e-6)
