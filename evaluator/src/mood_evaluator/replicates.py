"""Replicates of one Submission on one test set: the same for leaderboards, reports and studies."""

from collections.abc import Iterable, Mapping, Sequence

from mood_evaluator.batches import Batching
from mood_evaluator.bootstrap import Replicates, exact_replicates, pixel_replicates, sample_replicates
from mood_evaluator.case_score import CaseScore
from mood_evaluator.exact_counts import ExactCounts
from mood_evaluator.test_set import Task


def replicates_of(
    *,
    task: Task,
    test_set: str,
    abnormal: Mapping[str, bool],
    batchings: Sequence[Batching],
    case_scores: Mapping[str, CaseScore],
    n: int,
    seed: int,
    counts: ExactCounts | None = None,
) -> Replicates:
    """Resample the cases that `abnormal` names; `case_scores` has every one of them.

    The name of the test set is the stream of its draws. Without a stored batching all cases are one batch.
    Voxels come from Evidence, or from `counts` of these cases: the draws are the same.
    """
    if task is Task.SAMPLE:
        scores = {case_id: case_scores[case_id].score or 0.0 for case_id in abnormal}
        return sample_replicates(scores, abnormal, n=n, seed=seed, stream=test_set)
    batching = official_batching(abnormal, batchings)
    if counts is not None:
        return exact_replicates(counts, batching, n=n, seed=seed, stream=test_set)
    evidence = {
        case_id: found for case_id in abnormal if (found := case_scores[case_id].evidence) is not None
    }
    return pixel_replicates(evidence, batching, n=n, seed=seed, stream=test_set)


def official_batching(case_ids: Iterable[str], batchings: Sequence[Batching]) -> Batching:
    """Return the first; without any all cases are one batch."""
    ids = tuple(case_ids)
    return batchings[0] if batchings else Batching(seed="", draw=0, size=len(ids), batches=(ids,))
