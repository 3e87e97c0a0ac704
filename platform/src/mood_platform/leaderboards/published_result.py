"""What everybody reads of a Run's result: as many digits as are ranked, and no batch by itself.

All digits of a score tell apart nearly all ways in which the labels of a few scans could lie; so would a
digest of them. Organizers' exports hold everything.
"""

from __future__ import annotations

from mood_evaluator import as_published, scoring_version_of
from mood_platform.models import Json
from mood_platform.scoring.object_results import published_objects

TOLD = ("evaluator", "valid", "total", "valid_share", "failed_share", "lossy")


def published_result(result: Json) -> Json:
    return {
        **{name: result[name] for name in TOLD},
        "scoring_version": scoring_version_of(result),
        "score": as_published(result["score"]),
        "official": _mean_of(result["official"]),
        "validation": _mean_of(result["validation"]),
        "whole_set_ap": as_published(result["whole_set_ap"]),
        **published_objects(result),
        "quantized": {name: as_published(ap) for name, ap in result["quantized"].items()},
    }


def _mean_of(batched: Json | None) -> Json | None:
    """Under which batching, and the mean over its batches."""
    return batched and {"batching": batched["batching"], "mean": as_published(batched["mean"])}
