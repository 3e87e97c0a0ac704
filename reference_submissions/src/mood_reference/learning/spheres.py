"""Normal scans with one painted sphere each: what models and scores are chosen by (thesis 4.2.2)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mood_reference.scans.volumes import Mask, Volume, find_foreground

RADIUS = (0.06, 0.18)  # of the side; thesis' toy spheres
CONTRAST = 0.2  # at least, between the sphere and the mean of what it covers


class Painted(NamedTuple):
    volume: Volume
    mask: Mask


def paint_spheres(volumes: Sequence[Volume] | Volume, seed: int) -> list[Painted]:
    """Return each volume with a sphere of one grey inside its body; volumes without a body are left out."""
    rng = np.random.default_rng([seed, 84])
    return [paint_sphere(volume, rng) for volume in volumes if find_foreground(volume).any()]


def paint_sphere(volume: Volume, rng: np.random.Generator) -> Painted:
    foreground = find_foreground(volume)
    places = np.argwhere(foreground)
    centre = places[rng.integers(len(places))]
    radius = max(1.0, rng.uniform(*RADIUS) * min(volume.shape))
    grid = np.ogrid[tuple(slice(0, size) for size in volume.shape)]
    distance = sum((axis - middle) ** 2 for axis, middle in zip(grid, centre, strict=True))
    mask: Mask = (distance < radius**2) & foreground
    value = _choose_grey(float(volume[mask].mean()), rng)
    return Painted(np.where(mask, np.float32(value), volume), mask)


def _choose_grey(local: float, rng: np.random.Generator) -> float:
    """Draw from [0, 1], but not from within CONTRAST of the local mean."""
    room = np.array([max(0.0, local - CONTRAST), max(0.0, 1 - CONTRAST - local)])
    below = rng.random() < room[0] / room.sum()
    return float(rng.uniform(0, local - CONTRAST) if below else rng.uniform(local + CONTRAST, 1))
