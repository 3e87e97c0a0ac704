"""Rendered objects, shaded and textured, of shapes that no body has (the role of the synthetic HCP set)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from mood_test_sets.anomalies.edit import Draw, Proposal, box_around, grade
from mood_test_sets.volume import Volume

__all__ = ["OBJECTS"]

Field = NDArray[np.float64]
Solid = Callable[[Field, Field, Field], NDArray[np.bool_]]
"""Whether points of [-1, 1]³ belong to it."""


def _torus(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    return (np.hypot(x, y) - 0.65) ** 2 + z**2 <= 0.3**2


def _box(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    return (np.abs(x) <= 0.7) & (np.abs(y) <= 0.5) & (np.abs(z) <= 0.45)


def _rod(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    return (np.hypot(x, y) <= 0.25) & (np.abs(z) <= 0.95)


def _cone(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    return (np.hypot(x, y) <= 0.4 * (1 - z)) & (np.abs(z) <= 0.8)


def _cross(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    thin = [np.abs(axis) <= 0.25 for axis in (x, y, z)]
    inside = (np.abs(x) <= 0.85) & (np.abs(y) <= 0.85) & (np.abs(z) <= 0.85)
    return ((thin[0] & thin[1]) | (thin[1] & thin[2]) | (thin[0] & thin[2])) & inside


def _rendered(solid: Solid) -> Draw:
    def draw(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
        """5 to 16 % of the side in radius, turned at random, of a shade and a slow texture."""
        radius = grade(ease, 0.05, 0.16) * base.side
        box, offsets = box_around(centre, radius, base.levels.shape)
        turn = Rotation.random(rng=rng).as_matrix() / radius
        x, y, z = (sum(part * axis for part, axis in zip(row, offsets, strict=True)) for row in turn)
        inside = solid(np.asarray(x), np.asarray(y), np.asarray(z))
        before = base.crop(box)
        around = float(np.median(before[inside])) if inside.any() else 0.5
        step = grade(ease, 0.1, 0.5) * (1 if around < 0.5 else -1)
        texture = ndimage.gaussian_filter(rng.standard_normal(before.shape), radius / 6)
        shade = around + step + 0.2 * step * texture / max(float(np.abs(texture).max()), 1e-9)
        return Proposal(
            box=box,
            values=np.where(inside, shade, before),
            footprint=inside if inside.any() else np.ones_like(inside),
            annotation={"radius": round(radius, 3), "intensity": round(around + step, 4)},
        )

    return draw


OBJECTS: dict[str, Draw] = {
    "torus": _rendered(_torus),
    "box": _rendered(_box),
    "rod": _rendered(_rod),
    "cone": _rendered(_cone),
    "cross": _rendered(_cross),
}
