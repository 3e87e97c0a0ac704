"""Conditional hierarchical VAE (thesis 3.3.4): two levels of latents, one image decoded from both."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mood_reference.families.elbo_scores import make_elbo_find
from mood_reference.families.hierarchy import (
    VAE_CANDIDATES,
    HierarchicalVaeConfig,
    TwoLevelVae,
    choose_settings,
    make_hierarchy_stage,
)
from mood_reference.families.slicewise import score_slicewise
from mood_reference.families.variational import draw_latents, find_divergence, find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays

CANDIDATES = VAE_CANDIDATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HierarchicalVaeConfig):
    """Fig. 3.16 without its dark blue part, widened to slightly more parameters than pchVAE."""

    maps: tuple[int, ...] = (16, 32, 66, 130)


def make_config(*, profile: Profile, dataset: str) -> Config:
    widths = {"tiny": {"maps": (4, 8, 16, 16)}, "paper": {"maps": (33, 66, 132, 264)}}
    return Config(**choose_settings(profile, dataset, **widths))


class ChVae(TwoLevelVae):
    """The image is g2(z1, z2) alone."""

    def decode_levels(self, climbed: Tensor, z2: Tensor) -> Tensor:
        return self.decode_low(climbed, z2)


def make_stages(config: Config) -> list[Stage]:
    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Terms 2, 4 and 5 of eq. 3.24, without weights: rec + KL1 + KL2."""
        (x,) = batch
        levels = net.infer(x, draw_latents)
        restored = net.decode_levels(levels.climbed, levels.z2)
        rec = find_reconstruction_loss(x, restored, config.reconstruction, config.c).mean()
        kl1, kl2 = find_divergence(*levels.q1).mean(), find_divergence(*levels.q2).mean()
        return {"loss": rec + kl1 + kl2, "rec": rec, "kl1": kl1, "kl2": kl2}

    return [make_hierarchy_stage("chvae", config, ChVae, loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_elbo_find(restore_nets(make_stages(config), arrays)["chvae"], config)
    return lambda volume: score_slicewise(volume, config, find)
