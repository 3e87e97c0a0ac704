"""PCA residual after Saase et al. 2020 (thesis 4.1.3): a scan is abnormal where a linear model of normals fails.

Every scan is z-normalised over its body, every voxel z-transformed with the mean and deviation of the training
scans; the principal components of the result span what is normal. What a scan has outside that span is its
residual: its size scores the voxel and, reduced, the scan. Saase registers all scans to MNI space first; here they
are resized to one grid, and shifted and mirrored copies stand in for the missing registration.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mood_reference.calibration import Reducer
from mood_reference.methods import Profile, Report
from mood_reference.volumes import Mask, Volume, find_foreground, resize
from mood_reference.weights import Arrays

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    size: int = 64  # voxels along each axis of the common grid, ours
    components: int = 40  # at most; the thesis leaves it open, Saase's paper suggests tens
    min_std: float = 0.05  # in z-units, added to a voxel's deviation: voxels that never vary stay bounded
    shift: int = 1  # voxels by which training scans are moved along each axis, ours
    mirror_axis: int | None = None  # left-right axis of a symmetric anatomy, ours
    smoothing: float = 1.0  # sigma in voxels, ours
    reducer: Reducer = Reducer.L2  # thesis: the norm of the residual


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
    """z-normalise over the body; outside it the result is 0."""
    foreground = find_foreground(volume)
    if not foreground.any():
        return np.zeros_like(volume)
    inside = volume[foreground]
    return np.where(foreground, (volume - inside.mean()) / (inside.std() + np.float32(1e-6)), np.float32(0))


def _find_components(rows: Matrix, count: int) -> Matrix:
    """Return the leading directions (K, V) of centred rows (N, V), by way of the small N x N Gram matrix."""
    values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    keep = [i for i in np.argsort(values)[::-1][:count] if values[i] > 1e-6 * values[-1]]
    return (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32).T @ rows


def score(volume: Volume, foreground: Mask, *, config: Config, arrays: Arrays) -> Volume:  # noqa: ARG001 - own grid
    small = resize(volume, (config.size,) * 3)
    row = (_normalise(small).ravel() - arrays["mean"]) / arrays["std"]  # (V,)
    components = arrays["components"].astype(np.float32)  # (K, V)
    residual = row - (components @ row) @ components
    return resize(np.abs(residual).reshape(small.shape), volume.shape)
