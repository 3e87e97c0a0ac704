"""pchVAE: the five terms of eq. 3.24 against a second, literal implementation, and its three parts."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.families.elbo_scores import ElboTerms  # noqa: E402 - needs PyTorch
from mood_reference.families.variational import Reconstruction  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import pchvae  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = replace(
    pchvae.make_config(profile=Profile.TINY, dataset="brain"), l1=0.7, l2=1.1, l3=1.3, l4=0.9, l5=0.3
)
torch.manual_seed(0)
NET = pchvae.PchVae(CONFIG)
X = torch.randn(3, 1, CONFIG.side, CONFIG.side)


def draw(q: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return q[0] + q[1].exp() * torch.randn_like(q[0])


def find_terms_literally(net: pchvae.PchVae, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Write eq. 3.24 out layer by layer, from f1, f2, g1 and g2."""

    def f1(y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = net.high_fall(net.fall(y))
        return net.high_head.mean(features), net.high_head.log_std(features)

    def g1(z: torch.Tensor) -> torch.Tensor:
        return net.high_rise(net.climb(z))

    def norm(image: torch.Tensor) -> torch.Tensor:
        return (image**2).sum() / len(x) / (2 * CONFIG.c**2)

    def diverge(q: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return d.kl_divergence(d.Normal(q[0], q[1].exp()), d.Normal(0.0, 1.0)).sum() / len(x)

    q1 = f1(x)
    z1 = draw(q1)
    both = torch.cat([net.fall(x), net.climb(z1)], 1)
    q2 = (net.low_head.mean(both), net.low_head.log_std(both))
    r = net.low_rise(torch.cat([net.climb(z1), draw(q2)], 1))
    zero = g1(draw(f1(r)))
    return {
        "high": norm(x - g1(z1)),
        "both": norm(x - (g1(z1) + r)),
        "zero": norm(zero),
        "kl1": diverge(q1),
        "kl2": diverge(q2),
    }


def test_the_loss_and_its_gradient_equal_eq_3_24_written_out() -> None:
    torch.manual_seed(1)
    losses = pchvae.make_stages(CONFIG)[0].loss(NET, (X,), {})  # type: ignore[misc]
    torch.manual_seed(1)
    terms = find_terms_literally(NET, X)
    for name, term in terms.items():
        assert losses[name].item() == pytest.approx(term.item(), rel=1e-4), name
    weights = {"high": 0.7, "both": 1.1, "zero": 1.3, "kl1": 0.9, "kl2": 0.3}
    total = sum(weights[name] * term for name, term in terms.items())
    gradients = torch.autograd.grad(losses["loss"], list(NET.parameters()))
    expected = torch.autograd.grad(total, list(NET.parameters()))
    for one, other in zip(gradients, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


def test_the_third_term_teaches_both_encoders_and_both_decoders() -> None:
    torch.manual_seed(1)
    zero = pchvae.make_stages(CONFIG)[0].loss(NET, (X,), {})["zero"]  # type: ignore[misc]
    gradients = torch.autograd.grad(zero, list(NET.parameters()))
    assert all(float(gradient.abs().max()) > 0 for gradient in gradients)


def test_the_third_term_alone_drives_what_the_high_level_sees_in_the_residual_to_zero() -> None:
    torch.manual_seed(0)
    config = replace(CONFIG, l1=0.0, l2=0.0, l3=1.0, l4=0.0, l5=0.0)
    net, stage = pchvae.PchVae(config), pchvae.make_stages(config)[0]
    weights = list(net.parameters())
    before = net.parts(X).zero.square().sum().item()
    for _ in range(10):  # Adam itself would take seconds to import
        loss = stage.loss(net, (X,), {})["loss"]  # type: ignore[misc]
        gradients = torch.autograd.grad(loss, weights)
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.data -= 0.1 * gradient / norm
    assert net.parts(X).zero.square().sum().item() < 0.5 * before


def test_high_and_low_part_add_up_to_the_restored_slice() -> None:
    parts = NET.parts(X)
    assert torch.allclose(parts.high + parts.low, NET.restore(X), atol=1e-6)
    assert parts.high.shape == parts.low.shape == parts.zero.shape == X.shape
    again = NET.decode_high(NET.climb(NET.find_high(parts.low)[0]))
    assert torch.allclose(parts.zero, again)


def test_a_slice_scores_terms_2_4_and_5_at_the_means() -> None:
    found = ElboTerms(NET, Reconstruction.L2, CONFIG.c).loss(X)
    prior = d.Normal(0.0, 1.0)
    levels = NET.infer(X, lambda mean, _: mean)
    kl = sum(
        d.kl_divergence(d.Normal(mean, log_std.exp()), prior).sum(dim=(1, 2, 3))
        for mean, log_std in (levels.q1, levels.q2)
    )
    rec = (X - NET.restore(X)).square().sum(dim=(1, 2, 3)) / (2 * CONFIG.c**2)
    assert torch.allclose(found, rec + kl, rtol=1e-4)
