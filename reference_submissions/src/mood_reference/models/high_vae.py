"""High VAE (thesis 3.3.4): four halvings, four doublings and a coarse map of latents, as pchVAE's z1."""

from dataclasses import dataclass

from mood_reference.families.elbo_scores import make_elbo_find
from mood_reference.families.hierarchy import (
    VAE_CANDIDATES,
    HierarchicalVaeConfig,
    OneLevelVae,
    choose_settings,
    make_elbo_loss,
    make_hierarchy_stage,
)
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage, restore_nets
from mood_reference.weights import Arrays

CANDIDATES = VAE_CANDIDATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HierarchicalVaeConfig):
    """The green and blue parts of Fig. 3.16, widened to slightly more parameters than pchVAE."""

    maps: tuple[int, ...] = (13, 26, 53, 106)


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(
        **choose_settings(profile, dataset, tiny={"maps": (4, 8, 16, 16)}, paper={"maps": (29, 58, 116, 232)})
    )


def make_stages(config: Config) -> list[Stage]:
    return [make_hierarchy_stage("high_vae", config, OneLevelVae, make_elbo_loss(config))]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_elbo_find(restore_nets(make_stages(config), arrays)["high_vae"], config)
    return lambda volume: score_slicewise(volume, config, find)
