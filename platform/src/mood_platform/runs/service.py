"""What people do to Runs: start, cancel, void, run again, run on further test sets."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from mood_evaluator import Dataset
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import require_reason
from mood_platform.challenges.locking import lock_rules
from mood_platform.challenges.queries import cases_of, config_of, newest_test_set
from mood_platform.challenges.versions import newest_versions
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.errors import Conflict, Invalid
from mood_platform.models import (
    CaseRun,
    CaseRunState,
    Challenge,
    Event,
    Image,
    ImageState,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
    TestSet,
)
from mood_platform.runs.endings import cancel_cases, lock_run, refund
from mood_platform.runs.queries import newest_run
from mood_platform.runs.schedule import ring_for_waiting_work

PlacedCase = tuple[UUID, Dataset]


def start_run(
    tx: Transaction,
    *,
    submission: Submission,
    stage: Stage,
    test_sets: RunTestSets,
    limits: Mapping[str, Any],
    scoring: Mapping[str, Any],
) -> Run:
    """Create the Run with a CaseRun for every Case of the Task, toy cases first, and ring."""
    run = Run(
        submission_id=submission.id,
        number=_next_number(tx, submission),
        stage=stage,
        state=RunState.QUEUED,
        state_since=tx.now,
        created_at=tx.now,
        limits=dict(limits),
        scoring=dict(scoring),
        test_sets=test_sets.to_json(),
        told_live=_hides_nothing(tx, submission, test_sets),
    )
    tx.session.add(run)
    tx.session.flush()
    toy = _cases(tx, submission, test_sets.toy_ids)
    main = _cases(tx, submission, test_sets.main_ids)
    places = enumerate([*_shuffled(toy), *_shuffled(main)])
    tx.session.add_all(_case_run(tx, run, place, case, toy=place < len(toy)) for place, case in places)
    tx.session.flush()
    ring_for_waiting_work(tx)
    return run


def _hides_nothing(tx: Transaction, submission: Submission, test_sets: RunTestSets) -> bool:
    """Anybody may know the counts of the main test sets: they are not hidden, or the edition says so."""
    manifests = tx.session.scalars(select(TestSet.manifest).where(TestSet.id.in_(test_sets.main_ids)))
    if all(manifest.get("not_hidden") for manifest in manifests):
        return True
    return config_of(tx.session.get_one(Challenge, submission.challenge_id)).public_counts


def take_over(tx: Transaction, *, submission: Submission, source: Run) -> Run:
    """Start nothing: the Run is scored at once, by the results of an equal one of the same Image."""
    run = Run(
        submission_id=submission.id,
        number=_next_number(tx, submission),
        stage=submission.stage,
        state=RunState.SCORED,
        state_since=tx.now,
        created_at=tx.now,
        limits=source.limits,
        scoring=source.scoring,
        test_sets=source.test_sets,
        toy_reported_at=source.toy_reported_at,
        toy_report_key=source.toy_report_key,
        told_live=source.told_live,
        told_at=tx.now,
        results_of=source.id,
        scoring_version=source.scoring_version,
    )
    tx.session.add(run)
    tx.session.flush()
    states = {"before": RunState.QUEUED, "after": RunState.SCORED}
    tx.session.add(Event(run_id=run.id, subject=Run.SUBJECT, subject_id=run.id, at=tx.now, **states))
    return run


def stop_run(tx: Transaction, *, run: Run, reason: str, actor: str) -> None:
    """An organizer ends a live Run, such as one that is stuck; it costs the team no attempt."""
    reason = require_reason("run.cancel", reason)
    cancel_run(tx, run=run, actor=actor, reason=reason)
    if run.stage is not Stage.ANALYSIS:
        refund(tx, submission_id=run.submission_id, reason="stopped by the organizers")


def cancel_run(tx: Transaction, *, run: Run, actor: str, reason: str = "") -> None:
    """Stop a live Run; containers that still run lose their claim and are killed."""
    locked = lock_run(tx, run.id)
    if locked is None or not locked.state.live:
        raise Conflict(f"The run is {run.state} already.", remedy="Nothing is left to cancel.")
    cancel_cases(tx, locked)
    locked.advance(RunState.CANCELLED, now=tx.now)
    audit(tx, actor=actor, action="run.cancel", subject=subject_of("run", run), reason=reason)


def void_run(tx: Transaction, *, run: Run, reason: str, actor: str) -> None:
    """An organizer's written decision that a scored Run no longer counts; the next scored one does."""
    reason = require_reason("run.void", reason)
    lock_rules(tx, submission_id=run.submission_id)
    locked = lock_run(tx, run.id)
    if locked is None or locked.state is not RunState.SCORED or locked.voided_at is not None:
        raise Conflict(
            "Only a scored run that is not void yet can be voided.", remedy="Cancel a run that is live."
        )
    locked.voided_at, locked.voided_reason = tx.now, reason
    audit(tx, actor=actor, action="run.void", subject=subject_of("run", run), reason=reason)


def unvoid_run(tx: Transaction, *, run: Run, reason: str, actor: str) -> None:
    """Take a `void_run` back: the Run counts again, if it is the first that was scored."""
    reason = require_reason("run.unvoid", reason)
    lock_rules(tx, submission_id=run.submission_id)
    locked = lock_run(tx, run.id)
    if locked is None or locked.voided_at is None:
        raise Conflict("The run is not void.", remedy="Only what was voided can be taken back.")
    voided = {"voided_at": rfc3339(locked.voided_at), "voided_reason": locked.voided_reason}
    locked.voided_at, locked.voided_reason = None, ""
    audit(tx, actor=actor, action="run.unvoid", subject=subject_of("run", run), reason=reason, data=voided)


def rerun(tx: Transaction, *, submission: Submission, reason: str, actor: str) -> Run:
    """Execute a Submission once more: its newest Run's limits, the test sets as they are now; order stays."""
    reason = require_reason("submission.rerun", reason)
    lock_rules(tx, submission_id=submission.id)
    tx.session.refresh(submission, with_for_update={"key_share": True})
    if submission.state is SubmissionState.WITHDRAWN:
        raise Conflict("The team has withdrawn the submission.", remedy="It never counts; let it rest.")
    if submission.state is SubmissionState.EXCLUDED:
        raise Conflict("The submission is excluded.", remedy="Include it again first, with a reason.")
    run = run_again(tx, submission=submission)
    audit(
        tx,
        actor=actor,
        action="submission.rerun",
        subject=subject_of("submission", submission),
        reason=reason,
    )
    return run


def run_again(tx: Transaction, *, submission: Submission) -> Run:
    """One more Run like the newest one; the Submission is locked, and that one is over."""
    last = newest_run(tx, submission=submission)
    if last is None or last.state.live:
        raise Conflict(
            "The submission has a run that is not over.", remedy="Wait for its end, or cancel it first."
        )
    test_sets = newest_versions(tx, last.executes)
    return _start_like(tx, submission, last, stage=submission.stage, test_sets=test_sets)


def start_analysis(
    tx: Transaction, *, submission: Submission, test_set_names: Sequence[str], actor: str
) -> Run:
    """Run a Submission on further test sets: last in the queue, never counted, hidden from its team."""
    if not test_set_names:
        raise Invalid("Field test_sets: it is empty.", remedy="Name at least one installed test set.")
    one_at_a_time = select(Submission.id).where(Submission.id == submission.id)
    tx.session.execute(one_at_a_time.with_for_update(key_share=True))
    last = newest_run(tx, submission=submission)
    if last is None:
        raise Conflict("The submission has never run.", remedy="Its first run sets the limits of all others.")
    main = _by_dataset(newest_test_set(tx, name) for name in dict.fromkeys(test_set_names))
    run = _start_like(tx, submission, last, stage=Stage.ANALYSIS, test_sets=RunTestSets(toy={}, main=main))
    subject = subject_of("submission", submission)
    audit(
        tx,
        actor=actor,
        action="submission.analyse",
        subject=subject,
        data={"test_sets": list(test_set_names)},
    )
    return run


def _start_like(
    tx: Transaction, submission: Submission, last: Run, *, stage: Stage, test_sets: RunTestSets
) -> Run:
    _require_image(tx, submission)
    return start_run(
        tx, submission=submission, stage=stage, test_sets=test_sets, limits=last.limits, scoring=last.scoring
    )


def _require_image(tx: Transaction, submission: Submission) -> None:
    """Its archive, whoever of its teams handed it in; the lock keeps it from being removed just now."""
    digest = select(Image.digest).where(Image.id == submission.image_id).scalar_subquery()
    kept = (Image.state == ImageState.ACCEPTED, Image.removed_at.is_(None))
    query = select(Image.id).where(Image.digest == digest, *kept).with_for_update(read=True)
    if tx.session.scalars(query).first() is None:
        raise Conflict(
            "The image of this submission is not kept any more.",
            remedy="Its team can hand the same image in again; then this works.",
        )


def _next_number(tx: Transaction, submission: Submission) -> int:
    highest = select(func.max(Run.number)).where(Run.submission_id == submission.id)
    return (tx.session.scalar(highest) or 0) + 1


def _cases(tx: Transaction, submission: Submission, test_set_ids: Iterable[UUID]) -> list[PlacedCase]:
    """The Cases of the Task in these test sets; each set must have an abnormal one to be scored at all."""
    found: list[PlacedCase] = []
    for test_set_id in test_set_ids:
        test_set = tx.session.get_one(TestSet, test_set_id)
        cases = cases_of(tx, test_set=test_set, task=submission.task)
        if not any(case.abnormal for case in cases):
            raise Invalid(
                f"Test set {test_set.name} has no abnormal case of the {submission.task} task.",
                remedy="Name a test set that can be scored.",
            )
        found += [(case.id, test_set.dataset) for case in cases]
    return found


def _shuffled(cases: list[PlacedCase]) -> list[PlacedCase]:
    """In random order: nothing can be read off the sequence of hidden cases."""
    return secrets.SystemRandom().sample(cases, len(cases))


def _case_run(tx: Transaction, run: Run, place: int, case: PlacedCase, *, toy: bool) -> CaseRun:
    case_id, dataset = case
    return CaseRun(
        run_id=run.id,
        case_id=case_id,
        dataset=dataset,
        toy=toy,
        position=place,
        state=CaseRunState.QUEUED,
        state_since=tx.now,
        attempt=0,
        node_facts={},
        flags=[],
    )


def _by_dataset(test_sets: Iterable[TestSet]) -> dict[Dataset, tuple[str, ...]]:
    main: dict[Dataset, tuple[str, ...]] = {}
    for test_set in test_sets:
        main[test_set.dataset] = (*main.get(test_set.dataset, ()), str(test_set.id))
    return main
