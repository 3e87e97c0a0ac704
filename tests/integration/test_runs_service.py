"""Starting, cancelling, voiding, repeating and analysing Runs on a real database."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mood_evaluator import Dataset, Task
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict, Forbidden, Invalid, NotFound
from mood_platform.failures import FailureReason
from mood_platform.models import AuditEvent, Case, CaseRun, CaseRunState, Run, RunState, Stage, Submission
from mood_platform.queueing import Job
from mood_platform.runs.endings import fail_run, lock_run
from mood_platform.runs.progress import read_progress
from mood_platform.runs.queries import case_runs_of, counting_run, events_of, newest_run
from mood_platform.runs.service import cancel_run, rerun, start_analysis, void_run
from mood_platform.storage.local import LocalStore
from mood_support.edition import write_test_set
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


@pytest.fixture
def submission(platform: TinyPlatform) -> Submission:
    return platform.submit(platform.join("north"))


def score(platform: TinyPlatform, run: Run) -> None:
    """As if all its cases had been run and scored."""
    with platform.open() as tx:
        row = tx.session.get_one(Run, run.id)
        for case_run in tx.session.scalars(select(CaseRun).where(CaseRun.run_id == run.id)):
            for state in (CaseRunState.RUNNING, CaseRunState.COLLECTED, CaseRunState.SUCCEEDED):
                case_run.advance(state, now=tx.now)
        for target in (RunState.RUNNING, RunState.SCORING, RunState.SCORED):
            row.advance(target, now=tx.now)


def test_a_challenge_run_has_the_toy_cases_first_and_all_cases_of_both_datasets(
    platform: TinyPlatform, submission: Submission
) -> None:
    with platform.open() as tx:
        cases = case_runs_of(tx, run=platform.run_of(submission))
    assert Counter((case.toy, case.dataset) for case in cases) == {
        (toy, dataset): 4 for toy in (True, False) for dataset in Dataset
    }
    assert [case.position for case in cases] == list(range(16))
    assert [case.toy for case in cases] == [True] * 8 + [False] * 8


def test_the_order_of_hidden_cases_differs_from_run_to_run(platform: TinyPlatform) -> None:
    team = platform.join("north")
    orders = set()
    for _ in range(4):
        run = platform.run_of(platform.submit(team))
        with platform.open() as tx:
            orders.add(tuple(case.case_id for case in case_runs_of(tx, run=run) if not case.toy))
    assert len(orders) > 1


def test_starting_rings_once_for_what_can_be_claimed_now(
    platform: TinyPlatform, submission: Submission
) -> None:
    assert platform.queue.pending == [(Job.WORK, {"stage": "toy"})]


def test_a_run_keeps_the_limits_it_was_started_with(platform: TinyPlatform, submission: Submission) -> None:
    run = platform.run_of(submission)
    assert run.limits == platform.challenge.config["limits"]
    assert run.scoring == platform.challenge.config["scoring"]


def test_a_cancelled_run_has_no_live_case_and_cannot_be_cancelled_again(
    platform: TinyPlatform, submission: Submission
) -> None:
    for _ in range(3):
        platform.claim()
    with platform.open() as tx:
        cancel_run(tx, run=platform.run_of(submission), actor="organizer")
    with platform.open() as tx:
        run = platform.run_of(submission)
        assert run.state is RunState.CANCELLED
        assert {case.state for case in case_runs_of(tx, run=run)} == {CaseRunState.CANCELLED}
        with pytest.raises(Conflict, match="cancelled already"):
            cancel_run(tx, run=run, actor="organizer")


def test_a_rerun_is_a_new_run_and_changes_neither_order_nor_quota(
    platform: TinyPlatform, submission: Submission
) -> None:
    score(platform, platform.run_of(submission))
    with platform.open() as tx:
        again = rerun(
            tx, submission=tx.session.get_one(Submission, submission.id), reason="GPU was hot", actor="o"
        )
    assert (again.number, again.state) == (2, RunState.QUEUED)
    with platform.open() as tx:
        row = tx.session.get_one(Submission, submission.id)
        assert (row.submitted_at, row.counted, row.refunded_at) == (submission.submitted_at, True, None)
        assert tx.session.scalars(
            select(AuditEvent.reason).where(AuditEvent.action == "submission.rerun")
        ).all() == ["GPU was hot"]


def test_a_second_live_run_is_refused(platform: TinyPlatform, submission: Submission) -> None:
    with platform.open() as tx, pytest.raises(Conflict, match="not over"):
        rerun(tx, submission=tx.session.get_one(Submission, submission.id), reason="why not", actor="o")


def test_the_first_scored_run_counts_until_it_is_voided(
    platform: TinyPlatform, submission: Submission
) -> None:
    score(platform, platform.run_of(submission))
    with platform.open() as tx:
        rerun(tx, submission=tx.session.get_one(Submission, submission.id), reason="twin", actor="o")
    score(platform, platform.run_of(submission))
    with platform.open() as tx:
        first = counting_run(tx, submission=submission)
        assert first is not None
        assert first.number == 1
        void_run(tx, run=first, reason="wrong driver", actor="o")
    with platform.open() as tx:
        second = counting_run(tx, submission=submission)
        assert second is not None
        assert second.number == 2


def test_voiding_needs_a_reason_and_a_scored_run(platform: TinyPlatform, submission: Submission) -> None:
    run = platform.run_of(submission)
    with platform.open() as tx, pytest.raises(Invalid, match="reason"):
        void_run(tx, run=run, reason=" ", actor="o")
    with platform.open() as tx, pytest.raises(Conflict):
        void_run(tx, run=run, reason="because", actor="o")


def test_an_analysis_runs_beside_a_live_run_on_any_installed_set_and_is_hidden(
    platform: TinyPlatform, submission: Submission, tmp_path: Path
) -> None:
    folder = write_test_set(tmp_path / "sweep-brain", purpose="size-sweep", dataset=Dataset.BRAIN, cases=6)
    with platform.open() as tx:
        install_test_set(tx, folder=folder, store=platform.store)
    with platform.open() as tx:
        run = start_analysis(tx, submission=submission, test_set_names=["sweep-brain"], actor="o")
        assert (run.stage, len(case_runs_of(tx, run=run))) == (Stage.ANALYSIS, 6)
        newest = newest_run(tx, submission=submission)
        assert newest is not None
        assert newest.stage is Stage.CHALLENGE
        with pytest.raises(Forbidden):
            read_progress(tx, runs=[run])
    stages = [platform.claim() for _ in range(9)]
    runs = [claim.run_id for claim in stages if claim]
    assert runs.count(run.id) == 1, "the eight toy cases of the challenge run go first"


def test_a_set_named_twice_is_analysed_once(platform: TinyPlatform, submission: Submission) -> None:
    with platform.open() as tx:
        run = start_analysis(tx, submission=submission, test_set_names=["toy-brain", "toy-brain"], actor="o")
        assert len(case_runs_of(tx, run=run)) == 4


def test_a_set_without_anything_to_find_is_refused(
    platform: TinyPlatform, submission: Submission, tmp_path: Path
) -> None:
    folder = write_test_set(tmp_path / "normal-brain", purpose="normal", dataset=Dataset.BRAIN, cases=2)
    with platform.open() as tx:
        row = install_test_set(tx, folder=folder, store=platform.store)
        tx.session.execute(update(Case).where(Case.test_set_id == row.id).values(abnormal=False))
    with platform.open() as tx, pytest.raises(Invalid, match="normal-brain has no abnormal case"):
        start_analysis(tx, submission=submission, test_set_names=["normal-brain"], actor="o")


def test_an_analysis_of_an_unknown_set_is_refused(platform: TinyPlatform, submission: Submission) -> None:
    with platform.open() as tx, pytest.raises(NotFound, match="moon"):
        start_analysis(tx, submission=submission, test_set_names=["moon"], actor="o")


def test_a_failed_run_is_refunded_once_and_an_analysis_never(
    platform: TinyPlatform, submission: Submission
) -> None:
    with platform.open() as tx:
        analysis = start_analysis(tx, submission=submission, test_set_names=["test-brain"], actor="o")
    for run_id in (analysis.id, platform.run_of(submission).id):
        with platform.open() as tx:
            run = lock_run(tx, run_id)
            assert run is not None
            fail_run(tx, run=run, reason=FailureReason.ABANDONED)
            assert tx.session.get_one(Submission, submission.id).refunded_at == (
                None if run.stage is Stage.ANALYSIS else tx.now
            )


def test_a_failing_rerun_of_a_scored_submission_refunds_nothing(
    platform: TinyPlatform, submission: Submission
) -> None:
    score(platform, platform.run_of(submission))
    with platform.open() as tx:
        rerun(tx, submission=tx.session.get_one(Submission, submission.id), reason="twin", actor="o")
    with platform.open() as tx:
        run = lock_run(tx, platform.run_of(submission).id)
        assert run is not None
        fail_run(tx, run=run, reason=FailureReason.ABANDONED)
        assert tx.session.get_one(Submission, submission.id).refunded_at is None


def test_every_change_leaves_an_event(platform: TinyPlatform, submission: Submission) -> None:
    platform.claim()
    with platform.open() as tx:
        cancel_run(tx, run=platform.run_of(submission), actor="o")
    with platform.open() as tx:
        events = events_of(tx, run=platform.run_of(submission))
    assert [event.after for event in events if event.subject == "run"] == ["running", "cancelled"]
    assert Counter(event.after for event in events if event.subject == "case_run") == {
        "running": 1,
        "cancelled": 16,
    }


def test_a_sample_submission_runs_on_its_own_cases(platform: TinyPlatform) -> None:
    run = platform.run_of(platform.submit(platform.join("south"), task=Task.SAMPLE, stage=Stage.TOY))
    with platform.open() as tx:
        assert all("sample" in case.case.tasks for case in case_runs_of(tx, run=run))
