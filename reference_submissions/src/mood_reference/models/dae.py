"""Denoising autoencoder (Vincent et al. 2010; thesis 3.1.4): noise comes in, the clean slice goes out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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
    noise: float = (
        0.3  # deviation of the Gaussian, a tenth of the clipped range of 3; not in the thesis, ours
    )


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    def add_noise(x: Tensor, rng: np.random.Generator) -> Tensor:
        return x + config.noise * torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))

    return [make_restoring_stage("dae", config, add_noise)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    (stage,) = make_stages(config)
    return make_restoring_scorer(stage, config, arrays)
