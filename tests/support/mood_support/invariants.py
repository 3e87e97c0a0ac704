"""What must hold once the platform is at rest, whatever was done to it; a breach is a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from mood_platform.failures import Blame
from mood_platform.models import (
    TEAM_FAULTS,
    TERMINAL,
    Case,
    CaseRun,
    CaseRunState,
    Event,
    Rescoring,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
)
from mood_platform.storage.store import ObjectStore

ENDED_BY_NODE = TEAM_FAULTS - {CaseRunState.OUTPUT_INVALID} | {CaseRunState.COLLECTED}
"""How a running case can end; each case has one such event, was cancelled, or organizers decided."""


def breaches(session: Session, store: ObjectStore) -> list[str]:
    """Of all Runs, cases and Submissions in the database; none is what a test wants to see."""
    runs = session.scalars(select(Run).options(joinedload(Run.submission))).all()
    cases: dict[UUID, list[CaseRun]] = defaultdict(list)
    dropped = _dropped(session)
    for case in session.scalars(select(CaseRun)):
        if case.state is not CaseRunState.CANCELLED or case.case_id not in dropped:
            cases[case.run_id].append(case)
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in session.scalars(select(Event).order_by(Event.sequence)):
        events[event.subject_id].append(event)
    found = [
        *(text for run in runs for text in _of_run(run, cases[run.id], events, store)),
        *(text for mine in _by_submission(runs) for text in _of_submission(mine)),
    ]
    return found + [
        f"Case runs without a run: {orphan}" for orphan in cases.keys() - {run.id for run in runs}
    ]


def _dropped(session: Session) -> set[UUID]:
    """Cases that were decided to count for nobody: no Run needs them."""
    decided = session.scalars(select(Rescoring.dropped).where(Rescoring.decided_at.is_not(None)))
    names = {case_id for dropped in decided for cases in dropped.values() for case_id in cases}
    return set(session.scalars(select(Case.id).where(Case.case_id.in_(names))))


def faults_of(case_events: Sequence[Event]) -> int:
    """How often the platform failed on a case."""
    faulty = {CaseRunState.QUEUED, CaseRunState.PARKED}
    return sum(event.before == CaseRunState.RUNNING and event.after in faulty for event in case_events)


def _of_run(
    run: Run, cases: Sequence[CaseRun], events: dict[UUID, list[Event]], store: ObjectStore
) -> Iterator[str]:
    for text in [*_wrong_with_run(run, cases, store), *_wrong_history(run, events[run.id])]:
        yield f"Run {run.id} ({run.state}, {run.reason}): {text}\n{_told(events[run.id])}"
    for case in cases:
        mine = events[case.id]
        for text in [*_wrong_with_case(run, case, mine, store), *_wrong_history(case, mine)]:
            yield f"Case run {case.id} ({case.state}, {case.reason}): {text}\n{_told(mine)}"


def _wrong_with_run(run: Run, cases: Sequence[CaseRun], store: ObjectStore) -> Iterator[str]:
    if run.state.live:
        yield "it is still live"
    if run.state is RunState.FAILED and run.reason is None:
        yield "it failed without a reason"
    if run.state is RunState.FAILED and run.reason is not None and run.reason.blame is Blame.PLATFORM:
        yield "a fault of ours ended it"
    if run.state is not RunState.SCORED:
        return
    if run.results_key is None or not store.exists(run.results_key):
        yield f"it is scored, but its results {run.results_key} are not stored"
    if any(case.toy for case in cases) and not (run.toy_report_key and store.exists(run.toy_report_key)):
        yield "it is scored without its toy report"
    ends = Counter(case.state for case in cases)
    if set(ends) - TEAM_FAULTS - {CaseRunState.SUCCEEDED}:
        yield f"it is scored although its cases ended {dict(ends)}"


def _wrong_history(subject: Run | CaseRun, events: Sequence[Event]) -> Iterator[str]:
    """Each event begins where the one before ended, and the last one says what the row says."""
    states = ["queued", *(event.after for event in events)]
    if states[:-1] != [event.before for event in events]:
        yield "its history has a gap or a double entry"
    if states[-1] != subject.state:
        yield f"its history ends in {states[-1]}"


def _wrong_with_case(run: Run, case: CaseRun, events: Sequence[Event], store: ObjectStore) -> Iterator[str]:
    after = Counter(event.after for event in events)
    recorded = sum(
        (event.after in ENDED_BY_NODE and event.before != CaseRunState.PARKED)
        or (event.before, event.after) == (CaseRunState.PARKED, CaseRunState.CRASHED)
        for event in events
    )
    ends = sum(after[one] for one in TERMINAL)
    if not case.state.terminal or ends != 1:
        yield f"it has {ends} ends instead of one"
    if recorded > 1 or (recorded == 0 and case.state is not CaseRunState.CANCELLED):
        yield f"it has {recorded} recorded outcomes instead of one"
    if case.attempt != after[CaseRunState.RUNNING]:
        yield f"it counts {case.attempt} attempts and was claimed {after[CaseRunState.RUNNING]} times"
    if case.prediction_key is not None and str(case.claim_id) not in case.prediction_key:
        yield f"its prediction {case.prediction_key} is not that of its last claim {case.claim_id}"
    if run.state is RunState.SCORED and case.score is None:
        yield "its run is scored and it has no score"
    for key in (case.prediction_key, case.log_key, case.evidence_key):
        if key is not None and not store.exists(key):
            yield f"its object {key} is not stored"


def _by_submission(runs: Sequence[Run]) -> list[list[Run]]:
    mine: dict[UUID, list[Run]] = defaultdict(list)
    for run in runs:
        if run.stage is not Stage.ANALYSIS:
            mine[run.submission_id].append(run)
    return list(mine.values())


def _of_submission(runs: Sequence[Run]) -> Iterator[str]:
    """Who is charged has a score, gave up or was excluded; who was not has a run that came to nothing."""
    submission: Submission = runs[0].submission
    if not submission.counted:
        return
    scored = any(run.state is RunState.SCORED and run.voided_at is None for run in runs)
    failed = any(run.state in (RunState.FAILED, RunState.CANCELLED) for run in runs)
    if submission.refunded_at is not None and not failed:
        yield f"Submission {submission.id} was refunded although none of its runs failed."
    gave_up = submission.state in (SubmissionState.WITHDRAWN, SubmissionState.EXCLUDED)
    if not scored and not gave_up and submission.refunded_at is None:
        ends = [f"{run.state} ({run.reason})" for run in runs]
        yield f"Submission {submission.id} is charged for nothing: its runs ended {ends}."


def _told(events: Sequence[Event]) -> str:
    """The history, a line an event."""
    return "\n".join(
        f"    {event.at:%H:%M:%S.%f}  {event.before} → {event.after}  {event.reason or '-'}  {event.node}"
        for event in events
    )
