"""Local anomaly "image": the silhouette of a gorilla in the tissue (after Drew et al. 2013)."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Proposal, box_around
from mood_test_sets.volume import FULL, Volume

__all__ = ["draw_gorilla", "is_gorilla"]

# centre x, centre y, half width, half height, tilt in degrees; the figure stands from y = -1 to y = 1
ELLIPSES = (
    (0.00, 0.76, 0.19, 0.24, 0),  # head
    (0.00, 0.40, 0.52, 0.24, 0),  # shoulders
    (0.00, 0.10, 0.40, 0.46, 0),  # trunk
    (-0.56, 0.02, 0.14, 0.50, -14),  # arms
    (0.56, 0.02, 0.14, 0.50, 14),
    (-0.66, -0.46, 0.15, 0.12, 0),  # fists
    (0.66, -0.46, 0.15, 0.12, 0),
    (-0.24, -0.62, 0.17, 0.40, -8),  # legs
    (0.24, -0.62, 0.17, 0.40, 8),
)


def is_gorilla(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a point belongs to the silhouette, which fits into [-1, 1]²."""
    inside = np.zeros(np.broadcast(x, y).shape, dtype=np.bool_)
    for centre_x, centre_y, width, height, tilt in ELLIPSES:
        cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        across = cos * (x - centre_x) + sin * (y - centre_y)
        along = cos * (y - centre_y) - sin * (x - centre_x)
        inside |= (across / width) ** 2 + (along / height) ** 2 <= 1
    return inside


def draw_gorilla(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    """24 to 40 % of the side tall, 5 to 14 % thick, any axis and angle, not as bright as its place."""
    half = rng.uniform(0.24, 0.40) * base.side / 2
    thickness = max(2.0, rng.uniform(0.05, 0.14) * base.side)
    box, offsets = box_around(centre, half * 1.2, base.levels.shape)
    depth, *plane = (offsets[axis] for axis in rng.permutation(3))
    turn = rng.uniform(0, 2 * np.pi)
    x = (np.cos(turn) * plane[0] - np.sin(turn) * plane[1]) / half
    y = (np.sin(turn) * plane[0] + np.cos(turn) * plane[1]) / half
    figure = is_gorilla(x, y) & (np.abs(depth) <= thickness / 2)
    soft = ndimage.gaussian_filter(figure.astype(np.float64), 0.5) * rng.uniform(0.7, 1.0)
    before = base.values[box]
    value = _choose_brightness(rng, base, around=float(np.median(before[figure])))
    return Proposal(
        box=box,
        values=before + soft * (value - before),
        footprint=figure,
        annotation={"radius": round(half, 3), "intensity": round(value, 4)},
    )


def _choose_brightness(rng: np.random.Generator, base: Volume, *, around: float) -> float:
    """Any brightness of the scan but those close to what is there already."""
    low, high = np.percentile(base.levels[base.foreground], (1, 99)) / FULL
    choices = np.linspace(low, high, 201)
    return float(rng.choice(choices[np.abs(choices - around) > 0.12]))
