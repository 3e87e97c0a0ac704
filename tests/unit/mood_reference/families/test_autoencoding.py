"""What AE, DAE and CE share: what their nets see, and what has to come out."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import ae, ce, dae  # noqa: E402 - needs PyTorch
from mood_reference.scans.slices import SliceSet  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

X = np.random.default_rng(0).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
SLICES = SliceSet(X, np.array([[0, 0], [0, 1], [0, 2]]))


def draw(module: Any) -> tuple[torch.Tensor, torch.Tensor, Any]:
    (stage,) = module.make_stages(module.make_config(profile=Profile.TINY, dataset="brain"))
    x, seen = stage.draw(SLICES, np.random.default_rng(0))
    return x, seen, stage


def test_an_ae_sees_the_slice_a_dae_noise_on_it_and_a_ce_squares_over_it() -> None:
    x, of_ae, _ = draw(ae)
    assert torch.equal(of_ae, x)
    clean, noisy, _ = draw(dae)
    assert (noisy - clean).std().item() == pytest.approx(0.3, rel=0.05)
    whole, covered, _ = draw(ce)
    assert torch.equal(whole, x)
    assert 0 < (covered != whole).float().mean() < 0.75


@pytest.mark.parametrize("module", [ae, dae, ce])
def test_the_loss_compares_what_comes_out_with_the_slice_as_it_was(module: Any) -> None:
    x, seen, stage = draw(module)

    class Doubling(torch.nn.Module):
        def restore(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * x

    loss = stage.loss(Doubling(), (x, seen), {})["loss"]
    expected = np.abs(x.numpy() - 2 * seen.numpy()).sum() / len(x)
    assert loss.item() == pytest.approx(expected, rel=1e-4)
