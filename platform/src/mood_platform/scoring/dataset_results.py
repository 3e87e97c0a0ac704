"""The evaluator's result of one test set of a Run, computed in a limited child from what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import update

from mood_evaluator import Evidence, PixelCase, Task, find_affine, result_of
from mood_platform.challenges.config import is_ranked_by_objects, valid_share_of
from mood_platform.db.transaction import transaction
from mood_platform.documents.case_score import StoredScore
from mood_platform.documents.set_result import SetResult
from mood_platform.models import CaseRun, CaseRunState
from mood_platform.scoring.limited_child import run_limited
from mood_platform.scoring.object_results import object_result
from mood_platform.scoring.predictions import opened, score_prediction, stored_case
from mood_platform.scoring.run_facts import Part
from mood_platform.scoring.score_case import Evaluation, keep_evidence
from mood_platform.scoring.stored_positives import read_positives, stored_positives
from mood_platform.storage.store import ObjectStore


def complete_evidence(evaluation: Evaluation, task: Task, part: Part) -> None:
    """Cases without a prediction count as all zero: they get their score and Evidence here."""
    for case_run in part.case_runs:
        if case_run.score is None:
            stored = replace(stored_case(case_run, task), prediction_key=None)
            scored = score_prediction(evaluation.store, evaluation.limits, stored)
            key = keep_evidence(evaluation.store, case_run, scored)
            with transaction(evaluation.sessions, evaluation.queue) as tx:
                unscored = update(CaseRun).where(CaseRun.id == case_run.id, CaseRun.score.is_(None))
                tx.session.execute(unscored.values(score=scored.score.to_json(), evidence_key=key))
            case_run.score, case_run.evidence_key = scored.score.to_json(), key


def result_of_part(
    evaluation: Evaluation, task: Task, part: Part, *, scoring: Mapping[str, Any]
) -> SetResult:
    """Reads all valid predictions again, exactly, with time for each case as for one.

    `scoring` are the rules of the Run; where they rank by objects, the result has these too.
    """
    limits = evaluation.limits.for_cases(len(part.case_runs))
    with ExitStack() as stack:
        inputs = [stack.enter_context(_opened_case(evaluation.store, task, case)) for case in part.case_runs]
        answer = run_limited(lambda _begin: _result(task, part, inputs, scoring, evaluation.threads), limits)
    assert isinstance(answer, bytes), "each prediction was found valid before: nothing is its fault any more"
    return SetResult.from_json(json.loads(answer), place="the result of a test set")


@dataclass(frozen=True, slots=True)
class _Input:
    """One case as local files."""

    score: StoredScore
    volume: PixelCase
    evidence: Path | None
    positives: Path | None


@contextmanager
def _opened_case(store: ObjectStore, task: Task, case_run: CaseRun) -> Iterator[_Input]:
    """Only a prediction that was found valid is opened."""
    stored = stored_case(case_run, task)
    valid = case_run.state is CaseRunState.SUCCEEDED
    assert case_run.score is not None, "complete_evidence came first"
    with (
        opened(store, stored.prediction_key if valid else None) as prediction,
        opened(store, stored.label_key) as label,
        opened(store, case_run.evidence_key) as evidence,
        opened(store, stored_positives(store, case_run.evidence_key)) as positives,
        opened(store, stored.image_key) as image,
    ):
        affine = find_affine(stored.affine, image, shape=stored.shape)
        volume = PixelCase(case_run.case.case_id, prediction, label, stored.shape, affine)
        yield _Input(StoredScore.of(case_run.score), volume, evidence, positives)


def _result(
    task: Task, part: Part, inputs: Sequence[_Input], scoring: Mapping[str, Any], threads: int
) -> bytes:
    scores = {one.volume.id: one.score.with_evidence(_evidence(one)) for one in inputs}
    counting = part.manifest.without(part.dropped, task=task)
    result = result_of(
        task=task,
        test_set=counting,
        case_scores=scores,
        cases=[one.volume for one in inputs],
        valid_share=valid_share_of(scoring),
        positives={one.volume.id: partial(read_positives, one.positives) for one in inputs if one.positives},
        threads=threads,
    )
    found = SetResult.from_json(result.to_json(), place="the result of a test set")
    if is_ranked_by_objects(scoring, task) and result.score is not None:
        counted = {case.id for case in counting.for_task(task)}
        volumes = [one.volume for one in inputs if one.volume.id in counted]
        found = found.with_objects(object_result(volumes, [scores[one.id].evidence for one in volumes]))
    return json.dumps(found.to_json()).encode()


def _evidence(one: _Input) -> Evidence | None:
    return None if one.evidence is None else Evidence.from_bytes(one.evidence.read_bytes())
