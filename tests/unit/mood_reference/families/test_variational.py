"""The terms of the ELBO against torch.distributions."""

import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.families.variational import (  # noqa: E402 - needs PyTorch
    Reconstruction,
    draw_latents,
    find_divergence,
    find_reconstruction_loss,
)

pytestmark = pytest.mark.torch


def test_the_divergence_equals_torchs() -> None:
    mean, log_std = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2)
    twin = d.kl_divergence(d.Normal(mean, log_std.exp()), d.Normal(0.0, 1.0)).sum(dim=(1, 2, 3))
    assert torch.allclose(find_divergence(mean, log_std), twin, rtol=1e-5)


@pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
def test_reconstruction_losses_are_log_densities_but_for_a_constant(c: float) -> None:
    x, y, z = torch.randn(3, 2, 1, 4, 4)
    for kind, density in ((Reconstruction.L1, d.Laplace), (Reconstruction.L2, d.Normal)):
        ours = find_reconstruction_loss(x, y, kind, c) - find_reconstruction_loss(x, z, kind, c)
        twin = -(density(y, c).log_prob(x) - density(z, c).log_prob(x)).sum(dim=(1, 2, 3))
        assert torch.allclose(ours, twin, rtol=1e-4, atol=1e-4)


def test_drawn_latents_have_the_mean_and_deviation_asked_for_and_carry_gradients() -> None:
    torch.manual_seed(0)
    mean, log_std = (
        torch.full((20_000,), 2.0, requires_grad=True),
        torch.full((20_000,), -1.0, requires_grad=True),
    )
    z = draw_latents(mean, log_std)
    assert z.mean().item() == pytest.approx(2, abs=0.02)
    assert z.std().item() == pytest.approx(0.3679, abs=0.02)
    z.sum().backward()
    assert mean.grad is not None
    assert log_std.grad is not None
