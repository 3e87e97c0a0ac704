"""Whether a volume can be a scan: a mask has few values, or is a map of probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.findings import Defect, Note

__all__ = ["looks_like_mask"]

FEW = 16  # distinct values that no scan gets by with
SPARSE, MORE = 0.2, 64  # share that is not zero, and distinct values, of a mask of many classes
EDGE, MOSTLY = 0.1, 0.5  # within this of 0 or 1 lies this much of what is not zero, in a map of probabilities
FAINT, SOME = (
    0.01,
    0.05,
)  # it fades into 0, or more than this share is nearly 1; a dim scan with a bright spot does neither
PATCHY = 0.75  # share of voxels that equal the next one where the many classes of an atlas are
SHOWN = 6


def looks_like_mask(values: NDArray[Any]) -> Note | None:
    """Why it is no scan, or None; cheap for a scan."""
    share = np.count_nonzero(values) / values.size
    if len(np.unique(values.ravel()[:: max(1, values.size // 100_000)])) <= MORE:
        found = np.unique(values)
        if len(found) == 1:
            return Note(Defect.CONSTANT, f"All voxels are {found[0]:g}.", "Export the scan again.")
        if len(found) <= FEW:
            listed = ", ".join(f"{value:g}" for value in found[:SHOWN]) + (
                ", …" if len(found) > SHOWN else ""
            )
            return _refuse(f"It holds only {len(found)} values ({listed})")
        if share < SPARSE and len(found) <= MORE:
            return _refuse(f"It holds only {len(found)} values, and {share:.1%} of it is not 0")
    if _is_patchy(values):
        return _refuse("Its values are whole numbers in patches of one value each, as classes are")
    if share < SPARSE and _is_probability(values):
        return _refuse(
            f"Its values go from 0 to 1, {share:.1%} of it is not 0, and most of that nearly 0 or 1"
        )
    return None


def _is_patchy(values: NDArray[Any]) -> bool:
    """Beside the commonest value nearly every voxel is equal to those next to it along two axes."""
    some = values[:, :, :: max(1, values.shape[2] // 16)]
    if not np.array_equal(some, np.rint(some)):
        return False
    found, counts = np.unique(some, return_counts=True)
    common = found[np.argmax(counts)]
    return all(_is_even(one, common) for one in (some, some.swapaxes(0, 1)))


def _is_even(values: NDArray[Any], common: float) -> bool:
    other = values[:-1] != common
    return bool(other.any() and np.mean((values[1:] == values[:-1])[other]) > PATCHY)


def _is_probability(values: NDArray[Any]) -> bool:
    if values.min() < 0 or not 0 < values.max() <= 1:
        return False
    inside = values[values > 0] / values.max()
    fades = np.mean(inside < FAINT) > SOME or np.mean(inside > 1 - EDGE) > SOME
    return bool(fades and np.mean((inside < EDGE) | (inside > 1 - EDGE)) > MOSTLY)


def _refuse(what: str) -> Note:
    remedy = "Put a mask into labels/ or call it NAME_mask.nii.gz; if it is a scan: --scan NAME."
    return Note(Defect.MASK_LIKE, f"{what}: it looks like a mask, not like a scan.", remedy)
