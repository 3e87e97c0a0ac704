"""PCA residual after Saase et al. 2020 (thesis 4.1.3): abnormal is what a linear model of normals misses.

Every scan is z-normalised over its body, every voxel z-transformed with mean and deviation of the training
scans; the principal components of the result span what is normal. What a scan has outside that span is its
residual: its size scores the voxel and, reduced, the scan. Saase registers all scans to MNI space first; here
they are resized to one grid, and shifted and mirrored copies stand in for the missing registration.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mood_reference.methods import Profile, Report
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.volumes import Volume, find_foreground, resize, smooth, standardise
from mood_reference.weights import Arrays

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    size: int = 64  # voxels along each axis of the common grid, ours
    components: int = 40  # at most; the thesis leaves it open, Saase's paper suggests tens
    min_std: float = (
        0.5  # in z-units, added to a voxel's deviation, ours: voxels that never vary stay bounded
    )
    shift: int = 1  # voxels by which training scans are moved along each axis, ours
    mirror_axis: int | None = None  # left-right axis of a symmetric anatomy, ours
    residual_smoothing: float = 1.5  # sigma in voxels of the grid, while it has its sign: edges cancel, ours
    smoothing: float = 1.5  # sigma in voxels of the grid, of its absolute value, ours
    reducer: Reducer = Reducer.TOP_PERMILLE  # thesis: the norm (l2); small anomalies vanish in it


def make_config(*, profile: Profile, dataset: str) -> Config:
    mirror = 0 if dataset == "brain" else None
    return Config(mirror_axis=mirror, shift=0 if profile is Profile.TINY else 1)


def train(volumes: Volume, *, config: Config, seed: int, report: Report) -> Arrays:  # noqa: ARG001 - nothing is drawn
    copies = np.stack([_normalise(copy) for copy in _augment(volumes, config)])
    rows = copies.reshape(len(copies), -1)  # (N, V)
    report(1, 2, f"{len(rows)} scans and copies")
    mean, std = rows.mean(axis=0), rows.std(axis=0) + np.float32(config.min_std)
    rows -= mean
    rows /= std
    components = _find_components(rows, config.components)
    report(2, 2, f"{len(components)} components")
    return {"mean": mean, "std": std, "components": components.astype(np.float16)}


def _augment(volumes: Volume, config: Config) -> Iterator[Volume]:
    shifts = [(0, 0)] + [(axis, s) for axis in range(3) for s in (-config.shift, config.shift) if s]
    for volume in volumes:
        sides = [volume] if config.mirror_axis is None else [volume, np.flip(volume, config.mirror_axis)]
        for side in sides:
            yield from (np.roll(side, s, axis) for axis, s in shifts)


def _normalise(volume: Volume) -> Volume:
    foreground = find_foreground(volume)
    return standardise(volume, foreground) * foreground


def _find_components(rows: Matrix, count: int) -> Matrix:
    """Return the leading directions (K, V) of centred rows (N, V), by way of the small N x N Gram matrix."""
    values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    keep = [i for i in np.argsort(values)[::-1][:count] if values[i] > 1e-6 * values[-1]]
    return (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32).T @ rows


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    return lambda volume: Scores(score(volume, config=config, arrays=arrays))


def score(volume: Volume, *, config: Config, arrays: Arrays) -> Volume:
    small = resize(volume, (config.size,) * 3)
    row = (_normalise(small).ravel() - arrays["mean"]) / arrays["std"]  # (V,)
    components = arrays["components"].astype(np.float32)  # (K, V)
    residual = np.asarray(row - (components @ row) @ components, np.float32).reshape(small.shape)
    coherent = np.abs(smooth(residual, config.residual_smoothing))
    return resize(smooth(coherent, config.smoothing), volume.shape)
