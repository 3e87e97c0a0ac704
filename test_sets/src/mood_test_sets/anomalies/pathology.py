"""Local anomaly "pathology": tumours with core, rim and oedema, and groups of small lesions."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Proposal, box_around
from mood_test_sets.volume import FULL, Volume

__all__ = ["draw_brain_lesions", "draw_brain_tumour", "draw_ct_lesions", "draw_ct_tumour"]

OEDEMA = 1.7  # radii of the tumour


def draw_brain_tumour(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    """Dark core, bright rim, darker oedema around it (T1 with contrast agent)."""
    radius = rng.uniform(0.05, 0.10) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=OEDEMA)
    before, tissue = base.values[box], _local_median(base, centre)
    values = _blend(before, rng.uniform(0.65, 0.80) * tissue, _inside(depth, OEDEMA, radius))
    values = _blend(values, rng.uniform(1.10, 1.35) * tissue, _inside(depth, 1.0, radius))
    values = _blend(values, rng.uniform(0.35, 0.60) * tissue, _inside(depth, 0.6, radius))
    values += _grain(rng, base, depth) * _inside(depth, OEDEMA, radius)
    return Proposal(
        box=box, values=values, footprint=depth < OEDEMA, annotation={"radius": round(radius * OEDEMA, 3)}
    )


def draw_ct_tumour(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    """A mass of one density, 20 to 60 % darker or brighter than the tissue around it."""
    radius = rng.uniform(0.07, 0.14) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=1.0)
    factor = 1 + rng.choice([-1, 1]) * rng.uniform(0.2, 0.6)
    inside = _inside(depth, 1.0, radius)
    values = _blend(base.values[box], factor * _local_median(base, centre), inside)
    values += _grain(rng, base, depth) * inside
    return Proposal(box=box, values=values, footprint=depth < 1, annotation={"radius": round(radius, 3)})


def draw_brain_lesions(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    return _draw_lesions(rng, base, centre, sign=-1)


def draw_ct_lesions(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64]) -> Proposal:
    return _draw_lesions(rng, base, centre, sign=1)


def _draw_lesions(
    rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], *, sign: int
) -> Proposal:
    """4 to 12 soft spots, up to 40 to 80 % darker or brighter, all within 30 % of the side of the centre."""
    box, offsets = box_around(centre, 0.3 * base.side, base.levels.shape)
    values = base.values[box]
    tissue = np.argwhere(base.foreground[box] & (values > 0.2))
    count, contrast = int(rng.integers(4, 13)), sign * rng.uniform(0.4, 0.8)
    footprint = np.zeros(values.shape, dtype=np.bool_)
    for place in rng.choice(tissue, count) - np.array(
        [c - part.start for c, part in zip(centre, box, strict=True)]
    ):
        radius = max(1.0, rng.uniform(0.025, 0.05) * base.side)
        distance = np.sqrt(sum((axis - spot) ** 2 for axis, spot in zip(offsets, place, strict=True)))
        values *= 1 + contrast * rng.uniform(0.6, 1.0) * _inside(distance / radius, 1.0, radius)
        footprint |= distance <= radius
    return Proposal(box=box, values=values, footprint=footprint, annotation={"lesions": count})


def _rough_ball(
    rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], *, radius: float, reach: float
) -> tuple[tuple[slice, slice, slice], NDArray[np.float64]]:
    """Distance from the centre in radii of an ellipsoid with an uneven surface."""
    ratios = np.exp(np.clip(rng.normal(0, 0.2, 3), -0.25, 0.25))
    box, offsets = box_around(centre, 1.9 * reach * radius, base.levels.shape)
    distance = np.sqrt(
        sum((axis / (ratio * radius)) ** 2 for axis, ratio in zip(offsets, ratios, strict=True))
    )
    bumps = ndimage.gaussian_filter(rng.standard_normal(distance.shape), radius / 2)
    return box, np.asarray(distance * np.exp(0.12 * bumps / bumps.std()))


def _inside(depth: NDArray[np.float64], border: float, radius: float) -> NDArray[np.float64]:
    """1 inside the border, 0 outside, with an edge of about one voxel; depth in radii."""
    weight = 1 / (1 + np.exp(np.clip((depth - border) * radius * 2.5, -50, 50)))
    return np.asarray(np.where(weight < 0.05, 0, weight))


def _blend(before: NDArray[np.float64], target: float, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return before + weight * (target - before)


def _local_median(base: Volume, centre: NDArray[np.int64]) -> float:
    box, _ = box_around(centre, 0.1 * base.side, base.levels.shape)
    near = base.levels[box][base.foreground[box] & (base.levels[box] > 0.2 * FULL)]
    return float(np.median(near)) / FULL


def _grain(rng: np.random.Generator, base: Volume, like: NDArray[np.float64]) -> NDArray[np.float64]:
    """Noise as strong as the scan's own, so that the tumour is not given away by being smooth."""
    # The median |difference| of two neighbours with noise s is 0.954 s.
    steps = np.diff(base.levels[base.foreground].astype(np.float64)) / FULL
    return rng.normal(0, float(np.median(np.abs(steps))) / 0.954, like.shape)
