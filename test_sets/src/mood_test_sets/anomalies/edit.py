"""What an anomaly leaves behind: an edited scan, its exact mask, the effect and the difficulty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.errors import AnomalyDoesNotFit
from mood_test_sets.streams import Streams
from mood_test_sets.volume import FULL, VISIBLE, Mask, Volume, quantize

__all__ = [
    "Annotation", "Box", "Draw", "Edit", "Proposal", "Rebase", "box_around", "difficulty", "effect", "grade",
    "paint", "settle",
]  # fmt: skip

ATTEMPTS = 60
INSIDE = 0.8  # share of a local anomaly that has to lie in the body
HARDEST, EASIEST = 0.004, 0.12  # effects that separate difficulty 1 from 2 and 7 from 8

Annotation = dict[str, float | int | str | bool | list[float]]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Proposal:
    """New values in a box around a centre; `footprint` is where the anomaly means to be.

    A `radius` in the annotation is in voxels.
    """

    box: Box
    values: NDArray[np.float64]
    footprint: Mask
    annotation: Annotation = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    volume: Volume
    base: Volume  # to which a local anomaly is equal outside its mask, to the bit
    mask: Mask | None  # None for a global anomaly
    annotation: Annotation
    effect: float
    difficulty: int  # 1 (hardest) to 8


Draw = Callable[[np.random.Generator, Volume, NDArray[np.int64], float], Proposal]
"""(random numbers, base, centre in voxels, ease from 0 = hardest to 1) to what shall be there."""

Rebase = Callable[[NDArray[np.int64], float], Volume]
"""(centre, radius in voxels) to the base as it is with a mass growing there."""


def paint(
    streams: Streams,
    path: Sequence[str | int],
    base: Volume,
    draw: Draw,
    *,
    ease: float,
    rebase: Rebase | None = None,
) -> Edit:
    """Try places in the tissue until the anomaly lies in the body and changes enough voxels.

    Raises AnomalyDoesNotFit. A mass effect is applied to the base first, and noted as `mass_effect`.
    """
    tissue = np.flatnonzero(base.foreground & (base.levels > 0.2 * FULL))
    for attempt in range(ATTEMPTS):
        place = streams.rng(*path, attempt, "place").choice(tissue)
        centre = np.array(np.unravel_index(place, base.levels.shape))
        proposal = draw(streams.rng(*path, attempt), base, centre, ease)
        if base.foreground[proposal.box][proposal.footprint].mean() < INSIDE:
            continue
        edit = settle(base, proposal, centre)
        if edit is None or rebase is None:
            if edit is not None:
                return edit
            continue
        pushed = rebase(centre, float(str(proposal.annotation["radius"])))
        proposal = draw(streams.rng(*path, attempt), pushed, centre, ease)
        proposal.annotation["mass_effect"] = True
        if (edit := settle(pushed, proposal, centre)) is not None:
            return edit
    raise AnomalyDoesNotFit(
        f"No place for {'/'.join(map(str, path))} found in {ATTEMPTS} attempts. Use a larger side length."
    )


def _least_voxels(side: int) -> int:
    return max(8, round(50 * (side / 128) ** 3))


def settle(
    base: Volume, proposal: Proposal, centre: NDArray[np.int64], *, whole: bool = False
) -> Edit | None:
    """Keep visible changes inside the body; every other voxel stays as it was, to the bit.

    With `whole` (sweeps) the whole footprint inside the body is the mask. None if too few voxels change.
    """
    before = base.levels[proposal.box]
    after = quantize(proposal.values)
    change = np.abs(after.astype(np.int32) - before)
    kept = base.foreground[proposal.box] & (proposal.footprint if whole else change >= VISIBLE)
    voxels = int(kept.sum())
    if voxels < (1 if whole else _least_voxels(base.side)):
        return None
    levels, mask = base.levels.copy(), np.zeros_like(base.foreground)
    levels[proposal.box] = np.where(kept, after, before)
    mask[proposal.box] = kept
    contrast = float(change[kept].mean()) / FULL
    size = effect(contrast, voxels / mask.size)
    annotation: Annotation = {
        "centre": [int(place) for place in centre],
        "voxels": voxels,
        "contrast": round(contrast, 4),
        **proposal.annotation,
    }
    volume = Volume(levels=levels, foreground=base.foreground, extent=base.extent)
    return Edit(
        volume=volume, base=base, mask=mask, annotation=annotation, effect=size, difficulty=difficulty(size)
    )


def effect(contrast: float, share: float) -> float:
    """Mean absolute change times the side of the changed part, as a share of the side of the volume."""
    return contrast * float(np.cbrt(share))


def difficulty(size: float) -> int:
    """1 (hardest) to 8, in equal steps of the logarithm of the effect."""
    return 1 + int(np.searchsorted(np.geomspace(HARDEST, EASIEST, 7), size))


def grade(ease: float, hardest: float, easiest: float) -> float:
    """What a parameter is at that ease; equal steps of ease are equal ratios."""
    return float(hardest * (easiest / hardest) ** ease)


def box_around(
    centre: NDArray[np.int64], radius: float, shape: tuple[int, ...]
) -> tuple[Box, list[NDArray[np.float64]]]:
    """The box that reaches `radius` voxels from the centre, and the offsets from it as an open grid."""
    reach = int(np.ceil(radius))
    x, y, z = (slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(centre, shape, strict=True))
    offsets = np.ogrid[x, y, z]
    return (x, y, z), [axis.astype(np.float64) - c for axis, c in zip(offsets, centre, strict=True)]
