"""The evaluator's result of one test set of a Run, computed in a limited child from what is stored."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mood_evaluator import CaseScore, Evidence, PixelCase, Task, result_of
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.models import CaseRun, CaseRunState, Json
from mood_platform.runs.limited_child import Exhausted, run_limited
from mood_platform.runs.predictions import opened, score_prediction, stored_case
from mood_platform.runs.run_view import Part
from mood_platform.runs.score_case import Evaluation, keep_evidence
from mood_platform.storage.store import ObjectStore


def complete_evidence(evaluation: Evaluation, task: Task, part: Part) -> None:
    """Cases without a prediction count as all zero: they get their score and Evidence here."""
    for case_run in part.case_runs:
        if case_run.score is None:
            stored = replace(stored_case(case_run, task), prediction_key=None)
            scored = score_prediction(evaluation.store, evaluation.limits, stored)
            key = keep_evidence(evaluation.store, case_run, scored)
            with transaction(evaluation.sessions, evaluation.queue) as tx:
                row = tx.session.get_one(CaseRun, case_run.id)
                row.score, row.evidence_key = scored.document, key
            case_run.score, case_run.evidence_key = scored.document, key


def result_of_part(evaluation: Evaluation, task: Task, part: Part, *, valid_share: float) -> Json:
    """Reads all valid predictions again, exactly, with time for each case as for one."""
    limits = evaluation.limits
    cases = len(part.case_runs)
    limits = replace(limits, cpu_seconds=limits.cpu_seconds * cases, wall_seconds=limits.wall_seconds * cases)
    with ExitStack() as stack:
        files = {
            case_run.id: stack.enter_context(_files(evaluation.store, case_run, task))
            for case_run in part.case_runs
        }
        answer = run_limited(lambda: json.dumps(_result(task, part, files, valid_share)).encode(), limits)
    if isinstance(answer, Exhausted):
        raise Transient(
            f"Scoring test set {part.manifest.name} used up its {answer}.",
            remedy="Raise MOOD_EXECUTION__SCORING_MEMORY or MOOD_EXECUTION__SCORING_SECONDS.",
        )
    document: Json = json.loads(answer)
    return document
