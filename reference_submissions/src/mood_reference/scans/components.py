"""Connected components of a mask, in NumPy alone: what NUDT removes small objects with (thesis 4.1.3)."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def label_components(mask: Mask) -> NDArray[np.intp]:
    """Number the components of a mask of any rank, from 0; voxels that share a face belong together.

    Every marked voxel starts as its own root. Where two neighbours have different roots, the higher root is
    hung below the lower one, and every voxel then climbs to its root; a few rounds suffice. Unmarked: -1.
    """
    count = int(np.count_nonzero(mask))
    number = np.full(mask.shape, -1, np.intp)
    number[mask] = np.arange(count)
    first, second = _list_neighbours(number)
    root = np.arange(count)
    while (root[first] != root[second]).any():
        a, b = root[first], root[second]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while (root[root] != root).any():
            root = root[root]
    number[mask] = np.unique(root, return_inverse=True)[1]
    return number


def _list_neighbours(number: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the numbers of every two marked voxels that share a face: (2, pairs)."""
    found = []
    for axis in range(number.ndim):
        ordered = np.moveaxis(number, axis, 0)
        before, after = ordered[:-1].ravel(), ordered[1:].ravel()
        both = (before >= 0) & (after >= 0)
        found.append(np.stack([before[both], after[both]]))
    return np.concatenate(found, axis=1)


def find_small(mask: Mask, smallest: float) -> Mask:
    """Mark the voxels of components with fewer than `smallest` voxels."""
    number = label_components(mask)
    small = np.zeros(mask.shape, bool)
    small[mask] = (np.bincount(number[mask]) < smallest)[number[mask]] if mask.any() else False
    return small
