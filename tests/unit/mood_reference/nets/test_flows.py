"""Invertible layers: back again without loss, log-determinants as autograd finds them."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402 - needs PyTorch

from mood_reference.nets.flows import (  # noqa: E402 - needs PyTorch
    ActNorm,
    AffineCoupling,
    Chain,
    Mixing,
    Shuffle,
    Squeeze,
    count_kept,
    find_flow_nll,
    start_at_zero,
)

pytestmark = pytest.mark.torch


def roughen(net: nn.Module) -> nn.Module:
    """Give every weight a value that no start has, so that no layer is the identity."""
    generator = torch.Generator().manual_seed(1)
    for weight in net.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator)
    return net.double().eval()


def find_log_det(layer: nn.Module, x: Tensor) -> Tensor:
    """log |det dy/dx| of each of the batch from the whole Jacobian."""
    found = []
    for one in x.split(1):
        jacobian = torch.autograd.functional.jacobian(lambda v: layer(v)[0], one)
        found.append(torch.linalg.slogdet(jacobian.reshape(one.numel(), one.numel()))[1])
    return torch.stack(found)


def make_coupling(channels: int) -> AffineCoupling:
    kept = count_kept(channels)
    return AffineCoupling(nn.Conv2d(kept, 2 * (channels - kept), 3, padding=1), clamp=2.0)


def make_feature_coupling(channels: int) -> AffineCoupling:
    kept = count_kept(channels)
    return AffineCoupling(nn.Linear(kept, 2 * (channels - kept)), clamp=2.0)


LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "ActNorm of maps": (lambda: ActNorm(3), (2, 3, 4, 2)),
    "ActNorm of features": (lambda: ActNorm(5), (2, 5)),
    "Mixing of maps": (lambda: Mixing(3), (2, 3, 2, 3)),
    "Mixing of features": (lambda: Mixing(4), (2, 4)),
    "Shuffle": (lambda: Shuffle(5), (2, 5)),
    "coupling of maps": (lambda: make_coupling(3), (2, 3, 3, 3)),
    "coupling of an odd number of features": (lambda: make_feature_coupling(5), (3, 5)),
    "Squeeze": (Squeeze, (2, 2, 4, 4)),
    "Chain": (lambda: Chain([Squeeze(), ActNorm(4), Mixing(4), make_coupling(4)]), (2, 1, 4, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_knows_its_way_back_and_its_log_determinant(name: str) -> None:
    torch.manual_seed(0)
    build, shape = LAYERS[name]
    layer, x = roughen(build()), torch.randn(shape, dtype=torch.float64)
    y, log_det = layer(x)
    assert torch.allclose(layer.inverse(y), x, atol=1e-10)  # type: ignore[operator]
    assert log_det.shape == (len(x),)
    assert torch.allclose(log_det, find_log_det(layer, x), atol=1e-8)


def test_the_first_training_batch_sets_actnorm_and_no_later_one() -> None:
    layer, x = ActNorm(3).train(), 5 + 4 * torch.randn(64, 3, 4, 4)
    y, _ = layer(x)
    assert torch.allclose(y.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(y.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-3)
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    layer(x * 3)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())
    untrained = ActNorm(3).eval()
    assert torch.equal(untrained(x)[0], x)


def test_a_channel_that_never_varies_stays_finite() -> None:
    y, log_det = ActNorm(2).train()(torch.ones(8, 2))
    assert torch.isfinite(y).all()
    assert torch.isfinite(log_det).all()


def test_a_coupling_that_starts_at_zero_changes_nothing_and_none_scales_beyond_its_clamp() -> None:
    x = torch.randn(4, 6)
    still = AffineCoupling(start_at_zero(nn.Linear(3, 6)), clamp=2.0)
    assert torch.equal(still(x)[0], x)
    wild = AffineCoupling(nn.Linear(3, 6), clamp=2.0)
    assert wild(1e6 * x)[1].abs().max() <= 6


def test_the_nll_is_that_of_torchs_transformed_distribution() -> None:
    layer = roughen(ActNorm(4))
    x = torch.randn(5, 4, dtype=torch.float64)
    scale = layer.log_scale.exp()  # type: ignore[operator, union-attr]
    normal = torch.distributions.Normal(-layer.shift, 1 / scale)  # type: ignore[operator]
    assert torch.allclose(find_flow_nll(layer, x), -normal.log_prob(x).sum(1))
