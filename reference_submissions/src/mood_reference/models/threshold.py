"""Intensity threshold: the distance of a voxel from a mid-grey. Nothing is learnt.

The weakest sensible entry, and a useful one: what it finds was to be found without any model.
"""

from dataclasses import dataclass

import numpy as np

from mood_reference.methods import Profile, Report
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.volumes import Volume, find_foreground, smooth
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    mid_grey: float = 0.5  # intensity in [0, 1]; MOOD's starter kit uses the same
    smoothing: float = 1.0  # sigma in voxels, ours
    reducer: Reducer = Reducer.TOP_PERCENT  # ours


def make_config(*, profile: Profile, dataset: str) -> Config:  # noqa: ARG001 - one setting serves all
    return Config()


def train(volumes: Volume, *, config: Config, seed: int, report: Report) -> Arrays:  # noqa: ARG001 - see above
    return {}


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    return lambda volume: Scores(score(volume, config=config, arrays=arrays))


def score(volume: Volume, *, config: Config, arrays: Arrays) -> Volume:  # noqa: ARG001 - see above
    return smooth(np.abs(volume - np.float32(config.mid_grey)) * find_foreground(volume), config.smoothing)
