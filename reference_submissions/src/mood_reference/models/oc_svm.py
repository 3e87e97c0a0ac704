"""One-class support vector machine on slices (Schölkopf et al. 2001; thesis 3.2.4), in NumPy once trained.

The machine puts a Gaussian bump on some training slices, the support vectors, and adds them up: the sum less
an offset is positive where normal slices are dense. A slice scores minus this decision function. The thesis
has no score for pixels; ours is the size of the function's gradient, which points from a slice to the support
vectors near it: roughly, how the slice differs from normal ones like it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mood_reference.methods import Profile, Report
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.slices import SliceConfig, assemble_scores, cut_volume, cut_volumes
from mood_reference.scans.volumes import Volume
from mood_reference.weights import Arrays

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(SliceConfig):
    nu: float = 0.02  # share of training slices that may lie outside; thesis: not given, ours
    gamma: float | None = (
        None  # of the kernel, None: 1 / (pixels times their variance); thesis: not given, ours
    )
    most_slices: int = 4000  # to train on, drawn at random: memory and time grow with their square; ours


def make_config(*, profile: Profile, dataset: str) -> Config:  # noqa: ARG001 - slices of both are treated alike
    if profile is Profile.TINY:
        return Config(side=16, depth=12)
    return Config()


def train(volumes: Volume, *, config: Config, seed: int, report: Report) -> Arrays:
    from sklearn.svm import OneClassSVM

    slices = cut_volumes(volumes, config).all()
    chosen = np.random.default_rng(seed).permutation(len(slices))[: config.most_slices]
    rows = slices[chosen].reshape(len(chosen), -1)  # (S, side²), standardised over each scan
    report(1, 2, f"{len(rows)} slices")
    gamma = config.gamma or 1 / (rows.shape[1] * max(float(rows.var()), 1e-6))
    machine = OneClassSVM(kernel="rbf", nu=config.nu, gamma=gamma).fit(rows)
    report(2, 2, f"{len(machine.support_vectors_)} support vectors")
    return {
        "vectors": machine.support_vectors_.astype(np.float16),  # (M, side²)
        "weights": machine.dual_coef_[0].astype(np.float32),  # (M,)
        "offset": np.float32(machine.intercept_[0]),
        "gamma": np.float32(gamma),
    }


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    def score(volume: Volume) -> Scores:
        cut = cut_volume(volume, config)
        if not cut.used.any():
            return Scores(np.zeros_like(volume))
        x = cut.x[cut.used]  # (S, side, side)
        decisions, gradients = decide(x.reshape(len(x), -1), arrays)
        factors = [gradients.reshape(x.shape)]
        return assemble_scores(cut, factors, -decisions, shape=volume.shape, config=config)

    return score


def decide(x: Matrix, arrays: Arrays) -> tuple[NDArray[np.float64], Matrix]:
    """Return f(x) = sum of w exp(-gamma |x - v|²) + offset, and its gradient: (S, P) -> (S,), (S, P)."""
    v, gamma = arrays["vectors"].astype(x.dtype), arrays["gamma"]
    distance = (x**2).sum(1)[:, None] + (v**2).sum(1) - 2 * x @ v.T  # (S, M)
    bumps = arrays["weights"] * np.exp(-gamma * np.maximum(distance, 0))
    gradient = -2 * gamma * (bumps.sum(1)[:, None] * x - bumps @ v)
    return bumps.sum(1, dtype=np.float64) + arrays["offset"], gradient
