"""The ceVAE's loss between those of a VAE and a CE, and its squares."""

from dataclasses import asdict, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mood_reference.families import autoencoding  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import ce, cevae, vae  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = cevae.make_config(profile=Profile.TINY, dataset="brain")
X = torch.linspace(-1.5, 1.5, 2 * 32 * 32).sin().reshape(2, 1, 32, 32)


def make_net() -> cevae.Vae:
    torch.manual_seed(0)
    return cevae.Vae(CONFIG)


def find_loss(factor: float, masked: torch.Tensor) -> float:
    torch.manual_seed(1)
    return cevae.find_loss(make_net(), X, masked, replace(CONFIG, ce_factor=factor))["loss"].item()


def test_the_loss_goes_from_the_vaes_to_the_ces_with_the_share_of_the_ce_branch() -> None:
    masked = cevae.mask_squares(X, CONFIG, np.random.default_rng(0))
    torch.manual_seed(1)
    of_vae = vae.find_loss(make_net(), X, CONFIG)["loss"].item()
    loss_of_ce = ce.make_stages(ce.make_config(profile=Profile.TINY, dataset="brain"))[0].loss
    assert loss_of_ce is not None
    of_ce = loss_of_ce(make_net(), (X, masked), {})["loss"].item()
    assert find_loss(0.0, masked) == pytest.approx(of_vae)
    assert find_loss(1.0, masked) == pytest.approx(of_ce)
    assert find_loss(0.25, masked) == pytest.approx(0.75 * of_vae + 0.25 * of_ce)


def test_ae_vae_and_cevae_have_one_net_and_one_schedule_unless_told_otherwise() -> None:
    shared = asdict(autoencoding.BackboneConfig())
    assert shared.items() <= asdict(vae.Config()).items()
    assert shared.items() <= asdict(cevae.Config()).items()


def test_the_squares_are_those_of_the_ce() -> None:
    ours = cevae.mask_squares(X, CONFIG, np.random.default_rng(5))
    assert torch.equal(ours, autoencoding.mask_squares(X, CONFIG, np.random.default_rng(5)))
    assert not torch.equal(ours, X)


def test_the_backbone_of_ae_dae_and_ce_is_the_vaes_without_its_deviation() -> None:
    net, backbone = make_net(), autoencoding.Backbone(autoencoding.BackboneConfig(**autoencoding.TINY))
    names = backbone.state_dict().keys()
    assert net.state_dict().keys() - names == {"encoder.heads.1.weight", "encoder.heads.1.bias"}
    backbone.load_state_dict({name: net.state_dict()[name] for name in names})
    assert torch.equal(backbone.restore(X), net.restore(X))
