"""Connected components of a mask: voxels that touch by a face, an edge or a corner (26-connectivity)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Voxel = tuple[int, int, int]
_TOUCHING = np.ones((3, 3, 3), np.bool_)


@dataclass(frozen=True, slots=True)
class Component:
    """One object. Its `centre` is its own voxel nearest to its centre of mass where that lies outside it."""

    number: int  # in the labelled volume, from 1
    voxels: int
    centre: Voxel
    centre_of_mass: Voxel  # rounded half to even
    peak: float  # highest score within; 0 without scores


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Objects by number, and the volume (x, y, z) that says which voxel is of which."""

    objects: tuple[Component, ...]
    labelled: npt.NDArray[np.int32]


def find_components(
    mask: Mask, *, min_voxels: float = 0, scores: npt.NDArray[np.float32] | None = None
) -> Components:
    """Return the components of `mask` (x, y, z) with at least `min_voxels` voxels.

    Voxels of smaller ones are 0 in `labelled`; `scores`, of the same shape, give the peaks.
    """
    labelled, count = ndimage.label(mask, structure=_TOUCHING)
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)
    kept = np.flatnonzero(sizes[1:] >= min_voxels) + 1
    numbers = np.zeros(count + 1, np.int32)
    numbers[kept] = np.arange(1, kept.size + 1)
    labelled = numbers[labelled]
    boxes = ndimage.find_objects(labelled, max_label=kept.size)
    objects = (_describe(labelled, box, number, scores) for number, box in enumerate(boxes, start=1))
    return Components(tuple(objects), labelled)


def _describe(
    labelled: npt.NDArray[np.int32],
    box: tuple[slice, slice, slice],
    number: int,
    scores: npt.NDArray[np.float32] | None,
) -> Component:
    own = labelled[box] == number
    corner = np.array([side.start for side in box])
    places = np.argwhere(own)
    mean = places.mean(axis=0)
    rounded = np.rint(mean).astype(np.int64)
    nearest = rounded if own[tuple(rounded)] else places[((places - mean) ** 2).sum(axis=1).argmin()]
    return Component(
        number=number,
        voxels=len(places),
        centre=_voxel(nearest + corner),
        centre_of_mass=_voxel(rounded + corner),
        peak=0.0 if scores is None else float(scores[box][own].max()),
    )


def _voxel(place: npt.NDArray[np.int64]) -> Voxel:
    x, y, z = (int(axis) for axis in place)
    return x, y, z
