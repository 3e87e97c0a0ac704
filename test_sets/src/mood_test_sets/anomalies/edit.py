"""What an anomaly leaves behind: an edited scan, its exact mask, the effect and the difficulty."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.errors import AnomalyDoesNotFit
from mood_test_sets.volume import FULL, VISIBLE, Mask, Volume, quantize

__all__ = ["Annotation", "Box", "Edit", "Proposal", "Recipe", "box_around", "difficulty", "effect", "paint"]

ATTEMPTS = 60
INSIDE = 0.8  # share of a local anomaly that has to lie in the body
HARDEST, EASIEST = 0.004, 0.12  # effects that separate difficulty 1 from 2 and 7 from 8

Annotation = dict[str, float | int | list[float]]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Proposal:
    """New values in a box around a centre; `footprint` is where the anomaly means to be."""

    box: Box
    values: NDArray[np.float64]
    footprint: Mask
    annotation: Annotation = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    volume: Volume
    mask: Mask | None  # None for a global anomaly
    annotation: Annotation
    effect: float

    @property
    def difficulty(self) -> int:
        return difficulty(self.effect)


Recipe = Callable[[np.random.Generator, Volume, NDArray[np.int64]], Proposal]


def paint(rng: np.random.Generator, base: Volume, recipe: Recipe) -> Edit:
    """Try places in the tissue until the anomaly lies in the body and changes enough voxels."""
    tissue = np.flatnonzero(base.foreground & (base.levels > 0.2 * FULL))
    for _ in range(ATTEMPTS):
        centre = np.array(np.unravel_index(rng.choice(tissue), base.levels.shape))
        proposal = recipe(rng, base, centre)
        if base.foreground[proposal.box][proposal.footprint].mean() < INSIDE:
            continue
        edit = _settle(base, proposal, centre)
        if edit.mask is not None and edit.mask.sum() >= _least_voxels(base.side):
            return edit
    raise AnomalyDoesNotFit(
        f"No place for {recipe.__name__} found in {ATTEMPTS} attempts. Use a larger side length."
    )


def _least_voxels(side: int) -> int:
    return max(8, round(50 * (side / 128) ** 3))


def _settle(base: Volume, proposal: Proposal, centre: NDArray[np.int64]) -> Edit:
    """Keep visible changes inside the body; every other voxel stays as it was, to the bit."""
    before = base.levels[proposal.box]
    after = quantize(proposal.values)
    change = np.abs(after.astype(np.int32) - before)
    kept = (change >= VISIBLE) & base.foreground[proposal.box]
    levels = base.levels.copy()
    levels[proposal.box] = np.where(kept, after, before)
    mask = np.zeros_like(base.foreground)
    mask[proposal.box] = kept
    voxels = int(kept.sum())
    contrast = float(change[kept].mean()) / FULL if voxels else 0.0
    annotation: Annotation = {
        "centre": [int(place) for place in centre],
        "voxels": voxels,
        "contrast": round(contrast, 4),
        **proposal.annotation,
    }
    volume = Volume(levels=levels, foreground=base.foreground, extent=base.extent)
    return Edit(volume=volume, mask=mask, annotation=annotation, effect=effect(contrast, voxels / mask.size))


def effect(contrast: float, share: float) -> float:
    """Mean absolute change times the side of the changed part, as a share of the side of the volume."""
    return contrast * float(np.cbrt(share))


def difficulty(size: float) -> int:
    """1 (hardest) to 8, in equal steps of the logarithm of the effect."""
    return 1 + int(np.searchsorted(np.geomspace(HARDEST, EASIEST, 7), size))


def box_around(
    centre: NDArray[np.int64], radius: float, shape: tuple[int, ...]
) -> tuple[Box, list[NDArray[np.float64]]]:
    """The box that reaches `radius` voxels from the centre, and the offsets from it as an open grid."""
    reach = int(np.ceil(radius))
    x, y, z = (slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(centre, shape, strict=True))
    offsets = np.ogrid[x, y, z]
    return (x, y, z), [axis.astype(np.float64) - c for axis, c in zip(offsets, centre, strict=True)]
