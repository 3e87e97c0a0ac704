"""Object sensitivity: how many objects are found at how few false alarms, with no threshold to choose.

Objects are extracted at each of a few thresholds, which the scores of all scans give; at each rate of false
alarms a scan that threshold counts which finds most. Any strictly rising change of a team's scores leaves the
thresholds where they were, so only the order of scores counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.bootstrap import Replicates, centre_influences, count_draws
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import Evidence
from mood_evaluator.objects.free_response import RATES
from mood_evaluator.objects.matching import is_reachable, least_voxels, match_components
from mood_evaluator.objects.nested import Codes, components_at
from mood_evaluator.objects.rule import MatchingRule, Spacing
from mood_evaluator.objects.scan import affine_of, reference_objects, scores_of, smallest_reference
from mood_evaluator.placement import volume_of_voxel
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.rank_draws import score_interval
from mood_evaluator.scoring import PixelCase

SHARES = 10.0 ** (np.arange(-48, -7) / 8)  # of all voxels that lie at or above a threshold: 1e-6 to 0.1
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SweptScan:
    """One scan at each threshold: reference objects found, and predicted objects that find nothing."""

    found: tuple[int, ...]
    false: tuple[int, ...]
    reachable: int  # reference objects that a permitted prediction can find

    def to_json(self) -> dict[str, Any]:
        return {"found": list(self.found), "false": list(self.false), "reachable": self.reachable}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "SweptScan":
        return cls(tuple(document["found"]), tuple(document["false"]), document["reachable"])


@dataclass(frozen=True, slots=True)
class ObjectSweep:
    """All scans of a run at the same thresholds, which rise."""

    codes: Codes  # of the two-sided quantizer
    min_volume: float  # mm³, of predicted objects
    scans: Mapping[str, SweptScan]

    def to_json(self) -> dict[str, Any]:
        scans = {case_id: scan.to_json() for case_id, scan in self.scans.items()}
        return {"codes": list(self.codes), "min_volume": self.min_volume, "scans": scans}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ObjectSweep":
        scans = {case_id: SweptScan.from_json(scan) for case_id, scan in document["scans"].items()}
        return cls(tuple(document["codes"]), document["min_volume"], scans)

    @property
    def thresholds(self) -> tuple[float, ...]:
        return tuple(Quantizer.TWO_SIDED.score_of(code) for code in self.codes)

    def score(self) -> float:
        """Return the mean sensitivity at the seven rates; raises UndefinedScore with nothing to find."""
        return float(np.mean(self.at_rates()))

    def at_rates(self) -> tuple[float, ...]:
        """Return the best sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms a scan, of all scans."""
        if not any(scan.reachable for scan in self.scans.values()):
            raise UndefinedScore("No reference object can be reached, so there is no sensitivity.")
        return tuple(map(float, self._sensitivities(np.ones((1, len(self.scans))))[0]))

    def replicates(self, abnormal: Mapping[str, bool], *, n: int, seed: int, stream: str) -> Replicates:
        """Return n scores over the scans that are drawn for every other score of this seed and stream."""
        self.at_rates()  # says what is missing
        truth = np.array([abnormal[case_id] for case_id in sorted(self.scans)], np.bool_)
        draws = count_draws(truth, n=n, seed=seed, stream=stream)
        twice = self._sensitivities(1 + np.eye(truth.size)).mean(axis=1)
        return Replicates(self._sensitivities(draws).mean(axis=1), centre_influences(twice, truth))

    def _sensitivities(self, weights: Matrix) -> Matrix:
        """Return (draws, rates); `weights` (draws, scans by sorted id) say how often a scan counts."""
        scans = [self.scans[case_id] for case_id in sorted(self.scans)]
        found, false = (
            weights @ np.array([getattr(scan, name) for scan in scans], np.float64).reshape(len(scans), -1)
            for name in ("found", "false")
        )
        reachable = weights @ np.array([scan.reachable for scan in scans], np.float64)
        sensitivity = found / np.maximum(reachable, 1)[:, None]  # 0 where a draw has nothing to find
        allowed = np.array(RATES) * weights.sum(axis=1)[:, None]
        held = false[:, None, :] <= allowed[:, :, None]
        return np.asarray(np.where(held, sensitivity[:, None, :], 0.0).max(axis=2, initial=0.0))


@dataclass(frozen=True, slots=True)
class ObjectSensitivity:
    """The score of a sweep, and what it rests on."""

    score: float
    interval: tuple[float, float]  # 95 % of draws of scans
    at_rates: tuple[float, ...]  # best sensitivity at each of RATES
    rule: MatchingRule

    def to_json(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "interval": list(self.interval),
            "false_alarms_a_scan": list(RATES),
            "sensitivity": list(self.at_rates),
            "rule": self.rule.to_json(),
        }


def object_sensitivity(
    sweep: ObjectSweep,
    abnormal: Mapping[str, bool],
    *,
    spacings: tuple[Spacing, ...],
    n: int,
    seed: int,
    stream: str,
) -> ObjectSensitivity:
    """Score a sweep, with an interval over `n` draws; raises UndefinedScore with nothing to find."""
    draws = sweep.replicates(abnormal, n=n, seed=seed, stream=stream).draws
    rule = MatchingRule(sweep.thresholds, sweep.min_volume, spacings)
    return ObjectSensitivity(sweep.score(), score_interval(draws), sweep.at_rates(), rule)


def sweep_codes(pooled: Evidence) -> Codes:
    """Return the thresholds for the pooled Evidence of all scans, rising; none is a score of 0.

    For each of SHARES: the highest score that at least this share of all voxels reaches; and the lowest score
    that no more than the largest of SHARES reach, which marks all that a sparse map marks.
    """
    histogram = pooled.two_sided
    reached = np.cumsum((histogram.positives + histogram.negatives)[::-1])
    places = np.searchsorted(reached, SHARES * pooled.voxels * (1 - 1e-9))
    falling = histogram.codes[::-1]
    within = falling[reached <= SHARES[-1] * pooled.voxels * (1 + 1e-9)]
    codes = np.unique(np.concatenate([falling[places], within[-1:]]))
    return tuple(int(code) for code in codes if code > 0)


def sweep_cases(cases: Iterable[PixelCase], pooled: Evidence) -> ObjectSweep:
    """Sweep all cases of a test set, one at a time, from half of their smallest reference object on.

    `pooled` is the Evidence of all of them; raises InvalidGroundTruth.
    """
    given = tuple(cases)
    codes, least = sweep_codes(pooled), (smallest_reference(given) or 0.0) / 2
    return ObjectSweep(codes, least, {case.id: sweep_case(case, codes, min_volume=least) for case in given})


def sweep_case(case: PixelCase, codes: Codes, *, min_volume: float) -> SweptScan:
    """Extract and match the objects of a case at each threshold; raises InvalidGroundTruth."""
    voxel_volume, reference = volume_of_voxel(affine_of(case)), reference_objects(case)
    least = least_voxels(min_volume, voxel_volume)
    scans = [
        match_components(found, reference, voxel_volume=voxel_volume, min_volume=min_volume)
        for found in components_at(scores_of(case), codes, min_voxels=least)
    ]
    return SweptScan(
        found=tuple(sum(wanted.found for wanted in scan.reference) for scan in scans),
        false=tuple(sum(one.matched is None for one in scan.predicted) for scan in scans),
        reachable=sum(is_reachable(one, least) for one in reference.objects),
    )
