"""Voxels of the body alone: how much of a pixel score comes from telling the body from the air around it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.curves import Curve
from mood_evaluator.errors import InvalidGroundTruth, UndefinedScore
from mood_evaluator.evidence import Histogram
from mood_evaluator.objects.scan import scores_of
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
from mood_evaluator.volumes import read_image, read_label

TISSUE = 0.05  # of the way from the least value of an image to its 99th percentile
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScanBody:
    """Counts of one scan: by score within the body, and of the body itself as if it were a prediction."""

    inside: Histogram  # two-sided
    mask: Histogram  # 0: outside, 1: inside


@dataclass(frozen=True, slots=True)
class BodyScores:
    """Of voxels within the body, and of a map that is 1 in the body and 0 outside, over all voxels.

    None: nothing is abnormal, or nothing normal, there.
    """

    auroc: float | None
    ap: float | None
    mask_auroc: float | None
    mask_ap: float | None
    share: float | None  # of all voxels that lie in the body
    abnormal_share: float | None  # of the abnormal ones

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, scans: Iterable[ScanBody]) -> "BodyScores":
        """Pool the voxels of one or more scans."""
        parts = list(scans)
        mask = Histogram.sum([part.mask for part in parts])
        inside = [part.inside for part in parts if part.inside.codes.size]
        rates = _rates(Histogram.sum(inside)) if inside else (None, None)
        shares = (_share(mask.codes, counts) for counts in (mask.positives + mask.negatives, mask.positives))
        return cls(*rates, *_rates(mask), *shares)


def find_body(image: npt.NDArray[np.float64]) -> Mask:
    """Mark each voxel that has tissue on both sides of it, or is tissue, along all three axes.

    Tissue is what lies above TISSUE of the way from the least value to the 99th percentile, so that black
    lesions and gas within the body belong to it.
    """
    low = float(image.min())
    tissue = image > low + TISSUE * (float(np.percentile(image, 99)) - low)
    return np.asarray(np.logical_and.reduce([_lies_between(tissue, axis) for axis in range(3)]))


def body_of_case(case: PixelCase) -> ScanBody:
    """Count a case's voxels; raises InvalidGroundTruth, also where the test set has no image of it."""
    if case.image is None:
        raise InvalidGroundTruth(
            f"The test set has no image of case {case.id}, so its body is not known. Give a test set with "
            f"images, or leave --body out."
        )
    body = find_body(read_image(case.image, case.shape))
    truth = np.zeros(case.shape, np.bool_)
    if case.label is not None:
        truth = read_label(case.label, shape=case.shape)
    codes = Quantizer.TWO_SIDED.quantize(scores_of(case))
    return ScanBody(_count(codes[body], truth[body]), _count(body.astype(np.uint16).ravel(), truth.ravel()))


def _lies_between(tissue: Mask, axis: int) -> Mask:
    before = np.logical_or.accumulate(tissue, axis)
    after = np.flip(np.logical_or.accumulate(np.flip(tissue, axis), axis), axis)
    return np.asarray(before & after)


def _count(codes: npt.NDArray[np.uint16], truth: Mask) -> Histogram:
    size = Quantizer.TWO_SIDED.size
    normal, abnormal = (np.bincount(codes[kind], minlength=size) for kind in (~truth, truth))
    return Histogram.of(normal, abnormal)


def _rates(counts: Histogram) -> tuple[float | None, float | None]:
    curve = Curve(counts.codes.astype(np.float64), counts.positives, counts.negatives)
    try:
        return curve.auroc(), curve.ap()
    except UndefinedScore:
        return None, None


def _share(codes: npt.NDArray[np.uint16], counts: npt.NDArray[np.int64]) -> float | None:
    return float(counts[codes == 1].sum() / counts.sum()) if counts.any() else None
