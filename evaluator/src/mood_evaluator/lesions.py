"""Lesions: how far each annotated object stands out, whatever its size (AUPRO, AP of one object).

All of it from counts under the two-sided quantizer. An object is a component of the label (26-connectivity).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.ap import average_precision_from_histogram
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.objects.scan import affine_of, reference_objects, scores_of
from mood_evaluator.placement import volume_of_voxel
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase

FPR_LIMITS = (0.3, 0.01)  # of voxels: the customary one, and what a reader of scans might bear
_CODES = Quantizer.TWO_SIDED.size
Counts = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One annotated object."""

    volume: float  # mm³
    ap: float  # of its voxels against the normal voxels of its scan

    def to_json(self) -> dict[str, Any]:
        return {"volume": self.volume, "ap": self.ap}


@dataclass(frozen=True, slots=True, eq=False)
class ScanLesions:
    """The lesions of a scan, and what AUPRO adds up."""

    lesions: tuple[Lesion, ...]
    codes: npt.NDArray[np.int64]  # those that occur, rising
    overlap: Weights  # summed over the lesions: the share of each that has this code
    normal: Counts


@dataclass(frozen=True, slots=True, eq=False)
class LesionScores:
    """Lesions by case, in the order of the label's components; AUPRO by its limit, None with no lesion."""

    scans: Mapping[str, tuple[Lesion, ...]]
    aupro: Mapping[float, float | None]

    @classmethod
    def of(cls, scans: Mapping[str, ScanLesions]) -> "LesionScores":
        """Sum up all scans of a test set, healthy ones included."""
        return cls(
            {case_id: scan.lesions for case_id, scan in scans.items()},
            {limit: _aupro_or_none(scans.values(), limit) for limit in FPR_LIMITS},
        )


def lesions_of_case(case: PixelCase) -> ScanLesions:
    """Read the lesions of a case; a prediction that cannot be read scores 0. Raises InvalidGroundTruth."""
    reference, own = reference_objects(case), Quantizer.TWO_SIDED.quantize(scores_of(case))
    marked = reference.labelled > 0
    normal, overlap = np.bincount(own[~marked], minlength=_CODES), np.zeros(_CODES)
    lesions = []
    for one in reference.objects:
        counts = np.bincount(own[reference.labelled == one.number], minlength=_CODES)
        overlap += counts / one.voxels
        ap = average_precision_from_histogram(counts, normal)
        lesions.append(Lesion(one.voxels * volume_of_voxel(affine_of(case)), ap))
    codes = np.flatnonzero(normal + overlap)
    return ScanLesions(tuple(lesions), codes, overlap[codes], normal[codes])


def aupro(scans: Iterable[ScanLesions], limit: float) -> float:
    """Return the area under the per-region overlap curve up to a voxel FPR of `limit`, divided by it.

    Overlap: the mean over all lesions of the share of each that scores at or above a threshold. FPR: the
    share of all normal voxels of all scans. Linear between thresholds (Bergmann et al. 2021). Raises
    UndefinedScore without a lesion or a normal voxel.
    """
    overlap, normal, lesions = np.zeros(_CODES), np.zeros(_CODES, np.int64), 0
    for scan in scans:
        overlap[scan.codes] += scan.overlap
        normal[scan.codes] += scan.normal
        lesions += len(scan.lesions)
    if not lesions or not normal.any():
        raise UndefinedScore("Without a lesion or without a normal voxel there is no per-region overlap.")
    fpr = np.append(0.0, np.cumsum(normal[::-1]) / normal.sum())
    pro = np.append(0.0, np.cumsum(overlap[::-1]) / lesions)
    last = int(np.searchsorted(fpr, limit, side="right"))
    xs, ys = np.append(fpr[:last], limit), np.append(pro[:last], np.interp(limit, fpr, pro))
    return float(np.trapezoid(ys, xs) / limit)


def _aupro_or_none(scans: Iterable[ScanLesions], limit: float) -> float | None:
    try:
        return aupro(scans, limit)
    except UndefinedScore:
        return None
