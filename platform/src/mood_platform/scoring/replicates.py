"""Makes the replicates of a Run's results once, when these are there; a leaderboard only reads them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import SCORING_VERSION, Manifest, Task, replicates_of
from mood_evaluator import Replicates as Drawn
from mood_platform.db.outages import OUTAGES
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.documents.replicates import DrawnScores, MadeOf, RunReplicates, Source
from mood_platform.documents.run_results import RunResults, ScoredSet
from mood_platform.errors import PlatformError
from mood_platform.insist import insist
from mood_platform.models import Replicates, Run, TestSet
from mood_platform.runs.due import exclusively
from mood_platform.scoring.coarse_evidence import Volumes, count_part, opened_volumes
from mood_platform.scoring.limited_child import run_limited
from mood_platform.scoring.results import read_case_score, read_results
from mood_platform.scoring.score_case import Evaluation
from mood_platform.storage.keys import replicates_key
from mood_platform.storage.store import ObjectStore

log = logging.getLogger(__name__)

DRAWS, SEED = 1000, 2020


def draw_replicates(evaluation: Evaluation, *, replicates_id: UUID) -> None:
    """May be repeated; one process at a time. Given up after some attempts, with the problem."""
    with exclusively(evaluation.sessions, replicates_id) as alone:
        order = _begin(evaluation, replicates_id) if alone else None
        if order is None:
            return
        try:
            key = _make(evaluation, order)
        except (PlatformError, OSError) as error:
            _fail(evaluation, replicates_id, str(error))
        else:
            insist(lambda: _conclude(evaluation, replicates_id, key), on=OUTAGES)


@dataclass(frozen=True, slots=True)
class _Order:
    results_key: str
    key: str | None
    """Of those made before it was asked whether Evidence is too coarse."""
    exact: bool
    """Whether predictions are read where it is."""


def _begin(evaluation: Evaluation, replicates_id: UUID) -> _Order | None:
    """None where nothing is left to do. The last attempt makes do with Evidence."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        row = _lock(tx, replicates_id)
        if row is None or row.scoring_version != SCORING_VERSION or row.attempt >= evaluation.max_attempts:
            return None
        row.attempt, row.since = row.attempt + 1, tx.now
        if row.attempt > 1 and not row.problem:
            row.problem = "Its process died before it could say why."
        kept = tx.session.get_one(Run, row.run_id).predictions_removed_at is None
        return _Order(row.results_key, row.key, exact=kept and row.attempt < evaluation.max_attempts)


def _make(evaluation: Evaluation, order: _Order) -> str:
    """The key of the replicates, which are in the store then."""
    results = read_results(evaluation.store, order.results_key)
    coarse = [part for part in results.test_sets if order.exact and part.result.is_coarse]
    if order.key is not None and not coarse:
        return order.key
    key = replicates_key(order.results_key, version=SCORING_VERSION, exact=bool(coarse))
    evaluation.store.put_bytes(key, _draw_in_child(evaluation, results, coarse))
    return key


def _draw_in_child(evaluation: Evaluation, results: RunResults, coarse: Sequence[ScoredSet]) -> bytes:
    """With the limits of one prediction for each case, so that the worker stays small."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        manifests = _manifests(tx, results)
    limits = evaluation.limits.for_cases(sum(len(part.cases) for part in results.test_sets))
    with ExitStack() as stack:
        volumes = {
            part.digest: stack.enter_context(opened_volumes(evaluation.store, part, manifests[part.digest]))
            for part in coarse
        }
        made = run_limited(lambda _: _draw(evaluation.store, results, manifests, volumes), limits)
    assert isinstance(made, bytes), "each prediction was found valid before: nothing is its fault any more"
    return made


def _manifests(tx: Transaction, results: RunResults) -> dict[str, Manifest]:
    """By the digest of the test set, the cases of it that the results were made of."""
    task, parts = results.submission.task, results.test_sets
    rows = tx.session.scalars(select(TestSet).where(TestSet.digest.in_([one.digest for one in parts])))
    manifests = {row.digest: Manifest.from_json(row.manifest) for row in rows}
    return {one.digest: manifests[one.digest].without(one.dropped, task=task) for one in parts}


def _draw(
    store: ObjectStore, results: RunResults, manifests: dict[str, Manifest], volumes: Mapping[str, Volumes]
) -> bytes:
    """`volumes` has, by the test set's digest, what is counted exactly."""
    task = results.submission.task
    drawn = {
        part.dataset: _draw_part(store, task, part, manifests[part.digest], volumes.get(part.digest))
        for part in results.test_sets
    }
    made = RunReplicates(
        results=results.digest,
        scoring_version=SCORING_VERSION,
        draws=DRAWS,
        seed=SEED,
        datasets={
            dataset: None if found is None else DrawnScores.of(found) for dataset, (found, _) in drawn.items()
        },
        made_of={dataset: made_of for dataset, (_, made_of) in drawn.items()},
    )
    return json.dumps(made.to_json()).encode()


def _draw_part(
    store: ObjectStore, task: Task, part: ScoredSet, manifest: Manifest, volumes: Volumes | None
) -> tuple[Drawn | None, MadeOf]:
    """The replicates, None where there is no result, and what they are made of."""
    if part.result.score is None:
        return None, MadeOf(source=Source.NOTHING)
    abnormal = {case.id: case.abnormal for case in manifest.for_task(task)}
    if (objects := part.result.object_sensitivity) is not None:
        drawn = objects.swept.replicates(abnormal, n=DRAWS, seed=SEED, stream=manifest.name)
        return drawn, MadeOf(source=Source.OBJECTS)
    counts, made_of = None, MadeOf(source=Source.SCORES if task is Task.SAMPLE else Source.EVIDENCE)
    if volumes is not None:
        counts, made_of = count_part(part, manifest, volumes)
    rounded = part.cases if counts is None else {}
    drawn = replicates_of(
        task=task,
        test_set=manifest.name,
        abnormal=abnormal,
        batchings=manifest.batchings,
        case_scores={case_id: read_case_score(store, case) for case_id, case in rounded.items()},
        n=DRAWS,
        seed=SEED,
        counts=counts,
    )
    return drawn, made_of


def _conclude(evaluation: Evaluation, replicates_id: UUID, key: str) -> None:
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        row = _lock(tx, replicates_id)
        if row is not None:
            row.key, row.weighed, row.problem, row.since = key, True, "", tx.now


def _fail(evaluation: Evaluation, replicates_id: UUID, problem: str) -> None:
    """The sweeper rings again for it, until it was begun often enough."""
    log.warning("The replicates %s were not made: %s", replicates_id, problem)
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        row = _lock(tx, replicates_id)
        if row is not None:
            row.problem, row.since = problem.strip().splitlines()[-1], tx.now


def _lock(tx: Transaction, replicates_id: UUID) -> Replicates | None:
    """Those that are still to be made, locked."""
    query = select(Replicates).where(Replicates.id == replicates_id, ~Replicates.weighed)
    return tx.session.scalar(query.with_for_update(key_share=True))
