"""Context encoder (Pathak et al. 2016; thesis 3.2): squares are covered, the whole slice has to come out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mood_reference.families.autoencoding import (
    BackboneConfig,
    choose_settings,
    draw_slices,
    make_backbone_stage,
    make_error_find,
    mask_squares,
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
    """Everything as in the shared backbone; the squares are those of `mask_squares`."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = draw_slices(data, config, rng)
        return x, mask_squares(x, config, rng)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Eq. 3.12: |x - g(f(x~))|, summed over pixels, averaged over the batch."""
        x, masked = batch
        return {
            "loss": find_reconstruction_loss(x, net.restore(masked), config.reconstruction, config.c).mean()
        }

    return [make_backbone_stage("ce", config, heads=1, draw=draw, loss=loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_error_find(restore_nets(make_stages(config), arrays)["ce"])
    return lambda volume: score_slicewise(volume, config, find)
