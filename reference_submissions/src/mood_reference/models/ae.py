"""Autoencoder (thesis 3.2.4): squeezed through a few numbers and restored; what gets lost is abnormal."""

from dataclasses import dataclass

from mood_reference.families.autoencoding import (
    BackboneConfig,
    choose_settings,
    make_restoring_scorer,
    make_restoring_stage,
)
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BackboneConfig):
    """Everything as in the shared backbone."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    return [make_restoring_stage("ae", config, lambda x, _: x)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    (stage,) = make_stages(config)
    return make_restoring_scorer(stage, config, arrays)
