"""Denoising autoencoder (Vincent et al. 2010; thesis 3.1.4): noise comes in, the clean slice goes out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mood_reference.families.autoencoding import (
    BackboneConfig,
    choose_settings,
    draw_slices,
    make_backbone_stage,
    make_error_find,
)
from mood_reference.families.slicewise import score_slicewise
from mood_reference.families.variational import find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceSet
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BackboneConfig):
    noise: float = (
        0.3  # deviation of the Gaussian, a tenth of the clipped range of 3; not in the thesis, ours
    )


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = draw_slices(data, config, rng)
        noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
        return x, x + config.noise * noise

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """|x - g(f(x + noise))|, summed over pixels, averaged over the batch."""
        x, noisy = batch
        return {
            "loss": find_reconstruction_loss(x, net.restore(noisy), config.reconstruction, config.c).mean()
        }

    return [make_backbone_stage("dae", config, heads=1, draw=draw, loss=loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_error_find(restore_nets(make_stages(config), arrays)["dae"])
    return lambda volume: score_slicewise(volume, config, find)
