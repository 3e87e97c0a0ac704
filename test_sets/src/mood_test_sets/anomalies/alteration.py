"""Global anomalies that anyone sees at once: a legitimate scan, but blurred, noisy, inverted, too coarse."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Annotation, grade
from mood_test_sets.volume import Volume

__all__ = ["ALTERATIONS", "Change"]

Change = Callable[[np.random.Generator, Volume, float], tuple[NDArray[np.float64], Annotation]]
"""(random numbers, base, ease from 0 = hardest to 1) to new values and what was done."""


def _blur(_rng: np.random.Generator, base: Volume, ease: float) -> tuple[NDArray[np.float64], Annotation]:
    sigma = grade(ease, 1.2, 4.0) * base.side / 128
    return ndimage.gaussian_filter(base.values, sigma), {"sigma": round(sigma, 3)}


def _add_noise(rng: np.random.Generator, base: Volume, ease: float) -> tuple[NDArray[np.float64], Annotation]:
    strength = grade(ease, 0.05, 0.25)
    return base.values + rng.normal(0, strength, base.levels.shape), {"sd": round(strength, 4)}


def _add_ghosts(
    rng: np.random.Generator, base: Volume, ease: float
) -> tuple[NDArray[np.float64], Annotation]:
    """Every second to fourth line of k-space along y loses 45 to 90 %; the mean brightness stays."""
    loss, step = grade(ease, 0.45, 0.9), int(rng.integers(2, 5))
    lines = np.fft.fft(base.values, axis=1)
    lines[:, step::step] *= 1 - loss
    return np.abs(np.fft.ifft(lines, axis=1)), {"loss": round(loss, 4), "every": step}


def _invert(_rng: np.random.Generator, base: Volume, ease: float) -> tuple[NDArray[np.float64], Annotation]:
    share = grade(ease, 0.7, 1.0)
    return base.values + share * (1 - 2 * base.values), {"share": round(share, 4)}


def _coarsen(rng: np.random.Generator, base: Volume, ease: float) -> tuple[NDArray[np.float64], Annotation]:
    """Slices 3 to 10 voxels (at 128) thick along one axis: the wrong resolution."""
    axis, thick = int(rng.integers(3)), max(2, round(grade(ease, 3, 10) * base.side / 128))
    starts = np.arange(0, base.side, thick)
    counts = np.diff(np.append(starts, base.side))
    mean = np.add.reduceat(base.values, starts, axis=axis)
    mean = mean / counts.reshape([-1 if other == axis else 1 for other in range(3)])
    return np.repeat(mean, counts, axis=axis), {"axis": axis, "thickness": thick}


ALTERATIONS: dict[str, Change] = {
    "blur": _blur,
    "noise": _add_noise,
    "ghosts": _add_ghosts,
    "inversion": _invert,
    "resolution": _coarsen,
}
