"""VAE with iterative image restoration (You et al. 2019; thesis 4.2.2): what has to change to look normal.

A slice y is changed step by step until the VAE finds it likely, while the total variation of the change is
held down: few regions change, each as a whole. How far each pixel went is its score.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from mood_reference.families.autoencoding import choose_settings
from mood_reference.families.elbo_scores import ElboTerms, Term
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.models import vae
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Schedule, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(vae.Config):
    """p(x|z) is the VAE's, so that its nets fit: a Laplace distribution, ours; You et al. take a Gaussian.

    The VAE's scores and SmoothGrad settings are for choosing the net; restoring does not use them.
    """

    tv_weight: float = 2.2  # lambda of eq. 4.4; not in the thesis, You et al.
    tv_rounding: float = 0.1  # z-units; smaller differences count squared, so that large steps settle, ours
    restoring_steps: int = 30  # ours for two cores; not in the thesis, You et al. take 500
    step_size: float = 1e-2  # in z-units per unit of the gradient, ours for few steps; You et al.: 5e-3
    early_steps: int = 0  # then late_step_size (You et al.: 100); 0: the size falls to nothing, ours
    late_step_size: float = 2e-3  # You et al.
    clip_gradient: float = 50.0  # of each pixel, either way (You et al.)
    reducer: Reducer = Reducer.TOP_PERCENT  # voxels to scan; not in the thesis, ours
    slice_reducer: str = "none"  # the scan's score comes from its voxels


PAPER: dict[str, Any] = {
    "tv_rounding": 0.0,
    "restoring_steps": 500,
    "step_size": 5e-3,
    "early_steps": 100,
}  # You et al.


def make_config(*, profile: Profile, dataset: str) -> Config:
    settings = choose_settings(profile, dataset)
    restoring: dict[str, Any] = {Profile.TINY: {"restoring_steps": 3}, Profile.PAPER: PAPER}.get(profile, {})
    return Config(**settings, **restoring)


def make_stages(config: Config) -> list[Stage]:
    """Return the VAE's own stage; spheres choose the best net (thesis 4.2.2).

    A VAE that is given stays what its own held-out loss chose.
    """
    (stage,) = vae.make_stages(config)
    return [replace(stage, schedule=replace(cast("Schedule", stage.schedule), select="spheres"))]


make_selection_scorer = vae.make_scorer
"""Scores by the reconstruction error: what chooses the net, for restoring is too dear then (thesis 4.2.2)."""


def find_total_variation(change: Tensor, rounding: float = 0.0) -> Tensor:
    """Return the sum of |d| over the differences d of neighbours, down and across: (B, 1, H, W) -> (B,).

    With rounding r, a |d| below r counts d² / 2r and any other |d| - r/2 (Huber): no kink, the same slopes.
    """
    differences = torch.cat([change.diff(dim=2).flatten(1), change.diff(dim=3).flatten(1)], dim=1)
    sizes = differences.abs()
    if rounding > 0:
        sizes = torch.where(sizes < rounding, sizes.square() / (2 * rounding), sizes - rounding / 2)
    return sizes.sum(1)


def find_objective(restored: Tensor, y: Tensor, term: Term, config: Config) -> Tensor:
    """Return what restoration makes small: lambda TV(x^ - y) + KL + rec of x^, (B, 1, H, W) -> (B,).

    Eq. 4.4 with the sign put right: the loss of a VAE is the negative of the bound on log p(x), so it is
    part of what is minimised (eq. 4.2 bounds it from the wrong side).
    """
    return config.tv_weight * find_total_variation(restored - y, config.tv_rounding) + term(restored)


def restore(y: Tensor, term: Term, config: Config) -> Tensor:
    """Return x^ (B, 1, H, W) from gradient descent on the objective, which starts at y.

    Slices are summed, so none depends on its neighbours, and z is the mean of q(z|x): nothing is drawn.
    """
    x = y.clone()
    for step in range(config.restoring_steps):
        with torch.enable_grad():
            x.requires_grad_()
            total = find_objective(x, y, term, config).sum()
            gradient = torch.autograd.grad(total, x)[0]
        gradient = gradient.clamp(-config.clip_gradient, config.clip_gradient)
        x = (x.detach() - find_step_size(step, config) * gradient).clamp(-config.clip, config.clip)
    return x.detach()


def find_step_size(step: int, config: Config) -> float:
    if config.early_steps:
        return config.step_size if step < config.early_steps else config.late_step_size
    return config.step_size * (1 - step / config.restoring_steps)


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    net = restore_nets(make_stages(config), arrays)["vae"]
    term = ElboTerms(net, config.reconstruction, config.c).loss

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        change = (restore(x, term, config) - x)[:, 0]  # eq. 4.5, with its sign
        return (change,), change.abs().mean(dim=(1, 2))

    return lambda volume: score_slicewise(volume, config, find)
