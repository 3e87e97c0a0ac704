"""Scores one Run again from its kept predictions, on the test sets of its Rescoring; runs no container."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import SCORING_VERSION, Flag, Manifest, Task
from mood_platform.challenges.queries import cases_of
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import PlatformError
from mood_platform.failures import FailureReason
from mood_platform.models import (
    Case,
    CaseRun,
    CaseRunState,
    Rescoring,
    RunScoring,
    ScoringState,
    TestSet,
)
from mood_platform.runs.dropped import Dropped
from mood_platform.runs.due import exclusively
from mood_platform.runs.replicates_orders import order_replicates
from mood_platform.runs.rescorings import lock_scoring, main_cases
from mood_platform.scoring.dataset_results import result_of_part
from mood_platform.scoring.predictions import score_prediction, stored_case
from mood_platform.scoring.results import run_results
from mood_platform.scoring.run_facts import Part, RunFacts, read_run
from mood_platform.scoring.score_case import Evaluation, keep_evidence
from mood_platform.scoring.unforeseen import note_unforeseen
from mood_platform.storage.keys import results_key

WITH_PREDICTION = (CaseRunState.SUCCEEDED, CaseRunState.OUTPUT_INVALID)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be scored again: the Run as it was, and the Cases as they are now."""

    number: int
    view: RunFacts
    parts: tuple[tuple[Manifest, tuple[Case, ...]], ...]
    """Without the Cases that are dropped."""
    dropped: Dropped


def rescore_run(evaluation: Evaluation, *, run_scoring_id: UUID) -> None:
    """May be repeated; one process at a time. What cannot be scored is given up with its problem."""
    with exclusively(evaluation.sessions, run_scoring_id) as alone:
        order = _begin(evaluation, run_scoring_id) if alone else None
        if order is None:
            return
        try:
            key, found = _score(evaluation, order)
        except PlatformError as error:
            _fail(evaluation, run_scoring_id, str(error))
        else:
            _conclude(evaluation, run_scoring_id, key, found)


def _begin(evaluation: Evaluation, run_scoring_id: UUID) -> _Order | None:
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        scoring = lock_scoring(tx, scoring_id=run_scoring_id)
        if scoring is None:
            return None
        rescoring = tx.session.get_one(Rescoring, scoring.rescoring_id)
        if rescoring.scoring_version != SCORING_VERSION:
            asked = rescoring.scoring_version
            _give_up(tx, scoring, f"The scoring version is {SCORING_VERSION} now, not {asked}.")
            return None
        if scoring.attempt >= evaluation.max_attempts:
            _give_up(tx, scoring, scoring.problem or "Its process died each time it was begun.")
            return None
        scoring.attempt += 1
        return _read_order(tx, rescoring, scoring)


def _read_order(tx: Transaction, rescoring: Rescoring, scoring: RunScoring) -> _Order:
    ids = [UUID(one) for one in rescoring.test_sets.values()]
    rows = tx.session.scalars(select(TestSet).where(TestSet.id.in_(ids))).all()
    dropped = Dropped.read(rescoring)
    parts = [
        (Manifest.from_json(row.manifest), _counting_cases(tx, row, rescoring.task, dropped))
        for row in sorted(rows, key=lambda row: (row.dataset.order, row.name))
    ]
    return _Order(rescoring.number, read_run(tx, run_id=scoring.run_id), tuple(parts), dropped)


def _counting_cases(tx: Transaction, row: TestSet, task: Task, dropped: Dropped) -> tuple[Case, ...]:
    cases = cases_of(tx, test_set=row, task=task)
    return tuple(case for case in cases if case.case_id not in dropped.of(row.dataset))


def _score(evaluation: Evaluation, order: _Order) -> tuple[str, dict[UUID, str | None]]:
    """The key of the new results, which stand beside the first ones, and what ended the reader otherwise."""
    run, task = order.view.run, order.view.submission.task
    made = main_cases(one for part in order.view.parts for one in part.case_runs)
    parts = [
        Part(
            manifest=manifest,
            toy=False,
            case_runs=[
                _score_case(evaluation, task, made[manifest.dataset, case.case_id], case, order.number)
                for case in cases
            ],
            dropped=frozenset(order.dropped.of(manifest.dataset)),
        )
        for manifest, cases in order.parts
    ]
    results = [result_of_part(evaluation, task, part, scoring=run.scoring) for part in parts]
    document = run_results(replace(order.view, parts=parts), results=results, rescoring=order.number)
    key = results_key(run.id, rescoring=order.number)
    evaluation.store.put_bytes(key, json.dumps(document.to_json(), indent=1, ensure_ascii=False).encode())
    before = {case_run.id: case_run.unforeseen for case_run in made.values()}
    after = {case_run.id: case_run.unforeseen for part in parts for case_run in part.case_runs}
    return key, {one: how for one, how in after.items() if how != before[one]}


def _score_case(evaluation: Evaluation, task: Task, old: CaseRun, case: Case, number: int) -> CaseRun:
    """A copy, never stored, of the CaseRun with the Case as it is now; its Evidence stands beside the old."""
    has_prediction = old.state in WITH_PREDICTION
    columns = {column.key: getattr(old, column.key) for column in CaseRun.__table__.columns}
    unscored = CaseRun(**columns | {"case_id": case.id, "case": case})
    stored = stored_case(unscored, task)
    scored = score_prediction(
        evaluation.store,
        evaluation.limits,
        stored if has_prediction else replace(stored, prediction_key=None),
    )
    found: dict[str, object] = {
        "score": scored.score.to_json(),
        "evidence_key": keep_evidence(evaluation.store, old, scored, rescoring=number),
        "unforeseen": scored.unforeseen,
    }
    if has_prediction:
        valid = scored.score.valid
        found |= {
            "state": CaseRunState.SUCCEEDED if valid else CaseRunState.OUTPUT_INVALID,
            "reason": None if valid else FailureReason.OUTPUT_INVALID,
            "flags": [flag for flag in old.flags if flag not in set(Flag)] + [*scored.score.flags],
        }
    return CaseRun(**columns | {"case_id": case.id, "case": case} | found)


def _conclude(
    evaluation: Evaluation, run_scoring_id: UUID, key: str, found: Mapping[UUID, str | None]
) -> None:
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        scoring = lock_scoring(tx, scoring_id=run_scoring_id)
        if scoring is not None:
            note_unforeseen(tx, run_id=scoring.run_id, found=found)
            scoring.results_key, scoring.problem = key, ""
            scoring.advance(ScoringState.SCORED, now=tx.now)
            tx.session.flush()
            order_replicates(tx, run_id=scoring.run_id, results_key=key)


def _fail(evaluation: Evaluation, run_scoring_id: UUID, problem: str) -> None:
    """The sweeper rings again for it, until it was begun often enough."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        scoring = lock_scoring(tx, scoring_id=run_scoring_id)
        if scoring is None:
            return
        scoring.problem, scoring.state_since = problem.strip().splitlines()[-1], tx.now
        if scoring.attempt >= evaluation.max_attempts:
            _give_up(tx, scoring, scoring.problem)


def _give_up(tx: Transaction, scoring: RunScoring, problem: str) -> None:
    scoring.problem = problem
    scoring.advance(ScoringState.FAILED, now=tx.now)
