"""VQVAE-2: its loss, its levels and its two scores."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.elbo_scores import PixelScore  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import vqvae2  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = vqvae2.make_config(profile=Profile.TINY, dataset="brain")
torch.manual_seed(0)
NET = vqvae2.VqVae2(CONFIG)
X = torch.randn(3, 1, CONFIG.side, CONFIG.side)
NET.encode(X)  # the first batch sets the codes
NET.eval()


def test_the_loss_is_the_public_codes_times_the_number_of_pixels() -> None:
    losses = vqvae2.make_stages(CONFIG)[0].loss(NET, (X,), {})  # type: ignore[misc]
    features = NET.fall(X)
    top = NET.top_fall(features)
    top_code = NET.top_quantizer.look_up(NET.top_quantizer(top)[1])
    bottom = NET.bottom_head(torch.cat([features, NET.top_rise(top_code)], 1))
    bottom_code = NET.bottom_quantizer.look_up(NET.bottom_quantizer(bottom)[1])
    image = NET.image_rise(torch.cat([bottom_code, NET.top_rise(top_code)], 1))
    public = ((X - image) ** 2).mean() + 0.25 * (
        ((top - top_code) ** 2).mean() + ((bottom - bottom_code) ** 2).mean()
    )
    assert losses["loss"].item() == pytest.approx(public.item() * CONFIG.side**2, rel=1e-4)


def test_both_levels_are_codes_of_their_quantizers() -> None:
    coded = NET.encode(X)
    for level, quantizer, size in (
        (coded.top, NET.top_quantizer, 4),
        (coded.bottom, NET.bottom_quantizer, 8),
    ):
        assert level.shape[2:] == (size, size)
        vectors = level.movedim(1, -1).flatten(0, 2)
        distances = (vectors[:, None] - quantizer.codes[None]).norm(dim=2)
        assert distances.min(1).values.max() < 1e-5


def test_the_loss_teaches_every_weight_although_codes_have_no_gradient() -> None:
    loss = vqvae2.make_stages(CONFIG)[0].loss(NET, (X,), {})["loss"]  # type: ignore[misc]
    gradients = torch.autograd.grad(loss, list(NET.parameters()))
    assert all(float(gradient.abs().max()) > 0 for gradient in gradients)


def test_pixels_score_what_is_not_restored_or_gradients_and_slices_the_loss() -> None:
    (error,), slices = vqvae2.make_find(NET, CONFIG)(X)
    assert torch.allclose(error, (X - NET.restore(X))[:, 0])
    assert torch.allclose(slices, vqvae2.find_terms(NET, X, CONFIG)["loss"])
    maps = {}
    for score in vqvae2.DERIVED:
        factors, again = vqvae2.make_find(NET, replace(CONFIG, pixel_score=score))(X)
        maps[score] = factors
        assert torch.equal(slices, again)
    commitment, combi = maps[PixelScore.KL_GRAD], maps[PixelScore.COMBI]
    assert torch.equal(combi[0], error)
    assert torch.equal(combi[1], commitment[0])
    assert not torch.allclose(commitment[0], maps[PixelScore.ELBO_GRAD][0])


def test_the_commitments_gradient_equals_finite_differences_where_no_code_changes() -> None:
    net = vqvae2.VqVae2(CONFIG).double()
    net.encode(X.double())
    net.eval()
    x, step = X.double(), torch.zeros_like(X.double())
    step[1, 0, 9, 20] = 1e-7

    def term(y: torch.Tensor) -> torch.Tensor:
        vectors = net.top_fall(net.fall(y))
        return (vectors - net.top_quantizer.look_up(codes)).square().sum()

    codes = net.top_quantizer(net.top_fall(net.fall(x)))[1]
    leaf = x.clone().requires_grad_()
    net.top_quantizer(net.top_fall(net.fall(leaf)))[2].sum().backward()
    slope = (term(x + step) - term(x - step)).item() / 2e-7
    assert leaf.grad[1, 0, 9, 20].item() == pytest.approx(slope, rel=1e-2, abs=1e-5)
