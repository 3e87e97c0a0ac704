"""Takes a Run its next step when its cases have ended: the toy report, then the results. May be repeated."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

from mood_evaluator import SCORING_VERSION
from mood_platform.db.outages import OUTAGES, forgiving_outages
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.documents.set_result import SetResult
from mood_platform.documents.stored import Stored
from mood_platform.failures import FailureReason
from mood_platform.insist import insist
from mood_platform.models import ENDS, Run, RunState, Stage
from mood_platform.queueing import SendMail
from mood_platform.runs.dropped import dropped_for
from mood_platform.runs.due import Step, exclusively, next_step, ring_if_due
from mood_platform.runs.endings import fail_run, lock_run
from mood_platform.runs.replicates_orders import order_replicates
from mood_platform.runs.schedule import ring_for_waiting_work
from mood_platform.runs.telling import tell_end
from mood_platform.scoring.attempts import begin_attempt
from mood_platform.scoring.dataset_results import complete_evidence, result_of_part
from mood_platform.scoring.results import run_results
from mood_platform.scoring.run_facts import Part, RunFacts, read_run
from mood_platform.scoring.score_case import Evaluation
from mood_platform.scoring.toy_report import all_failed, toy_report
from mood_platform.storage.keys import results_key, toy_report_key
from mood_platform.terms import MailKind


def score_run(evaluation: Evaluation, *, run_id: UUID) -> None:
    """One process works on a Run at a time, until nothing is due; a second one leaves at once."""
    with exclusively(evaluation.sessions, run_id) as alone:
        if not alone:
            return
        while (begun := _begin(evaluation, run_id)) is not None:
            step, view = begun
            take = _report_toy_cases if step is Step.REPORT else _finish
            take(evaluation, view)
    _ring_again(evaluation, run_id)


def _ring_again(evaluation: Evaluation, run_id: UUID) -> None:
    """A bell that rang since the last look met this process here; what waits for organizers rings none."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        if tx.session.get_one(Run, run_id).scoring_attempt < evaluation.max_attempts:
            ring_if_due(tx, run_id=run_id)


def _begin(evaluation: Evaluation, run_id: UUID) -> tuple[Step, RunFacts] | None:
    """One look decides what comes next, and counts its begin."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        run = lock_run(tx, run_id)
        step = None if run is None else next_step(tx, run=run)
        if run is None or step is None:
            return None
        if step is Step.RESULTS and run.state is RunState.RUNNING:
            run.advance(RunState.SCORING, now=tx.now)
        if not begin_attempt(tx, run=run, subject=run, max_attempts=evaluation.max_attempts):
            return None
        tx.session.flush()
        return step, _read(tx, run)


def _read(tx: Transaction, run: Run) -> RunFacts:
    """Without the hidden cases that count for nobody."""
    view, dropped = read_run(tx, run_id=run.id), dropped_for(tx, run=run)
    parts = [part if part.toy else part.without(dropped.of(part.manifest.dataset)) for part in view.parts]
    return replace(view, parts=parts, dropped=dropped)


def _report_toy_cases(evaluation: Evaluation, view: RunFacts) -> None:
    with forgiving_outages(evaluation.sessions, evaluation.queue, Run.scoring_attempt, of=view.run.id):
        results = [_result(evaluation, view, part) for part in view.toy_parts]
        report = toy_report(view, results=results, store=evaluation.store)
        key = _keep(evaluation, toy_report_key(view.run.id), report)
    insist(lambda: _record_report(evaluation, view, key), on=OUTAGES)


def _record_report(evaluation: Evaluation, view: RunFacts, key: str) -> None:
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        run = lock_run(tx, view.run.id)
        if run is None or run.state in ENDS or run.toy_reported_at is not None:
            return
        run.toy_reported_at, run.toy_report_key, run.scoring_attempt = tx.now, key, 0
        if run.state.live and all_failed(view.toy_parts):
            fail_run(tx, run=run, reason=FailureReason.TOY_FAILED)
            return
        tx.enqueue(SendMail(MailKind.TOY_REPORT, run.id))
        tx.session.flush()
        ring_for_waiting_work(tx)


def _finish(evaluation: Evaluation, view: RunFacts) -> None:
    with forgiving_outages(evaluation.sessions, evaluation.queue, Run.scoring_attempt, of=view.run.id):
        results = [_result(evaluation, view, part) for part in view.scored_parts]
        # another key for each decision about what counts: what is stored is never written again
        key = results_key(view.run.id, dropped=view.dropped.rescoring)
        _keep(evaluation, key, run_results(view, results=results))
    insist(lambda: _conclude(evaluation, view, key), on=OUTAGES)


def _conclude(evaluation: Evaluation, view: RunFacts, key: str) -> None:
    """Not where other cases were dropped meanwhile: the results are still due then, and made without them."""
    with transaction(evaluation.sessions, evaluation.queue) as tx:
        run = lock_run(tx, view.run.id)
        if run is None or run.state is not RunState.SCORING:
            return
        if dropped_for(tx, run=run).ids != view.dropped.ids:
            return
        run.results_key, run.scoring_version, run.scoring_attempt = key, SCORING_VERSION, 0
        run.advance(RunState.SCORED, now=tx.now)
        if run.stage is Stage.CHALLENGE:
            tell_end(tx, run)
            tx.session.flush()
            order_replicates(tx, run_id=run.id, results_key=key)


def _result(evaluation: Evaluation, view: RunFacts, part: Part) -> SetResult:
    complete_evidence(evaluation, view.submission.task, part)
    return result_of_part(evaluation, view.submission.task, part, scoring=view.run.scoring)


def _keep(evaluation: Evaluation, key: str, document: Stored) -> str:
    """The object comes before the row that names it; a repetition finds the same bytes there."""
    evaluation.store.put_bytes(key, json.dumps(document.to_json(), indent=1, ensure_ascii=False).encode())
    return key
