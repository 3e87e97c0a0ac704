"""Object sensitivity in the results of a Run whose edition ranks by it: the score, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mood_evaluator import Evidence, PixelCase, as_published, canonical_digest, sum_evidence
from mood_evaluator.objects import MatchingRule, ObjectSweep, spacings_of, sweep_cases
from mood_evaluator.objects.free_response import RATES
from mood_platform.models import Json

FIELD = "object_sensitivity"


def with_objects(result: Json, volumes: Sequence[PixelCase], evidence: Sequence[Evidence | None]) -> Json:
    """The result of a test set and its objects; reads every prediction once more, one at a time."""
    sweep = sweep_cases(volumes, sum_evidence([one for one in evidence if one is not None]))
    rule = MatchingRule(sweep.thresholds, sweep.min_volume, spacings_of(volumes))
    found: Json = {
        "score": sweep.score(),
        "false_alarms_a_scan": list(RATES),
        "sensitivity": list(sweep.at_rates()),
        "rule": rule.to_json(),
        "sweep": sweep.to_json(),
    }
    document = {**result, FIELD: found}
    return document | {"digest": canonical_digest(document)}


def ranking_score(result: Json) -> float | None:
    """The score that ranks: of objects where the result has them, else the AP. None is "no result"."""
    score: float | None = result.get(FIELD, result)["score"]
    return score


def sweep_of(result: Json) -> ObjectSweep | None:
    return ObjectSweep.from_json(result[FIELD]["sweep"]) if FIELD in result else None


def published_objects(result: Json) -> Mapping[str, Json]:
    """What everybody reads: as many digits as are ranked, the rule, and no scan by itself."""
    if FIELD not in result:
        return {}
    found = result[FIELD]
    digits = {
        "score": as_published(found["score"]),
        "sensitivity": [*map(as_published, found["sensitivity"])],
    }
    return {FIELD: {name: found[name] for name in ("false_alarms_a_scan", "rule")} | digits}
