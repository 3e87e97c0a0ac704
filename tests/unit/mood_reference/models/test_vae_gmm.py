"""The mixture on a VAE's or ceVAE's latent means: the first stage is theirs."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import load_method  # noqa: E402 - needs PyTorch
from mood_reference.stages import export_nets, load_net  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("profile", [Profile.TINY, Profile.CPU])
@pytest.mark.parametrize("first", ["vae", "cevae"])
def test_the_first_stage_takes_over_the_trained_net(first: str, profile: Profile) -> None:
    mine: Any = load_method(f"{first}_gmm")
    theirs: Any = load_method(first)
    stage, mixture = mine.make_stages(mine.make_config(profile=profile, dataset="brain"))
    (twin,) = theirs.make_stages(theirs.make_config(profile=profile, dataset="brain"))
    assert (stage.name, stage.schedule) == (first, twin.schedule)
    net, trained = stage.build({}), twin.build({})
    load_net(net, export_nets({first: trained}), first)
    x = torch.zeros(1, 1, *[32 if profile is Profile.TINY else 64] * 2)
    assert torch.allclose(net.encode(x)[0], trained.encode(x)[0], atol=1e-2)
    assert mixture.build({}).centre.shape == net.encode(x)[0].shape[1:]
