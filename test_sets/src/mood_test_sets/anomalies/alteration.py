"""Global anomalies that anyone sees at once: blur, noise, ghosts, inverted contrast."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Annotation
from mood_test_sets.volume import Volume

__all__ = ["Alteration", "add_ghosts", "add_noise", "blur", "invert"]

Alteration = Callable[[np.random.Generator, Volume], tuple[NDArray[np.float64], Annotation]]


def blur(rng: np.random.Generator, base: Volume) -> tuple[NDArray[np.float64], Annotation]:
    sigma = rng.uniform(1.8, 3.2) * base.side / 128
    return ndimage.gaussian_filter(base.values, sigma), {"sigma": round(sigma, 3)}


def add_noise(rng: np.random.Generator, base: Volume) -> tuple[NDArray[np.float64], Annotation]:
    strength = rng.uniform(0.08, 0.22)
    return base.values + rng.normal(0, strength, base.levels.shape), {"sd": round(strength, 4)}


def add_ghosts(rng: np.random.Generator, base: Volume) -> tuple[NDArray[np.float64], Annotation]:
    """Every fourth line of k-space along y loses 65 to 80 %; the mean brightness stays."""
    loss = rng.uniform(0.65, 0.80)
    lines = np.fft.fft(base.values, axis=1)
    lines[:, 4::4] *= 1 - loss
    return np.abs(np.fft.ifft(lines, axis=1)), {"loss": round(loss, 4)}


def invert(rng: np.random.Generator, base: Volume) -> tuple[NDArray[np.float64], Annotation]:
    share = rng.uniform(0.85, 1.0)
    return base.values + share * (1 - 2 * base.values), {"share": round(share, 4)}
