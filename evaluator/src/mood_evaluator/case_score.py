"""The score of one case: validity, what was noticed, and Evidence. A bad prediction never raises."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.ap import average_precision_of_counts
from mood_evaluator.arrays import as_path, checked_shape
from mood_evaluator.errors import InvalidGroundTruth, InvalidPrediction
from mood_evaluator.evidence import Evidence, EvidenceSums
from mood_evaluator.faults import Flag, OutputFault
from mood_evaluator.kernels import count_into_gaps
from mood_evaluator.nifti_stream import Shape
from mood_evaluator.placement import Affine, differs, find_affine
from mood_evaluator.positive_scores import PositiveScores
from mood_evaluator.tied_scores import DistinctScores, is_squeezed
from mood_evaluator.volumes import open_prediction, read_label, read_sample_score

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CaseScore:
    """An invalid prediction has a fault, and counts as score 0 or as an all-zero map."""

    valid: bool
    fault: OutputFault | None = None
    flags: tuple[Flag, ...] = ()
    score: float | None = None  # sample task: the scan's score in [0, 1]
    evidence: Evidence | None = None  # pixel task
    positives: PositiveScores | None = None  # pixel task: of the abnormal voxels, where the AP is exact
    case_ap: float | None = None  # pixel task: exact AP of this scan alone, where valid and abnormal

    def to_json(self) -> dict[str, Any]:
        """Return everything but the Evidence's histograms and the scores of abnormal voxels."""
        return {
            "valid": self.valid,
            "fault": None if self.fault is None else str(self.fault),
            "flags": [str(flag) for flag in self.flags],
            "score": self.score,
            "case_ap": self.case_ap,
            "evidence": None if self.evidence is None else self.evidence.to_json(),
        }

    @classmethod
    def from_json(
        cls,
        document: Mapping[str, Any],
        *,
        evidence: Evidence | None = None,
        positives: PositiveScores | None = None,
    ) -> "CaseScore":
        """Restore what `to_json` wrote; what a pixel case has beside it is kept apart and handed in."""
        return cls(
            valid=document["valid"],
            fault=None if document["fault"] is None else OutputFault(document["fault"]),
            flags=tuple(Flag(flag) for flag in document["flags"]),
            score=document["score"],
            evidence=evidence,
            positives=positives,
            case_ap=document["case_ap"],
        )


def score_sample_case(prediction: Path | str | None) -> CaseScore:
    """Score a text file whose first line is one number; None is a missing prediction."""
    try:
        number = read_sample_score(_present(prediction))
    except InvalidPrediction as error:
        return CaseScore(valid=False, fault=error.fault, score=0.0)
    if math.isnan(number):
        return CaseScore(valid=True, flags=(Flag.NAN,), score=0.0)
    flags = () if 0 <= number <= 1 else (Flag.CLAMPED,)
    return CaseScore(valid=True, flags=flags, score=min(max(number, 0.0), 1.0) + 0.0)


def score_pixel_case(
    prediction: Path | str | None,
    *,
    label: Path | str | None,
    shape: Shape,
    affine: Affine | npt.NDArray[Any] | None = None,
    abnormal: bool | None = None,
    exact: bool = True,
) -> CaseScore:
    """Score a volume of `shape` (voxels) against `label`, None meaning that nothing is abnormal.

    `affine` is the test set's, else the label's: a prediction that states another one is flagged. `abnormal`
    is what the test set says of the case, where it does. Without `exact` there is no `case_ap`, and the
    volume is never held in memory as a whole. Raises InvalidGroundTruth for a label that is bad or says
    otherwise, and nothing for a bad prediction.
    """
    truth = PixelTruth.read(label, shape=shape, affine=affine, abnormal=abnormal)
    return score_pixel_prediction(prediction, truth=truth, exact=exact)


def score_pixel_prediction(
    prediction: Path | str | None, *, truth: "PixelTruth", exact: bool = True
) -> CaseScore:
    """Score a volume against a truth that was read before: what goes wrong here is the prediction's."""
    try:
        return _score_volume(_present(prediction), truth, exact=exact)
    except InvalidPrediction as error:
        zeros = Evidence.of_zeros(voxels=math.prod(truth.shape), positives=truth.positives)
        positives = PositiveScores.of_zeros(truth.positives) if exact else None
        return CaseScore(valid=False, fault=error.fault, evidence=zeros, positives=positives)


@dataclass(frozen=True, slots=True, eq=False)
class PixelTruth:
    """What is abnormal in a volume of `shape`, read from its label."""

    shape: Shape
    abnormal: npt.NDArray[np.bool_] | None  # (voxels,) in file order; None: nothing is abnormal
    affine: Affine | None = None  # of the test set; None: there is none to compare with

    @classmethod
    def read(
        cls,
        label: Path | str | None,
        *,
        shape: Shape,
        affine: Affine | npt.NDArray[Any] | None = None,
        abnormal: bool | None = None,
    ) -> "PixelTruth":
        """Read a label, None meaning that nothing is abnormal; raises InvalidGroundTruth.

        `affine` is the test set's; without one the label's is taken. A label that contradicts `abnormal`, as
        the test set calls the case, is refused; None: it says nothing.
        """
        shape = checked_shape(shape)
        marked = None if label is None else read_label(label, shape=shape).ravel(order="F")
        if marked is not None and not marked.any():
            marked = None
        if abnormal is not None and abnormal is (marked is None):
            raise _contradiction(label, abnormal=abnormal)
        files = () if label is None else (as_path(label),)
        return cls(shape, marked, find_affine(affine, *files, shape=shape))

    @property
    def positives(self) -> int:
        return 0 if self.abnormal is None else int(self.abnormal.sum())

    def part(self, start: int, size: int) -> npt.NDArray[np.bool_] | None:
        return None if self.abnormal is None else self.abnormal[start : start + size]


def _contradiction(label: Path | str | None, *, abnormal: bool) -> InvalidGroundTruth:
    marks, said = ("no voxel", "abnormal") if abnormal else ("voxels", "normal")
    return InvalidGroundTruth(
        f"The label {label} marks {marks}, but the test set calls its case {said}. Correct the label, or "
        f"`abnormal` in the manifest."
    )


def _score_volume(path: Path, truth: PixelTruth, *, exact: bool) -> CaseScore:
    held = exact and truth.abnormal is not None
    scores = np.empty(math.prod(truth.shape) if held else 0, np.float32)
    sums, distinct = EvidenceSums(), DistinctScores()
    start = 0
    with open_prediction(path, shape=truth.shape) as reader:
        for clean in reader.chunks():
            size = clean.values.size
            sums.add(clean, truth.part(start, size))
            distinct.add(clean.values)
            if held:
                scores[start : start + size] = clean.values
            start += size
    evidence, positives = sums.result(), _positives(scores, truth) if exact else None
    noticed = {
        Flag.CLAMPED: evidence.clamped > 0,
        Flag.NAN: evidence.nan > 0,
        Flag.CONSTANT: evidence.min == evidence.max,
        Flag.AFFINE_DIFFERS: truth.affine is not None and differs(reader.affine, truth.affine),
        Flag.TRAILING_DATA: reader.trailing_data,
        Flag.SQUEEZED: distinct.count > 1 and is_squeezed(reader.stream),
        Flag.FEW_SCORES: distinct.are_few(evidence) and not is_squeezed(reader.stream),
        Flag.NOT_GZIP: path.suffix != ".nii" and not reader.stream.compressed,
    }
    return CaseScore(
        valid=True,
        flags=tuple(flag for flag, seen in noticed.items() if seen),
        evidence=evidence,
        positives=positives,
        case_ap=None
        if truth.abnormal is None or not positives
        else _case_ap(scores, truth.abnormal, positives),
    )


def _positives(scores: Scores, truth: PixelTruth) -> PositiveScores:
    return PositiveScores.of(scores if truth.abnormal is None else scores[truth.abnormal])


def _case_ap(scores: Scores, abnormal: npt.NDArray[np.bool_], positives: PositiveScores) -> float:
    """Return the exact AP of one scan, all of whose scores (voxels,) are at hand."""
    negatives = np.zeros(positives.codes.size, np.int64)
    count_into_gaps(scores.view(np.uint32), abnormal, positives.codes, negatives)
    return average_precision_of_counts(positives.counts.astype(np.int64), negatives)


def _present(prediction: Path | str | None) -> Path:
    if prediction is None:
        raise InvalidPrediction(OutputFault.MISSING, "no file was collected")
    return as_path(prediction)
