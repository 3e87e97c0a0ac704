"""Local anomaly "pathology": tumours with core, rim and oedema, lesions, cysts, bleedings, calcifications.

Sizes and contrasts follow the look of brain T1 images and of abdominal CT with values in 0..1
(0.00125 is one HU); `ease` runs from 0 (hardest) to 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Box, Draw, Proposal, box_around, grade
from mood_test_sets.volume import FULL, Volume

__all__ = ["BRAIN_PATHOLOGIES", "CT_PATHOLOGIES"]

OEDEMA = 1.7  # radii of the tumour
WATER = 0.385  # 8 HU in the window
Field = NDArray[np.float64]
Place = NDArray[np.int64]


def _brain_tumour(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    """Dark core, bright rim, darker oedema around it (T1 with contrast agent)."""
    radius = grade(ease, 0.035, 0.085) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=OEDEMA)
    before, tissue, strength = base.crop(box), _local_median(base, centre), grade(ease, 0.35, 1.0)
    values = before
    for border, low, high in ((OEDEMA, 0.65, 0.80), (1.0, 1.10, 1.35), (0.6, 0.35, 0.60)):
        target = tissue * (1 + strength * (rng.uniform(low, high) - 1))
        values = _blend(values, target, _inside(depth, border, radius))
    return _mass(rng, base, box, depth, values, border=OEDEMA, radius=radius)


def _ct_tumour(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    """A mass of one density, 8 to 60 % darker or brighter than the tissue around it."""
    radius = grade(ease, 0.05, 0.13) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=1.0)
    factor = 1 + rng.choice([-1, 1]) * grade(ease, 0.08, 0.55) * rng.uniform(0.9, 1.1)
    values = _blend(base.crop(box), factor * _local_median(base, centre), _inside(depth, 1.0, radius))
    return _mass(rng, base, box, depth, values, border=1.0, radius=radius)


def _cyst(rng: np.random.Generator, base: Volume, centre: Place, ease: float, *, fluid: float) -> Proposal:
    """Round, smooth and filled with fluid."""
    radius = grade(ease, 0.025, 0.10) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=1.0, roughness=0.02)
    values = _blend(base.crop(box), fluid, grade(ease, 0.5, 1.0) * _inside(depth, 1.0, radius))
    return _mass(rng, base, box, depth, values, border=1.0, radius=radius)


def _brain_cyst(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _cyst(rng, base, centre, ease, fluid=0.2)


def _ct_cyst(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _cyst(rng, base, centre, ease, fluid=WATER)


def _bleeding(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    """Irregular and brighter than the tissue around it, brightest in the middle."""
    radius = grade(ease, 0.03, 0.10) * base.side
    box, depth = _rough_ball(rng, base, centre, radius=radius, reach=1.0, roughness=0.25)
    before, tissue = base.crop(box), _local_median(base, centre)
    glow = _inside(depth, 1.0, radius) * np.clip(1.3 - 0.5 * depth, 0, 1)
    values = _blend(before, min(tissue * (1 + grade(ease, 0.15, 0.6)), 1.0), glow)
    return _mass(rng, base, box, depth, values, border=1.0, radius=radius)


def _stones(rng: np.random.Generator, base: Volume, centre: Place, ease: float, *, value: float) -> Proposal:
    """1 to 4 small, sharply bordered grains beside each other."""
    radius = max(1.3, grade(ease, 0.012, 0.035) * base.side)
    box, offsets = box_around(centre, 4 * radius, base.levels.shape)
    before = base.crop(box)
    inside = np.zeros(before.shape, dtype=np.bool_)
    for place in rng.normal(0, 1.2 * radius, (int(rng.integers(1, 5)), 3)):
        own = radius * rng.uniform(0.7, 1.1)
        inside |= sum((axis - spot) ** 2 for axis, spot in zip(offsets, place, strict=True)) <= own**2
    weight = inside.astype(np.float64) * grade(ease, 0.4, 1.0)
    return Proposal(
        box=box,
        values=_blend(before, value, weight),
        footprint=inside if inside.any() else np.ones_like(inside),
        annotation={"radius": round(radius, 3)},
    )


def _brain_calcification(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _stones(rng, base, centre, ease, value=0.05)


def _ct_stone(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _stones(rng, base, centre, ease, value=1.0)


def _brain_lesions(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _draw_lesions(rng, base, centre, sign=-1, ease=ease)


def _ct_lesions(rng: np.random.Generator, base: Volume, centre: Place, ease: float) -> Proposal:
    return _draw_lesions(rng, base, centre, sign=1, ease=ease)


def _draw_lesions(
    rng: np.random.Generator, base: Volume, centre: Place, *, sign: int, ease: float
) -> Proposal:
    """4 to 12 soft spots, 15 to 80 % darker or brighter, all within 30 % of the side of the centre."""
    box, offsets = box_around(centre, 0.3 * base.side, base.levels.shape)
    values = base.crop(box)
    tissue = np.argwhere(base.foreground[box] & (values > 0.2))
    count, contrast = int(rng.integers(4, 13)), sign * grade(ease, 0.2, 0.8)
    footprint = np.zeros(values.shape, dtype=np.bool_)
    start = np.array([c - part.start for c, part in zip(centre, box, strict=True)])
    for place in rng.choice(tissue, count) - start:
        radius = max(1.0, grade(ease, 0.018, 0.05) * rng.uniform(0.8, 1.2) * base.side)
        distance = np.sqrt(sum((axis - spot) ** 2 for axis, spot in zip(offsets, place, strict=True)))
        values *= 1 + contrast * rng.uniform(0.7, 1.0) * _inside(distance / radius, 1.0, radius)
        footprint |= distance <= radius
    return Proposal(
        box=box, values=values, footprint=footprint, annotation={"radius": 0.3 * base.side, "lesions": count}
    )


def _mass(
    rng: np.random.Generator,
    base: Volume,
    box: Box,
    depth: Field,
    values: Field,
    *,
    border: float,
    radius: float,
) -> Proposal:
    """What was drawn, with the grain of the scan, so that it is not given away by being smooth."""
    grain = rng.normal(0, _noise_level(base, box), depth.shape)
    return Proposal(
        box=box,
        values=values + grain * _inside(depth, border, radius),
        footprint=depth < border,
        annotation={"radius": round(radius * border, 3)},
    )


def _rough_ball(
    rng: np.random.Generator,
    base: Volume,
    centre: Place,
    *,
    radius: float,
    reach: float,
    roughness: float = 0.12,
) -> tuple[Box, Field]:
    """Distance from the centre in radii of an ellipsoid with an uneven surface."""
    ratios = np.exp(np.clip(rng.normal(0, 0.2, 3), -0.25, 0.25))
    box, offsets = box_around(centre, 1.9 * reach * radius, base.levels.shape)
    distance = np.sqrt(
        sum((axis / (ratio * radius)) ** 2 for axis, ratio in zip(offsets, ratios, strict=True))
    )
    bumps = ndimage.gaussian_filter(rng.standard_normal(distance.shape), radius / 2)
    return box, np.asarray(distance * np.exp(roughness * bumps / max(float(bumps.std()), 1e-9)))


def _inside(depth: Field, border: float, radius: float) -> Field:
    """1 inside the border, 0 outside, with an edge of about one voxel; depth in radii."""
    weight = 1 / (1 + np.exp(np.clip((depth - border) * radius * 2.5, -50, 50)))
    return np.asarray(np.where(weight < 0.05, 0, weight))


def _blend(before: Field, target: float, weight: Field) -> Field:
    return before + weight * (target - before)


def _local_median(base: Volume, centre: Place) -> float:
    box, _ = box_around(centre, 0.1 * base.side, base.levels.shape)
    near = base.levels[box][base.foreground[box] & (base.levels[box] > 0.2 * FULL)]
    return float(np.median(near)) / FULL


def _noise_level(base: Volume, box: Box) -> float:
    """The median |difference| of two neighbours with noise s is 0.954 s."""
    steps = np.diff(base.levels[box][base.foreground[box]].astype(np.float64)) / FULL
    return float(np.median(np.abs(steps))) / 0.954 if steps.size else 0.0


BRAIN_PATHOLOGIES: dict[str, Draw] = {
    "tumour": _brain_tumour,
    "lesions": _brain_lesions,
    "cyst": _brain_cyst,
    "bleeding": _bleeding,
    "calcification": _brain_calcification,
}
CT_PATHOLOGIES: dict[str, Draw] = {
    "tumour": _ct_tumour,
    "lesions": _ct_lesions,
    "cyst": _ct_cyst,
    "bleeding": _bleeding,
    "stone": _ct_stone,
}
