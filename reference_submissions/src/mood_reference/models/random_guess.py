"""Random guess: noise in every voxel, a number for every scan; the same scan always gets the same."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mood_reference.methods import Profile, Report
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.volumes import Volume
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    reducer: Reducer = Reducer.MEAN  # not used: scans are scored by a draw of their own


def make_config(*, profile: Profile, dataset: str) -> Config:  # noqa: ARG001 - one setting serves all
    return Config()


def train(volumes: Volume, *, config: Config, seed: int, report: Report) -> Arrays:  # noqa: ARG001 - see above
    return {}


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:  # noqa: ARG001 - see above
    return guess


def guess(volume: Volume) -> Scores:
    """Draw from a generator that the scan's own voxels seed."""
    digest = hashlib.sha256(np.ascontiguousarray(volume).tobytes()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    sample = float(rng.random())
    return Scores(rng.random(volume.shape, dtype=np.float32), sample=sample)
