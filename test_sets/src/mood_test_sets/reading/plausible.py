"""Whether a volume can be a scan, and no mask nor a map of classes, probabilities or distances."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.findings import Defect, Note
from mood_test_sets.reading.spread import Spread, measure

__all__ = ["looks_like_mask"]

FEW = 16  # distinct values that no scan gets by with
SPARSE, MORE = 0.2, 64  # share that is not background, and distinct values, of a mask of many classes
PATCHY = 0.75  # share of neighbours of one value where the classes of an atlas are, or numbered lesions
PLATEAU, ENDS, SMOOTH = 0.1, 0.45, 0.003  # share of a map that is nearly 1, and nearly 0 or 1, and its grain
SKIRTS, SMALL, TINY = 0.3, 0.1, 0.01  # share of fading spots that is nearly 0, and that spots take, at most
FAINT, NOISE = (
    2,
    0.5,
)  # times as much may be fainter yet than what spots, and a plateau, take; noise makes more
NEARLY = 0.85  # of a map from 0 to 1 so much is near one of them, even where a net is unsure everywhere
EVEN = 0.4  # spread of the slopes of a map of distances (0.32 at most); of a scan it is 0.9 or more
SHOWN = 6


def looks_like_mask(values: NDArray[Any]) -> Note | None:
    """Why it is no scan, or None; in any unit."""
    found = np.unique(values.ravel()[:: max(1, values.size // 100_000)])
    if len(found) <= MORE:
        found = np.unique(values)
    if len(found) == 1:
        return Note(Defect.CONSTANT, f"All voxels are {found[0]:g}.", "Export the scan again.")
    if len(found) <= FEW:
        listed = ", ".join(f"{value:g}" for value in found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
        return _refuse(f"It holds only {len(found)} values ({listed})")
    what = _why_map(values, found)
    return _refuse(what) if what else None


def _why_map(values: NDArray[Any], found: NDArray[Any]) -> str:
    seen = measure(values)
    if len(found) <= MORE and seen.share < SPARSE:
        return f"It holds only {len(found)} values, and {seen.share:.1%} of it is not {seen.background:g}"
    if _is_patchy(values[:, :, seen.planes], seen.background):
        return "Its values are whole numbers in patches of one value each, as classes are"
    if _is_of_two_parts(seen, bounded=values.min() >= 0 and values.max() <= 1):
        what = f"Most of it is {seen.background:g}, fades into that, or is as far from it as can be"
        return f"{what}, as in a map of probabilities"
    if seen.unevenness < EVEN:
        return "Its values rise and fall by the same from voxel to voxel, as distances do"
    return ""


def _is_patchy(some: NDArray[Any], background: float) -> bool:
    """Beside the background neighbours along two axes are nearly always of one value."""
    if not np.array_equal(some, np.rint(some)):
        return False
    return all(_is_even(one, background) for one in (some, some.swapaxes(0, 1)))


def _is_even(values: NDArray[Any], background: float) -> bool:
    first, second = values[:-1], values[1:]
    both = (first != background) & (second != background)
    return bool(both.any() and np.mean((first == second)[both]) > PATCHY)


def _is_of_two_parts(seen: Spread, *, bounded: bool) -> bool:
    """A plateau without grain, or spots that fade into the background; from 0 to 1, nearly all may be noise.

    Of what is not background in a scan at most 0.15 is nearly that, and where most is bright its grain is
    0.0039 and more.
    """
    ends = seen.low + seen.top
    plateau = seen.top > PLATEAU and ends > ENDS and seen.grain < SMOOTH and seen.faint < NOISE * seen.share
    spots = seen.share < TINY or (seen.share < SMALL and seen.low > SKIRTS)
    fading = spots and seen.faint <= FAINT * seen.share
    unsure = bounded and seen.share < SPARSE and ends > NEARLY
    return plateau or fading or unsure


def _refuse(what: str) -> Note:
    remedy = "Put a mask into labels/ or call it NAME_mask.nii.gz; if it is a scan: --scan NAME."
    return Note(Defect.MASK_LIKE, f"{what}: it looks like a mask, not like a scan.", remedy)
