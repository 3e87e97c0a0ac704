"""Local anomaly "corruption": contrast change, shuffled voxels, blur, noise or stripes in a region."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Draw, Proposal, box_around, grade
from mood_test_sets.volume import Volume

__all__ = ["CORRUPTIONS"]

Field = NDArray[np.float64]
Spoil = Callable[[np.random.Generator, Field, NDArray[np.bool_], float], Field]
"""(random numbers, values of a box, region in it, ease) to new values of the box."""


def _in_a_ball(spoil: Spoil) -> Draw:
    def draw(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
        radius = grade(ease, 0.06, 0.17) * base.side
        ratios = np.exp(np.clip(rng.normal(0, 0.15, 3), -0.3, 0.3))
        box, offsets = box_around(centre, 1.4 * radius, base.levels.shape)
        inside = sum((axis / (ratio * radius)) ** 2 for axis, ratio in zip(offsets, ratios, strict=True)) <= 1
        before = base.crop(box)
        values = np.where(inside, spoil(rng, before, inside & base.foreground[box], ease), before)
        return Proposal(box=box, values=values, footprint=inside, annotation={"radius": round(radius, 3)})

    return draw


def _change_contrast(
    rng: np.random.Generator, before: Field, _inside: NDArray[np.bool_], ease: float
) -> Field:
    """A gamma below or above 1."""
    gamma = grade(ease, 1.25, 3.0)
    return before ** (gamma if rng.random() < 0.5 else 1 / gamma)


def _shuffle(rng: np.random.Generator, before: Field, inside: NDArray[np.bool_], ease: float) -> Field:
    """Some to all of the voxels change places among themselves."""
    values = before.copy()
    places = np.flatnonzero(inside)
    chosen = rng.choice(places, max(2, int(grade(ease, 0.25, 1.0) * places.size)), replace=False)
    values.flat[chosen] = before.flat[rng.permutation(chosen)]
    return values


def _blur(_rng: np.random.Generator, before: Field, inside: NDArray[np.bool_], ease: float) -> Field:
    sigma = max(1.0, grade(ease, 0.05, 0.1) * max(before.shape))
    weight = np.maximum(ndimage.gaussian_filter(inside.astype(np.float64), sigma), 1e-6)
    return np.asarray(ndimage.gaussian_filter(np.where(inside, before, 0), sigma) / weight)


def _add_noise(rng: np.random.Generator, before: Field, _inside: NDArray[np.bool_], ease: float) -> Field:
    return before + rng.normal(0, grade(ease, 0.06, 0.3), before.shape)


def _add_stripes(rng: np.random.Generator, before: Field, _inside: NDArray[np.bool_], ease: float) -> Field:
    """Bright and dark planes, 3 to 8 voxels apart, along a random axis."""
    axis, period = int(rng.integers(3)), int(rng.integers(3, 9))
    phase = np.arange(before.shape[axis]) * 2 * np.pi / period
    wave = np.sin(phase).reshape([-1 if other == axis else 1 for other in range(3)])
    return before + grade(ease, 0.06, 0.35) * wave


CORRUPTIONS: dict[str, Draw] = {
    "contrast": _in_a_ball(_change_contrast),
    "shuffle": _in_a_ball(_shuffle),
    "blur": _in_a_ball(_blur),
    "noise": _in_a_ball(_add_noise),
    "stripes": _in_a_ball(_add_stripes),
}
