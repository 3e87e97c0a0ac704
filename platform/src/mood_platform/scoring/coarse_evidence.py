"""Where Evidence is too coarse for replicates, and the predictions that are counted exactly instead.

A prediction could be read when it was scored: whatever goes wrong here is ours, and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mood_evaluator import (
    ExactCounts,
    Manifest,
    PixelCase,
    PositiveScores,
    Task,
    count_exactly,
    official_batching,
    score_of_counts,
)
from mood_evaluator.dataset_result import TOLERATED
from mood_platform.documents.replicates import MadeOf, Source
from mood_platform.documents.run_results import ScoredSet
from mood_platform.scoring.predictions import known_label, opened
from mood_platform.scoring.stored_positives import read_positives, stored_positives
from mood_platform.storage.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Volumes:
    """Cases as local files, and the stored scores of their abnormal voxels."""

    cases: Sequence[PixelCase]
    positives: Mapping[str, Callable[[], PositiveScores]]


@contextmanager
def opened_volumes(store: ObjectStore, part: ScoredSet, manifest: Manifest) -> Iterator[Volumes]:
    """The cases that the results list, as local files; what was not valid counts as all zero."""
    described = {case.id: case for case in manifest.for_task(Task.PIXEL)}
    with ExitStack() as stack:

        def local(key: str | None) -> Path | None:
            return stack.enter_context(opened(store, key))

        cases = [
            PixelCase(
                case_id,
                local(case.prediction if case.is_valid else None),
                local(known_label(described[case_id].sha256_label)),
                described[case_id].shape,
            )
            for case_id, case in part.cases.items()
        ]
        stored = {
            case_id: local(stored_positives(store, case.evidence)) for case_id, case in part.cases.items()
        }
        yield Volumes(
            cases, {case_id: partial(read_positives, path) for case_id, path in stored.items() if path}
        )


def count_part(part: ScoredSet, manifest: Manifest, volumes: Volumes) -> tuple[ExactCounts | None, MadeOf]:
    """The counts, and what the replicates' document says of them; none where they are too coarse themselves.

    `score` is what they give where every case is drawn once: the official one, where they are complete.
    """
    counts = count_exactly(volumes.cases, positives=volumes.positives)
    score = score_of_counts(counts, official_batching(part.cases, manifest.batchings))
    assert part.result.score is not None, "there is a result"
    if abs(score - part.result.score) > TOLERATED:
        return None, MadeOf(source=Source.EVIDENCE)
    thresholds = counts.positives.shape[1]
    return counts, MadeOf(source=Source.EXACT, thresholds=thresholds, complete=counts.complete, score=score)
