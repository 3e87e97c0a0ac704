"""Variational autoencoder (Kingma & Welling 2013; thesis 3.1), scored by its loss and the loss' gradients.

Nets and schedule are those of 3.2.4, as for the ceVAE beside it. In 3.1.4 p(x|z) is normal
(`--set reconstruction=l2`), 256 latents are used, and gradients are smoothed (`--set smooth_runs=10`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mood_reference.families.autoencoding import (
    BackboneConfig,
    choose_settings,
    draw_slices,
    make_backbone_stage,
)
from mood_reference.families.elbo_scores import PixelScore, make_elbo_find
from mood_reference.families.slicewise import score_slicewise
from mood_reference.families.variational import draw_latents, find_divergence, find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceSet
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BackboneConfig):
    pixel_score: PixelScore = PixelScore.REC  # chosen on painted spheres after training, see CANDIDATES
    slice_score: str = "loss"  # loss (eq. 3.14) | kl | rec: what scores a slice (thesis Fig. 3.4)
    samples: int = 20  # draws of z for the sampling variance; not in the thesis, ours
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient; thesis: used, number not given
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units; not in the thesis, ours


CANDIDATES = tuple(
    {"pixel_score": score} for score in (PixelScore.REC, PixelScore.ELBO_GRAD, PixelScore.COMBI)
)
"""What may score the pixels; AP on spheres painted into held-out normal scans decides (thesis 4.2.2)."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        return (draw_slices(data, config, rng),)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Eq. 3.4: KL + rec with one draw of z, summed over pixels and latents, averaged over the batch."""
        (x,) = batch
        mean, log_std = net.encode(x)
        kl = find_divergence(mean, log_std).mean()
        restored = net.decode(draw_latents(mean, log_std))
        rec = find_reconstruction_loss(x, restored, config.reconstruction, config.c).mean()
        return {"loss": kl + rec, "kl": kl, "rec": rec}

    return [make_backbone_stage("vae", config, heads=2, draw=draw, loss=loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_elbo_find(restore_nets(make_stages(config), arrays)["vae"], config)
    return lambda volume: score_slicewise(volume, config, find)
