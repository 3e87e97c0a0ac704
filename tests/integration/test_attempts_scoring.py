"""Faults of scoring that always repeat are asked about and end no Run; faults that pass cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from mood_platform.db.engine import Sessions
from mood_platform.errors import PlatformError, Transient
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.failures import FailureReason
from mood_platform.models import Case, CaseRun, CaseRunState, Run, RunState, Stage, Submission
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.runs.decisions import resume
from mood_platform.runs.due import exclusively
from mood_platform.runs.service import rerun
from mood_platform.runs.sweeper import STALE_SECONDS, sweep
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.score_case import Evaluation, score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.faulty import FaultyStore, full
from mood_platform.storage.local import LocalStore
from mood_support.drive import drive, echo, evaluation_of
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration


class WorkerKilled(BaseException):
    """As kill -9: nothing after it happens."""


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=2)


@pytest.fixture
def collected(platform: TinyPlatform) -> list[CaseRun]:
    """The toy cases of a challenge Submission, executed and not scored."""
    submission = platform.submit(platform.join("north"))
    slot = platform.slot(FakeRuntime(echo))
    while work_once(slot, stages=set(Stage)):
        pass
    with platform.open() as tx:
        cases = tx.session.scalars(select(CaseRun).where(CaseRun.toy)).all()
        run_id = platform.run_of(submission).id
    assert {(case.state, case.run_id) for case in cases} == {(CaseRunState.COLLECTED, run_id)}
    return list(cases)


def read_run(platform: TinyPlatform, case: CaseRun) -> Run:
    with platform.open() as tx:
        return tx.session.get_one(Run, case.run_id)


def begun(platform: TinyPlatform, case: CaseRun) -> int:
    with platform.open() as tx:
        return tx.session.get_one(CaseRun, case.id).scoring_attempt


def pass_time(platform: TinyPlatform, seconds: float) -> None:
    with platform.open() as tx:
        for rows in (CaseRun, Run):
            tx.session.execute(update(rows).values(state_since=rows.state_since - timedelta(seconds=seconds)))


def score_until_asked(platform: TinyPlatform, run_id: UUID, *, sweeps: int = 10) -> int:
    """What the sweeper rings for is done, until organizers are asked; gives the number of failures."""
    evaluation, failures = evaluation_of(platform), 0

    def tried(name: str, value: str) -> None:
        nonlocal failures
        try:
            if name == "case":
                score_case(evaluation, case_run_id=UUID(value))
            else:
                score_run(evaluation, run_id=UUID(value))
        except PlatformError:
            failures += 1

    for _ in range(sweeps):
        platform.queue.drain(
            {
                Job.SCORE_CASE: lambda case_run_id: tried("case", case_run_id),
                Job.SCORE_RUN: lambda run_id: tried("run", run_id),
            }
        )
        with platform.open() as tx:
            if tx.session.get_one(Run, run_id).parked_told_at is not None:
                return failures
        pass_time(platform, 2 * STALE_SECONDS)
        sweep(platform.sessions, platform.queue, max_attempts=3)
    raise AssertionError("nobody was asked")


def assert_waits(platform: TinyPlatform, case: CaseRun, *, parked: bool = True) -> None:
    """The Run lives, nothing was given back, the team was told nothing, organizers once."""
    run = read_run(platform, case)
    assert run.state.live
    with platform.open() as tx:
        found = tx.session.get_one(CaseRun, case.id)
        assert tx.session.get_one(Submission, run.submission_id).refunded_at is None
    if parked:
        assert (found.state, found.reason) == (CaseRunState.PARKED, FailureReason.NOT_SCORED)
    mails = [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert mails == ["run_parked"]


def resume_and_drive(platform: TinyPlatform, case: CaseRun) -> Run:
    """An organizer has mended what was wrong."""
    with platform.open() as tx:
        resume(tx, run=tx.session.get_one(Run, case.run_id), actor="o", reason="mended")
    drive(platform, FakeRuntime(echo))
    return read_run(platform, case)


def label_of(platform: TinyPlatform, cases: list[CaseRun]) -> tuple[CaseRun, str]:
    """A case that has a label, and the label's key."""
    with platform.open() as tx:
        for case in cases:
            sha256 = tx.session.get_one(Case, case.case_id).label_sha256
            if sha256 is not None:
                return case, f"labels/{sha256}.nii.gz"
    raise AssertionError("no case has a label")


def test_a_label_that_cannot_be_read_parks_its_case_after_three_attempts(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    case, key = label_of(platform, collected)
    with platform.store.local(key) as path:
        label = path.read_bytes()
    platform.store.delete(key)
    platform.store.put_bytes(key, b"no label at all")
    score_until_asked(platform, case.run_id)
    assert begun(platform, case) == 3
    assert_waits(platform, case)
    platform.store.delete(key)
    platform.store.put_bytes(key, label)
    assert resume_and_drive(platform, case).state is RunState.SCORED


def test_a_prediction_that_is_gone_from_the_store_parks_its_case(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    assert collected[0].prediction_key is not None
    platform.store.delete(collected[0].prediction_key)
    assert score_until_asked(platform, collected[0].run_id) == 3
    assert_waits(platform, collected[0])


def test_a_toy_report_that_cannot_be_made_waits_for_an_organizer(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    key = collected[0].log_key
    assert key is not None
    platform.store.delete(key)
    score_until_asked(platform, collected[0].run_id)
    assert_waits(platform, collected[0], parked=False)
    platform.store.put_bytes(key, b"done")
    run = resume_and_drive(platform, collected[0])
    assert (run.state, run.scoring_attempt) == (RunState.SCORED, 0)


def test_results_that_pass_their_limits_wait_for_an_organizer(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    drive(platform, FakeRuntime(echo))
    with platform.open() as tx:
        again = tx.session.get_one(Submission, read_run(platform, collected[0]).submission_id)
        run = rerun(tx, submission=again, reason="try", actor="o")
    drive_cases_only(platform)
    tight = replace(
        evaluation_of(platform), limits=ChildLimits(memory=2**40, cpu_seconds=5, wall_seconds=0.0)
    )
    for _ in range(3):
        with pytest.raises(Transient, match="clock on the wall"):
            score_run(tight, run_id=run.id)
    platform.queue.sent.clear()
    for _ in range(3):
        score_run(tight, run_id=run.id)
    with platform.open() as tx:
        waiting = tx.session.get_one(Run, run.id)
        assert tx.session.get_one(Submission, run.submission_id).refunded_at is None
    assert (waiting.state.live, waiting.scoring_attempt) == (True, 3)
    assert [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL] == [
        "run_parked"
    ]


def drive_cases_only(platform: TinyPlatform) -> None:
    """Toy cases executed and scored one by one; no step of the Run is taken."""
    slot, evaluation = platform.slot(FakeRuntime(echo)), evaluation_of(platform)
    platform.queue.drain(
        {
            Job.WORK: lambda stage: work_once(slot, stages={Stage(stage)}),
            Job.SCORE_CASE: lambda case_run_id: score_case(evaluation, case_run_id=UUID(case_run_id)),
        }
    )


def test_what_kills_its_worker_is_counted_before_it_begins(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    case = collected[0]

    def kill(operation: str, key: str) -> BaseException | None:
        return WorkerKilled() if operation == "local" and "prediction" in key else None

    evaluation = with_store(platform, FaultyStore(platform.store, kill))
    for attempt in (1, 2, 3):
        with pytest.raises(WorkerKilled):
            score_case(evaluation, case_run_id=case.id)
        assert begun(platform, case) == attempt
    assert not score_case(evaluation, case_run_id=case.id)
    assert_waits(platform, case)


def with_store(platform: TinyPlatform, store: FaultyStore) -> Evaluation:
    return replace(evaluation_of(platform), store=store)


def test_a_full_disk_costs_no_attempt_for_an_hour_and_all_goes_on_when_there_is_room(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    evaluation = with_store(platform, FaultyStore(platform.store, full))
    for _ in range(5):
        with pytest.raises(OSError, match="No space left"):
            score_case(evaluation, case_run_id=collected[0].id)
    assert begun(platform, collected[0]) == 0
    drive(platform, FakeRuntime(echo))
    assert read_run(platform, collected[0]).state is RunState.SCORED


def test_a_disk_that_stays_full_parks_the_case_in_the_end(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    evaluation = with_store(platform, FaultyStore(platform.store, full))
    pass_time(platform, 3601)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            score_case(evaluation, case_run_id=collected[0].id)
    assert not score_case(evaluation, case_run_id=collected[0].id)
    assert_waits(platform, collected[0])


def test_a_full_disk_under_the_report_costs_the_run_no_attempt(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    for case in collected:
        score_case(evaluation_of(platform), case_run_id=case.id)
    refusing = with_store(platform, FaultyStore(platform.store, full))
    with pytest.raises(OSError, match="No space left"):
        score_run(refusing, run_id=collected[0].run_id)
    assert read_run(platform, collected[0]).scoring_attempt == 0
    score_run(evaluation_of(platform), run_id=collected[0].run_id)
    run = read_run(platform, collected[0])
    assert (run.toy_reported_at is not None, run.scoring_attempt) == (True, 0)


def test_steps_that_succeed_begin_to_count_anew(platform: TinyPlatform, collected: list[CaseRun]) -> None:
    with platform.open() as tx:
        tx.session.get_one(Run, collected[0].run_id).scoring_attempt = 2
    drive(platform, FakeRuntime(echo))
    run = read_run(platform, collected[0])
    assert (run.state, run.scoring_attempt) == (RunState.SCORED, 0)


def test_a_second_scorer_of_the_same_case_leaves_at_once(
    platform: TinyPlatform, collected: list[CaseRun]
) -> None:
    with held(platform, collected[0].id):
        assert not score_case(evaluation_of(platform), case_run_id=collected[0].id)
    assert begun(platform, collected[0]) == 0


@contextmanager
def held(platform: TinyPlatform, subject: UUID) -> Iterator[None]:
    with exclusively(platform.sessions, subject) as alone:
        assert alone
        yield
