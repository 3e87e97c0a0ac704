"""A prediction that ends its reader in a way nobody foresaw: its own fault, told once, kept, mended later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.models import CaseRun, CaseRunState, Challenge, Run, RunState, Submission
from mood_platform.notifications.mailer import FolderMailer
from mood_platform.notifications.service import send_mail
from mood_platform.queueing import Job, SendMail
from mood_platform.runs.progress import read_progress
from mood_platform.runs.rescorings import start_rescoring
from mood_platform.storage.faulty import StumblingStore
from mood_platform.storage.local import LocalStore
from mood_platform.views.organizer import view_run
from mood_support.drive import drive, echo
from mood_support.edition import make_participant
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration
OLGA = "olga@example.org"


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    made = make_platform(sessions, store, tmp_path / "sets", cases=4)
    with made.open() as tx:
        make_participant(tx, "olga", organizer=True)
    return made


@pytest.fixture
def run(platform: TinyPlatform) -> Run:
    """A scored Run with one hidden case of four in each Dataset over whose prediction the reader stumbled."""
    submission = platform.submit(platform.join("north"))
    with platform.open() as tx:
        hidden = tx.session.scalars(
            select(CaseRun).where(~CaseRun.toy).order_by(CaseRun.dataset, CaseRun.case_id)
        )
        over = {f"/{one.id}/" for one in list(hidden)[::4]}
    stumbling = StumblingStore(
        platform.store, over=lambda key: key.endswith("/prediction") and any(one in key for one in over)
    )
    drive(replace(platform, store=stumbling), FakeRuntime(echo))
    return platform.run_of(submission)


def cases(platform: TinyPlatform, run: Run) -> list[CaseRun]:
    with platform.open() as tx:
        return list(tx.session.scalars(select(CaseRun).where(CaseRun.run_id == run.id)))


def unforeseen(platform: TinyPlatform, run: Run) -> list[CaseRun]:
    return [one for one in cases(platform, run) if one.unforeseen]


def results(platform: TinyPlatform, run: Run, name: str = "results") -> list[dict[str, Any]]:
    document = json.loads(platform.store.read(f"runs/{run.id}/{name}.json", limit=10**7))
    return [part["result"] for part in document["test_sets"]]


def test_it_is_unreadable_and_the_others_go_on(platform: TinyPlatform, run: Run) -> None:
    assert run.state is RunState.SCORED
    hit = unforeseen(platform, run)
    assert len(hit) == 2
    for case in hit:
        assert (case.state, case.score["fault"]) == (CaseRunState.OUTPUT_INVALID, "output_unreadable")  # type: ignore[index]
        assert case.score["unforeseen"] is True  # type: ignore[index]
        assert "RecursionError: nobody foresaw prediction" in case.unforeseen  # type: ignore[operator]
        assert case.scoring_attempt == 1
    rest = {one.state for one in cases(platform, run) if not one.unforeseen}
    assert rest == {CaseRunState.SUCCEEDED}


def test_nothing_is_given_back(platform: TinyPlatform, run: Run) -> None:
    with platform.open() as tx:
        assert tx.session.get_one(Submission, run.submission_id).refunded_at is None


def test_organizers_are_told_once_with_the_traceback_and_the_team_is_not(
    platform: TinyPlatform, run: Run, tmp_path: Path
) -> None:
    mails = [arguments for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    told = [one for one in mails if one["kind"] == "prediction_unforeseen"]
    assert told == [{"kind": "prediction_unforeseen", "run": str(run.id)}]
    mailer = FolderMailer(tmp_path / "mail")
    with platform.open() as tx:
        for one in mails:
            send_mail(tx, mailer=mailer, public_url="http://mood.example", order=SendMail.read(**one))
    letters = [path.read_text() for path in sorted((tmp_path / "mail").iterdir())]
    [letter] = [one for one in letters if "foresaw" in one]
    assert "To: olga@example.org" in letter
    assert "RecursionError: nobody foresaw prediction" in letter


def test_organizers_see_it_case_by_case(platform: TinyPlatform, run: Run) -> None:
    with platform.open() as tx:
        shown = view_run(tx, tx.session.get_one(Run, run.id), cases=True).cases
    told = [case.unforeseen for case in shown if case.unforeseen]
    assert len(told) == 2
    assert all("RecursionError" in one for one in told)


def test_a_team_reads_that_it_could_not_be_read_and_nothing_more(platform: TinyPlatform, run: Run) -> None:
    with platform.open() as tx:
        for rows in (Run, CaseRun):  # told at the next tick of the clock
            tx.session.execute(update(rows).values(state_since=rows.state_since - timedelta(hours=1)))
    with platform.open() as tx:
        progress = read_progress(tx, runs=[tx.session.get_one(Run, run.id)])[run.id]
    assert [failure.reason for failure in progress.failures] == ["output_invalid"]
    assert "foresaw" not in str(progress)


def test_a_rescoring_with_a_reader_that_can_mends_it_and_it_is_kept_no_longer(
    platform: TinyPlatform, run: Run
) -> None:
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        start_rescoring(
            tx, challenge=challenge, task=Task.PIXEL, reason="mended", actor=OLGA, store=platform.store
        )
    drive(platform, FakeRuntime(echo))
    twin = platform.submit(platform.join("twin"))
    drive(platform, FakeRuntime(echo))
    assert results(platform, run, "results-1") == results(platform, platform.run_of(twin))
    assert results(platform, run) != results(platform, run, "results-1")
    assert unforeseen(platform, run) == []


def test_a_rescoring_that_stumbles_anew_is_told_and_kept_too(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(echo))
    run = platform.run_of(submission)
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        start_rescoring(
            tx, challenge=challenge, task=Task.PIXEL, reason="new", actor=OLGA, store=platform.store
        )
    platform.queue.sent.clear()
    stumbling = StumblingStore(platform.store, over=lambda key: key.endswith("/prediction"))
    drive(replace(platform, store=stumbling), FakeRuntime(echo))
    assert len(unforeseen(platform, run)) == 8
    mails = [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]
    assert mails == ["prediction_unforeseen"]
