"""What a threshold does: AUROC, FPR at a TPR, the best Dice, the points of ROC and precision-recall curves.

All of it from counts per score level, so it holds for scans, for voxels, and for sums of Evidence alike. A
threshold calls abnormal what scores at or above it; tied scores are one threshold; nothing is interpolated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mood_evaluator.ap import average_precision_of_counts, count_levels
from mood_evaluator.arrays import checked_scores_and_labels
from mood_evaluator.case_score import CaseScore
from mood_evaluator.errors import InvalidInput, UndefinedScore
from mood_evaluator.evidence import Evidence, sum_evidence
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.test_set import Task

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]
MIN_CASES = 20  # below which an FPR at a TPR of 95 % says nothing


@dataclass(frozen=True, slots=True)
class BestDice:
    """The threshold with the highest Dice, the highest of several."""

    threshold: float
    dsc: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Abnormal (`positives`) and normal (`negatives`) counts at each of the ascending scores `levels`."""

    levels: Rates
    positives: Counts
    negatives: Counts

    @classmethod
    def of(cls, scores: npt.ArrayLike, labels: npt.ArrayLike) -> "Curve":
        """Count finite `scores` against `labels` of the same shape, booleans or 0 and 1.

        >>> curve = Curve.of([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        >>> curve.auroc(), curve.best_dsc()
        (0.75, BestDice(threshold=0.35, dsc=0.8))
        """
        levels, positives, negatives = count_levels(*checked_scores_and_labels(scores, labels))
        return cls(levels.astype(np.float64), positives, negatives)

    @classmethod
    def of_evidence(cls, evidence: Evidence, quantizer: Quantizer = Quantizer.TWO_SIDED) -> "Curve":
        """Take the counts of the quantized voxels."""
        histogram = evidence.histogram(quantizer)
        levels = np.array([quantizer.score_of(int(code)) for code in histogram.codes])
        return cls(levels, histogram.positives, histogram.negatives)

    @classmethod
    def of_cases(cls, task: Task, cases: Mapping[str, CaseScore], abnormal: Mapping[str, bool]) -> "Curve":
        """Take the scans that `abnormal` names: their scores, or their voxels, quantized `two_sided`."""
        own = [cases[case_id] for case_id in abnormal]
        if task is Task.PIXEL:
            return cls.of_evidence(sum_evidence([case.evidence for case in own if case.evidence is not None]))
        scores = np.array([case.score or 0.0 for case in own])
        return cls.of(scores, np.array(list(abnormal.values()), np.bool_))

    def ap(self) -> float:
        """Return the average precision; raises UndefinedScore without a positive."""
        return average_precision_of_counts(self.positives, self.negatives)

    def auroc(self) -> float:
        """Return the chance that a positive scores above a negative, ties counting half."""
        self._need(negatives=True)
        twice_below = 2 * np.cumsum(self.negatives) - self.negatives
        used = self.positives > 0
        pairs = zip(self.positives[used].tolist(), twice_below[used].tolist(), strict=True)
        doubled = sum(positives * below for positives, below in pairs)  # Python's integers: 10^22 and more
        return float(doubled / (2 * int(self.positives.sum()) * int(self.negatives.sum())))

    def fpr_at_tpr(self, tpr: float = 0.95) -> float:
        """Return the false-positive rate at the highest threshold that finds at least `tpr` (thesis 3.1.4).

        A constant score finds all or nothing, so its value is 1.
        """
        self._need(negatives=True)
        if not 0 <= tpr <= 1:
            raise InvalidInput(f"tpr is {tpr}. Give a rate from 0 to 1.")
        found = _from_top(self.positives)
        last = int(np.flatnonzero(found >= tpr * found[0])[-1])
        return float(_from_top(self.negatives)[last] / self.negatives.sum())

    def best_dsc(self) -> BestDice:
        """Return the best Dice that any threshold gives."""
        dice = self._dice()
        best = dice.size - 1 - int(np.argmax(dice[::-1]))
        return BestDice(float(self.levels[best]), float(dice[best]))

    def dsc_at(self, threshold: float) -> float:
        """Return the Dice of `score >= threshold`."""
        dice = self._dice()
        first = int(np.searchsorted(self.levels, threshold))
        return float(dice[first]) if first < dice.size else 0.0

    def roc(self) -> tuple[Rates, Rates]:
        """Return false- and true-positive rates, (levels + 1,), from (0, 0) to (1, 1)."""
        self._need(negatives=True)
        return _rates(self.negatives), _rates(self.positives)

    def precision_recall(self) -> tuple[Rates, Rates]:
        """Return precision and recall (levels + 1,), from recall 0, where precision is said to be 1."""
        self._need()
        true, false = np.cumsum(self.positives[::-1]), np.cumsum(self.negatives[::-1])
        return np.append(1.0, true / np.maximum(true + false, 1)), _rates(self.positives)

    def _dice(self) -> Rates:
        self._need()
        true, false = _from_top(self.positives), _from_top(self.negatives)
        return np.asarray(2 * true / (true + false + true[0]), np.float64)

    def _need(self, *, negatives: bool = False) -> None:
        if not self.positives.any():
            raise UndefinedScore("No positive is among what is scored, so no threshold can find one.")
        if negatives and not self.negatives.any():
            raise UndefinedScore("No negative is among what is scored, so there is no false-positive rate.")


def _from_top(counts: Counts) -> Counts:
    """Return how many lie at or above each level."""
    return np.cumsum(counts[::-1])[::-1]


def _rates(counts: Counts) -> Rates:
    return np.append(0.0, np.cumsum(counts[::-1]) / counts.sum())
