"""Object sensitivity in the results of a Run whose edition ranks by it: the score, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from mood_evaluator import Evidence, PixelCase, sum_evidence
from mood_evaluator.objects import MatchingRule, spacings_of, sweep_cases
from mood_evaluator.objects.free_response import RATES
from mood_platform.documents.set_result import ObjectResult


def object_result(volumes: Sequence[PixelCase], evidence: Sequence[Evidence | None]) -> ObjectResult:
    """Reads every prediction of a test set once more, one at a time."""
    sweep = sweep_cases(volumes, sum_evidence([one for one in evidence if one is not None]))
    rule = MatchingRule(sweep.thresholds, sweep.min_volume, spacings_of(volumes))
    return ObjectResult(
        score=sweep.score(),
        false_alarms_a_scan=RATES,
        sensitivity=sweep.at_rates(),
        rule=rule.to_json(),
        sweep=sweep.to_json(),
    )
