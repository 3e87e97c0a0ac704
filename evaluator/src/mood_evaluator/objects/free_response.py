"""FROC: how many reference objects are found at how many false positives per scan, over all confidences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.objects.matching import ScanObjects

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # false positives per scan that LUNA16's CPM averages over


@dataclass(frozen=True, slots=True, eq=False)
class Froc:
    """Points from the highest confidence to the lowest, the first with nothing found."""

    false_per_scan: npt.NDArray[np.float64]
    sensitivity: npt.NDArray[np.float64]  # of the reachable reference objects

    def sensitivity_at(self, rate: float) -> float:
        """Return the best sensitivity with at most `rate` false positives per scan, not interpolated."""
        return float(self.sensitivity[np.searchsorted(self.false_per_scan, rate, side="right") - 1])

    def cpm(self) -> float:
        """Return the competition performance metric: the mean sensitivity at seven rates."""
        return float(np.mean([self.sensitivity_at(rate) for rate in RATES]))


def froc(scans: Sequence[ScanObjects]) -> Froc:
    """Return the curve over all scans; raises UndefinedScore without a reachable reference object."""
    total = sum(wanted.reachable for scan in scans for wanted in scan.reference)
    if not total:
        raise UndefinedScore("No reference object can be reached, so there is no sensitivity.")
    pairs = [(-o.confidence, o.matched is not None) for scan in scans for o in scan.predicted]
    falling = np.array(sorted(pairs), dtype=[("confidence", "f8"), ("hit", "?")])
    changes = np.diff(falling["confidence"], append=np.inf) != 0
    last = np.flatnonzero(changes)
    hits, false = np.cumsum(falling["hit"])[last], np.cumsum(~falling["hit"])[last]
    return Froc(np.append(0.0, false / len(scans)), np.append(0.0, hits / total))
