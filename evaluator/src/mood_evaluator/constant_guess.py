"""What one score for everything gets: the bar that a method has to pass."""

import math
from collections.abc import Mapping, Sequence

from mood_evaluator.batches import Batching
from mood_evaluator.case_score import CaseScore
from mood_evaluator.test_set import Task


def constant_score(
    task: Task,
    abnormal: Mapping[str, bool],
    batchings: Sequence[Batching],
    case_scores: Mapping[str, CaseScore],
) -> float:
    """Return the share of scans that are abnormal, or of voxels, as a mean over the official batches."""
    if task is Task.SAMPLE:
        return sum(abnormal.values()) / len(abnormal)
    batches = batchings[0].batches if batchings else (tuple(abnormal),)
    return math.fsum(_voxel_share(batch, case_scores) for batch in batches) / len(batches)


def _voxel_share(batch: Sequence[str], case_scores: Mapping[str, CaseScore]) -> float:
    known = [evidence for case_id in batch if (evidence := case_scores[case_id].evidence) is not None]
    return sum(one.positives for one in known) / sum(one.voxels for one in known)
