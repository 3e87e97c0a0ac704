"""RealNVP on features: there and back, its log-determinant, and a density that it learns."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import cradl  # noqa: E402 - needs PyTorch
from mood_reference.models.cradl_nvp import (  # noqa: E402 - needs PyTorch
    Config,
    make_config,
    make_real_nvp,
    make_stages,
)
from mood_reference.nets.flows import find_flow_nll  # noqa: E402 - needs PyTorch
from mood_reference.stages import export_nets, load_net  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = Config(latents=5, couplings=4, coupling_hidden=8)


def test_features_come_back_and_the_log_determinant_is_that_of_the_jacobian() -> None:
    torch.manual_seed(0)
    net = make_real_nvp(CONFIG).double().eval()
    for weight in net.parameters():
        weight.data += 0.5 * torch.randn(weight.shape)
    x = torch.randn(4, 5, dtype=torch.float64)
    z, log_det = net(x)
    assert torch.allclose(net.inverse(z), x, atol=1e-8)
    for one, found in zip(x.split(1), log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: net(v)[0], one).reshape(5, 5)
        assert found.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-8)


def test_training_leaves_the_encoder_alone_and_beats_independent_gaussians() -> None:
    """The features lie on a bent line, which no product of Gaussians describes."""
    torch.manual_seed(0)
    line = torch.randn(256, 1)
    x = torch.cat([line, line**2, torch.randn(256, 3)], 1) + 0.1 * torch.randn(256, 5)

    class Encoder(torch.nn.Module):
        factor = torch.nn.Parameter(torch.ones(1))

        def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (x * self.factor,)

    stage = make_stages(CONFIG)[1]
    assert stage.loss is not None
    net = stage.build({}).train()
    adam = torch.optim.Adam(net.parameters(), lr=0.02)
    noise = torch.from_numpy(np.zeros((256, 5), np.float32))
    first = stage.loss(net, (x, noise), {"cradl": Encoder()})["loss"].item()
    for _ in range(60):
        loss = stage.loss(net, (x, noise), {"cradl": Encoder()})["loss"]
        adam.zero_grad()
        loss.backward()
        adam.step()
    independent = 5 * 0.5 * (1 + np.log(2 * np.pi)) + x.std(0).log().sum().item()
    assert first == pytest.approx(independent, abs=0.05), "ActNorm alone is the product of Gaussians"
    assert find_flow_nll(net.eval(), x).mean().item() < independent - 0.5
    assert Encoder.factor.grad is None


def test_it_takes_over_the_encoder_of_cradl() -> None:
    mine = make_stages(make_config(profile=Profile.TINY, dataset="brain"))[0]
    theirs = cradl.make_stages(cradl.make_config(profile=Profile.TINY, dataset="brain"))[0]
    assert (mine.name, mine.schedule) == (theirs.name, theirs.schedule)
    load_net(mine.build({}), export_nets({theirs.name: theirs.build({})}), mine.name)
