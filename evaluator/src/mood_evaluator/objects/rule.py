"""How objects were told from background and matched: what a number of objects says nothing without."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mood_evaluator.objects.matching import FACTOR
from mood_evaluator.objects.scan import affine_of
from mood_evaluator.placement import spacing_of
from mood_evaluator.scoring import PixelCase

Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class MatchingRule:
    """The rule of `match_objects` with the numbers of one test set and run."""

    thresholds: tuple[float, ...]  # the one that was given, or all that were tried
    min_volume: float  # mm³, of predicted objects
    spacings: tuple[Spacing, ...]  # mm; those that occur in the test set

    def to_json(self) -> dict[str, Any]:
        return {
            "connectivity": 26,
            "found_when": "the predicted object's centre of mass, rounded to a voxel, lies in the reference "
            "object, and their volumes differ by at most the factor; each finds one at most",
            "factor": FACTOR,
            "thresholds": list(self.thresholds),
            "min_volume_mm3": self.min_volume,
            "spacings_mm": [list(spacing) for spacing in self.spacings],
            "spacings_from": "the test set",
        }


def spacings_of(cases: Iterable[PixelCase]) -> tuple[Spacing, ...]:
    """Return the different spacings (mm, rounded to 1e-6) of the cases; raises InvalidGroundTruth."""
    found = {spacing_of(affine_of(case)) for case in cases}
    return tuple(sorted({(round(x, 6), round(y, 6), round(z, 6)) for x, y, z in found}))
