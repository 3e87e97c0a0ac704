"""Context encoder (Pathak et al. 2016; thesis 3.2): squares are covered, the whole slice has to come out."""

from dataclasses import dataclass

from mood_reference.families.autoencoding import (
    BackboneConfig,
    choose_settings,
    make_restoring_scorer,
    make_restoring_stage,
    mask_squares,
)
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BackboneConfig):
    """Everything as in the shared backbone; the squares are those of `mask_squares`."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    return [make_restoring_stage("ce", config, lambda x, rng: mask_squares(x, config, rng))]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    (stage,) = make_stages(config)
    return make_restoring_scorer(stage, config, arrays)
