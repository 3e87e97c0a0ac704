"""The printed VAE: the numbers it had before it was printed, torch.distributions, and the family's scores."""

import ast
import inspect
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
from torch import distributions as d  # noqa: E402 - needs PyTorch

from mood_reference.families.elbo_scores import PixelScore, make_elbo_find  # noqa: E402 - needs PyTorch
from mood_reference.families.variational import Reconstruction  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import cevae, vae  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = vae.make_config(profile=Profile.TINY, dataset="brain")
X = torch.linspace(-1.5, 1.5, 2 * 32 * 32).sin().reshape(2, 1, 32, 32)
NAMES = {
    f"{part}.{kind}"
    for part in (
        *("encoder.body.0.0", "encoder.body.1.0", "encoder.heads.0", "encoder.heads.1"),
        *("decoder.body.0", "decoder.body.3", "decoder.body.5"),
    )
    for kind in ("weight", "bias")
}
RECORDED = {  # mean of the pixel scores of X, without and with SmoothGrad, from a net of seed 0
    "rec": (0.639511, 0.639511),
    "rec_smooth": (0.63929, 0.63929),
    "sampling_var": (0.0483403, 0.0483403),
    "rec_grad": (0.999891, 0.98128),
    "kl_grad": (0.000244564, 0.000240828),
    "elbo_grad": (0.999898, 0.981288),
    "combi": (0.000147376, 0.000144988),
}


def make_net() -> vae.Vae:
    torch.manual_seed(0)
    return vae.Vae(CONFIG).eval().requires_grad_(requires_grad=False)


def test_weights_trained_before_fit_by_name() -> None:
    assert set(make_net().state_dict()) == NAMES


@pytest.mark.parametrize("score", PixelScore)
@pytest.mark.parametrize("runs", [0, 3])
def test_the_scores_of_a_seeded_net_are_those_recorded_before_it_was_printed(
    score: PixelScore, runs: int
) -> None:
    config = replace(CONFIG, pixel_score=score, smooth_runs=runs)
    factors, slices = vae.score_slices(make_net(), X, config)
    pixels = torch.stack(factors).abs().prod(0)
    assert pixels.mean().item() == pytest.approx(RECORDED[score][runs > 0], rel=1e-4)
    assert slices.tolist() == pytest.approx([541.79132, 767.97717], rel=1e-5)


@pytest.mark.parametrize("score", PixelScore)
@pytest.mark.parametrize(("runs", "slice_score"), [(0, "loss"), (3, "kl"), (0, "rec")])
@pytest.mark.parametrize("kind", Reconstruction)
def test_the_scores_are_those_of_the_family(
    score: PixelScore, runs: int, slice_score: str, kind: Reconstruction
) -> None:
    config = replace(
        CONFIG, pixel_score=score, smooth_runs=runs, slice_score=slice_score, reconstruction=kind, c=0.7
    )
    net = make_net()
    ours, our_slices = vae.score_slices(net, X, config)
    factors, slices = make_elbo_find(net, config)(X)
    assert len(ours) == len(factors)
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(ours, factors, strict=True))
    assert slices is not None
    assert torch.allclose(our_slices, slices)


def test_the_loss_is_the_negative_elbo_of_torchs_distributions_at_a_drawn_z() -> None:
    config, net = replace(CONFIG, c=0.7), make_net()
    torch.manual_seed(1)
    losses = vae.find_loss(net, X, config)
    torch.manual_seed(1)
    q = d.Normal(*(net.encode(X)[0], net.encode(X)[1].exp()))
    p = d.Laplace(net.decode(q.mean + q.stddev * torch.randn_like(q.mean)), 0.7)
    kl = d.kl_divergence(q, d.Normal(0.0, 1.0)).sum(1).mean()
    rec = (-p.log_prob(X) - torch.tensor(1.4).log()).sum(dim=(1, 2, 3)).mean()
    assert losses["kl"].item() == pytest.approx(kl.item(), rel=1e-4)
    assert losses["rec"].item() == pytest.approx(rec.item(), rel=1e-4)
    assert losses["loss"].item() == pytest.approx((kl + rec).item(), rel=1e-4)


def test_drawn_latents_carry_gradients_to_mean_and_deviation() -> None:
    mean, log_std = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    vae.draw_latents(mean, log_std).square().sum().backward()
    assert mean.grad is not None
    assert log_std.grad is not None
    assert (log_std.grad != 0).all()


def test_vae_and_cevae_print_what_they_share_to_the_letter() -> None:
    def read(module: object) -> dict[str, str]:
        source = inspect.getsource(module)  # type: ignore[arg-type]
        parts = [part for part in ast.parse(source).body if isinstance(part, ast.FunctionDef | ast.ClassDef)]
        return {part.name: ast.get_source_segment(source, part) or "" for part in parts}

    first, second = read(vae), read(cevae)
    different = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    assert different == {"Config", "mask_squares", "find_loss", "make_stages", "make_scorer"}
