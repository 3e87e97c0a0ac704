"""Toy anomalies: a sphere or a cube of one intensity, as in MOOD's toy cases (thesis 4.1.1, 4.1.5)."""

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.anomalies.edit import Proposal, box_around, grade
from mood_test_sets.volume import Volume

__all__ = ["draw_cube", "draw_sphere", "make_sphere"]


def draw_sphere(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
    """Radius 4 to 18 % of the side, of any intensity that differs from its place."""
    radius = max(1.8, grade(ease, 0.04, 0.18) * base.side)
    return make_sphere(base, centre, radius=radius, intensity=_intensity(rng, base, centre, radius, ease))


def make_sphere(base: Volume, centre: NDArray[np.int64], *, radius: float, intensity: float) -> Proposal:
    """Radius in voxels; 0 is no voxel at all."""
    box, (x, y, z) = box_around(centre, radius, base.levels.shape)
    return _fill(base, box, x**2 + y**2 + z**2 < radius**2, radius, intensity)


def draw_cube(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
    """Half a side 3 to 14 % of the side of the scan, of any intensity that differs from its place."""
    half = max(1.5, grade(ease, 0.032, 0.145) * base.side)
    box, (x, y, z) = box_around(centre, half, base.levels.shape)
    inside = (np.abs(x) <= half) & (np.abs(y) <= half) & (np.abs(z) <= half)
    return _fill(base, box, inside, half, _intensity(rng, base, centre, half, ease))


def _fill(
    base: Volume,
    box: tuple[slice, slice, slice],
    inside: NDArray[np.bool_],
    radius: float,
    intensity: float,
) -> Proposal:
    return Proposal(
        box=box,
        values=np.where(inside, intensity, base.crop(box)),
        footprint=inside,
        annotation={"radius": round(radius, 3), "intensity": round(intensity, 4)},
    )


def _intensity(
    rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], radius: float, ease: float
) -> float:
    """As far from the median of the place as the ease says, brighter or darker, within 0 to 1."""
    box, _ = box_around(centre, max(radius, 1.0), base.levels.shape)
    around = float(np.median(base.crop(box)))
    step = grade(ease, 0.08, 0.6) * rng.uniform(0.8, 1.2)
    signs = [sign for sign in (-1, 1) if 0 <= around + sign * step <= 1] or [1 if around < 0.5 else -1]
    return float(np.clip(around + rng.choice(signs) * step, 0, 1))
