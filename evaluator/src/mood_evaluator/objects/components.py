"""Connected components of a mask: voxels that touch by a face, an edge or a corner (26-connectivity)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from mood_evaluator.arrays import checked_labels
from mood_evaluator.errors import InvalidInput

Mask = npt.NDArray[np.bool_]
Voxel = tuple[int, int, int]
_TOUCHING = np.ones((3, 3, 3), np.bool_)


@dataclass(frozen=True, slots=True)
class Component:
    """One object. Its `centre` is its own voxel nearest to its centre of mass where that lies outside it."""

    number: int  # in the labelled volume, from 1
    voxels: int
    centre: Voxel
    centre_of_mass: Voxel  # rounded half to even, in the volume
    peak: float  # highest score within; 0 without scores


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Objects by number, and the volume (x, y, z) that says which voxel is of which."""

    objects: tuple[Component, ...]
    labelled: npt.NDArray[np.int32]


def find_components(
    mask: Mask,
    *,
    min_voxels: float = 0,
    scores: npt.NDArray[np.float32] | None = None,
    corner: Voxel = (0, 0, 0),
) -> Components:
    """Return the components of `mask` (x, y, z) with at least `min_voxels` voxels.

    Voxels of smaller ones are 0 in `labelled`; `scores`, of the same shape, give the peaks. Of a mask that is
    cut out of a volume, `corner` is where its first voxel lies there. Raises InvalidInput for what is no mask
    of a volume, and for scores of another shape.
    """
    mask = checked_labels(mask)
    if mask.ndim != 3:
        raise InvalidInput(f"mask has the shape {mask.shape}. Give the voxels of a volume (x, y, z).")
    if scores is not None and np.shape(scores) != mask.shape:
        raise InvalidInput(
            f"scores has the shape {np.shape(scores)}, mask {mask.shape}. Give a score a voxel."
        )
    labelled, count = ndimage.label(mask, structure=_TOUCHING)
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)
    kept = np.flatnonzero(sizes[1:] >= min_voxels) + 1
    numbers = np.zeros(count + 1, np.int32)
    numbers[kept] = np.arange(1, kept.size + 1)
    labelled = numbers[labelled]
    return Components(tuple(_describe(labelled, sizes[kept], scores, np.array(corner))), labelled)


def _describe(
    labelled: npt.NDArray[np.int32],
    sizes: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32] | None,
    corner: npt.NDArray[np.int64],
) -> Iterator[Component]:
    """Yield the components, of `sizes` voxels, in one look at all of their voxels."""
    places = np.argwhere(labelled)
    owners = labelled[tuple(places.T)] - 1
    order = np.argsort(owners, kind="stable")  # by component, then by index
    places, starts = places[order], np.cumsum(sizes) - sizes
    values = np.zeros(len(places)) if scores is None else scores[tuple(places.T)]
    peaks = np.maximum.reduceat(values, starts) if sizes.size else values
    sums = np.add.reduceat(places + corner, starts) if sizes.size else places
    centres = np.rint(sums / sizes[:, None]).astype(np.int64)
    inside = labelled[tuple((centres - corner).T)] == np.arange(1, sizes.size + 1)
    for k, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        nearest = centres[k] if inside[k] else _nearest(places[start : start + size] + corner, sums[k])
        yield Component(k + 1, int(size), _voxel(nearest), _voxel(centres[k]), float(peaks[k]))


def _nearest(places: npt.NDArray[np.int64], total: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the first of `places` (n, 3) that is nearest to their mean, `total` / n."""
    away = len(places) * places.astype(np.float64) - total  # whole numbers: ties stay ties
    return np.asarray(places[(away**2).sum(axis=1).argmin()])


def _voxel(place: npt.NDArray[np.int64]) -> Voxel:
    x, y, z = (int(axis) for axis in place)
    return x, y, z
