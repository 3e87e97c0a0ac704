"""What the hierarchical models share, and that they are comparable as the thesis wants (3.3.4)."""

from functools import cache
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.hierarchy import HierarchyConfig, OneLevelVae, count_channels, take_mean  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import load_method  # noqa: E402 - needs PyTorch
from mood_reference.models.chvae import ChVae, make_config  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

OTHERS = ("low_vae", "high_vae", "chvae", "vqvae2")


@cache
def build(name: str, profile: Profile = Profile.PAPER) -> tuple[Any, Any]:
    """Return config and net of a method, at the size of the thesis unless told otherwise."""
    method: Any = load_method(name)
    config = method.make_config(profile=profile, dataset="brain")
    return config, method.make_stages(config)[0].build({}).eval()


def count_weights(name: str, profile: Profile) -> int:
    return sum(weight.numel() for weight in build(name, profile)[1].parameters())


@pytest.mark.parametrize("profile", [Profile.CPU, Profile.PAPER])
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_model_has_slightly_more_weights_than_pchvae(name: str, profile: Profile) -> None:
    assert 1 < count_weights(name, profile) / count_weights("pchvae", profile) < 1.05


@pytest.mark.parametrize("name", [*OTHERS, "pchvae"])
def test_every_model_has_the_same_number_of_latents(name: str) -> None:
    config, net = build(name)
    coded = net.encode(torch.zeros(1, 1, config.side, config.side))
    latents = coded[:2] if name == "vqvae2" else coded[:1]  # both levels, or the mean of all
    assert sum(level.numel() for level in latents) == 2048


def test_channels_hold_the_latents_and_are_never_fewer_than_one() -> None:
    config = HierarchyConfig()
    assert [count_channels(config, 1024, halvings) for halvings in (4, 3, 2)] == [64, 16, 4]
    assert count_channels(config, 16, 2) == 1


def test_a_net_of_one_level_restores_what_the_mean_decodes_to() -> None:
    net = OneLevelVae(HierarchyConfig(side=16, maps=(2, 3), latents=32))
    x = torch.randn(2, 1, 16, 16)
    mean, log_std = net.encode(x)
    assert mean.shape == log_std.shape == (2, 4, 4, 4)
    assert torch.equal(net.restore(x), net.decode(mean))


def test_the_joined_latents_of_two_levels_decode_as_the_levels_do() -> None:
    torch.manual_seed(0)
    config = make_config(profile=Profile.TINY, dataset="brain")
    net, x = ChVae(config), torch.randn(3, 1, config.side, config.side)
    mean, log_std = net.encode(x)
    levels = net.infer(x, take_mean)
    assert mean.shape == log_std.shape == (3, 2 * config.latents)
    assert levels.q1[0].shape[2:] == (2, 2)
    assert levels.z2.shape[2:] == (8, 8)
    assert torch.equal(net.decode(mean), net.decode_levels(levels.climbed, levels.z2))
    assert torch.equal(net.restore(x), net.decode(mean))
