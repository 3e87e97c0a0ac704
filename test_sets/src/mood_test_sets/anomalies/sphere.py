"""Toy anomaly: a sphere of one random intensity."""

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.anomalies.edit import Proposal, box_around
from mood_test_sets.volume import Volume

__all__ = ["draw_sphere"]


def draw_sphere(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    """Radius 5 to 18 % of the side, intensity 0 to 1, both uniform."""
    radius, intensity = rng.uniform(0.05, 0.18) * base.side, rng.uniform()
    box, (x, y, z) = box_around(centre, radius, base.levels.shape)
    footprint = x**2 + y**2 + z**2 <= radius**2
    values = np.where(footprint, intensity, base.values[box])
    return Proposal(
        box=box,
        values=values,
        footprint=footprint,
        annotation={"radius": round(radius, 3), "intensity": round(intensity, 4)},
    )
