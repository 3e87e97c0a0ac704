"""What a team reads about its Submission: now, next, and the list of steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mood_platform.failures import FailureReason
from mood_platform.models import Image, Run, RunState, Stage, Submission, SubmissionState
from mood_platform.runs.progress import Phase, Progress
from mood_platform.runs.waits import Wait
from mood_platform.views.submission_steps import list_steps
from mood_platform.views.submission_words import Words, describe_submission

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def make_submission(**changes: Any) -> Submission:
    image = Image(name="a.tar", created_at=NOW, checked_at=NOW)
    values = {
        "number": 1,
        "stage": Stage.CHALLENGE,
        "state": SubmissionState.ACCEPTED,
        "counted": True,
        "refunded_at": None,
        "submitted_at": NOW,
        "image": image,
    }
    return Submission(**values | changes)


def make_run(state: RunState, *, reported: bool = True, reason: FailureReason | None = None) -> Run:
    return Run(state=state, state_since=NOW, reason=reason, toy_reported_at=NOW if reported else None)


def make_progress(phase: Phase, *, toy_done: int = 4, percent: int | None = None) -> Progress:
    """Its state is that of the Run it stands beside: nothing waits to be told."""
    return Progress(
        state=RunState.QUEUED, since=NOW, phase=phase, toy_done=toy_done, toy_total=4, percent=percent
    )


def words(run: Run, progress: Progress, *, published: bool = False, **changes: Any) -> Words:
    told = replace(progress, state=run.state)
    return describe_submission(make_submission(**changes), run, told, published=published)


@pytest.mark.parametrize(
    ("state", "progress", "status", "now"),
    [
        (RunState.QUEUED, make_progress(Phase.QUEUED, toy_done=0), "waiting", Wait.TURN.value),
        (RunState.RUNNING, make_progress(Phase.TOY, toy_done=1), "running", "Toy case 2 of 4 is running."),
        (RunState.RUNNING, make_progress(Phase.TOY, toy_done=4), "running", "Toy case 4 of 4 is running."),
        (
            RunState.RUNNING,
            make_progress(Phase.HIDDEN, percent=35),
            "running",
            "The hidden cases are running: 35 % are done.",
        ),
        (
            RunState.SCORING,
            make_progress(Phase.SCORING, percent=100),
            "running",
            "All cases have run; the scores are being computed.",
        ),
        (
            RunState.SCORED,
            make_progress(Phase.ENDED, percent=100),
            "in review",
            "All cases have run and are scored. It waits for the organizers' review.",
        ),
    ],
)
def test_a_run_says_where_it_is(state: RunState, progress: Progress, status: str, now: str) -> None:
    found = words(make_run(state), progress)
    assert (found.status, found.sentence) == (status, now)
    assert found.next


def test_a_run_that_has_not_begun_says_why_it_waits() -> None:
    run, told = make_run(RunState.QUEUED), make_progress(Phase.QUEUED, toy_done=0)
    for wait in Wait:
        found = describe_submission(make_submission(), run, told, published=False, wait=wait)
        assert (found.status, found.sentence) == ("waiting", wait.value)


def test_between_two_ticks_it_says_how_far_it_was_and_when_more_is_told() -> None:
    """Whatever the Run has done since."""
    now = make_progress(Phase.HIDDEN, percent=40)
    told = replace(now, state=RunState.RUNNING, next_told_at=NOW + timedelta(minutes=10))
    run = make_run(RunState.SCORED)
    found = describe_submission(make_submission(), run, told, published=False)
    assert found.sentence == (
        "The hidden cases are running: 40 % were done at 00:00 UTC; more is told at 00:10 UTC."
    )


def test_a_fault_of_the_team_names_the_reason_and_whether_it_counts() -> None:
    run = make_run(RunState.FAILED, reason=FailureReason.TOY_FAILED)
    found = words(run, make_progress(Phase.ENDED), refunded_at=NOW)
    assert found.sentence == FailureReason.TOY_FAILED.text
    assert found.next.startswith("It is not counted.")


def test_a_fault_of_the_platform_is_ours() -> None:
    found = words(make_run(RunState.FAILED, reason=FailureReason.ABANDONED), make_progress(Phase.ENDED))
    assert found.next.startswith("This is our fault. The result of its earlier run stands.")


def test_a_refunded_fault_of_the_platform_is_said_not_to_count() -> None:
    run = make_run(RunState.FAILED, reason=FailureReason.SCORING_FAILED)
    found = words(run, make_progress(Phase.ENDED), refunded_at=NOW)
    assert found.next.startswith("This is our fault. It is not counted.")


@pytest.mark.parametrize("state", [SubmissionState.WITHDRAWN, SubmissionState.EXCLUDED])
def test_what_people_decided_goes_before_what_the_run_does(state: SubmissionState) -> None:
    run = make_run(RunState.SCORED)
    found = words(run, make_progress(Phase.ENDED), state=state, state_reason="Because.", published=True)
    assert (found.status, found.sentence) == (state.value, "Because.")


def test_a_toy_submission_ends_with_its_report() -> None:
    found = words(make_run(RunState.SCORED), make_progress(Phase.ENDED), stage=Stage.TOY)
    assert found.status == "finished"


def steps(
    run: Run, progress: Progress, *, published_at: datetime | None = None, **changes: Any
) -> dict[str, str]:
    told = replace(progress, state=run.state)
    listed = list_steps(make_submission(**changes), run, told, published_at=published_at)
    return {step.name: step.state for step in listed[3:]}


def test_steps_follow_the_run() -> None:
    assert steps(make_run(RunState.RUNNING), make_progress(Phase.HIDDEN, percent=5)) == {
        "Toy cases": "done",
        "Toy report": "done",
        "Hidden cases": "now",
        "Scores computed": "next",
        "Organizers' review": "next",
        "Published": "next",
    }


def test_a_failed_toy_run_shows_where_it_ended() -> None:
    run = make_run(RunState.FAILED, reason=FailureReason.TOY_FAILED)
    assert steps(run, make_progress(Phase.ENDED, percent=0)) == {
        "Toy cases": "failed",
        "Toy report": "done",
        "Hidden cases": "skipped",
        "Scores computed": "skipped",
        "Organizers' review": "skipped",
        "Published": "skipped",
    }


def test_a_run_abandoned_in_the_hidden_cases_ended_there() -> None:
    run = make_run(RunState.FAILED, reason=FailureReason.ABANDONED)
    found = steps(run, make_progress(Phase.ENDED, percent=40))
    assert (found["Toy cases"], found["Hidden cases"]) == ("done", "failed")


def test_after_the_scores_comes_the_review_and_then_the_publication() -> None:
    run, progress = make_run(RunState.SCORED), make_progress(Phase.ENDED, percent=100)
    waiting = steps(run, progress)
    assert (waiting["Scores computed"], waiting["Organizers' review"], waiting["Published"]) == (
        "done",
        "now",
        "next",
    )
    published = steps(run, progress, published_at=NOW)
    assert (published["Organizers' review"], published["Published"]) == ("done", "done")
    excluded = steps(run, progress, state=SubmissionState.EXCLUDED)
    assert excluded["Organizers' review"] == "failed"


def test_a_toy_submission_has_no_hidden_steps() -> None:
    found = steps(
        make_run(RunState.QUEUED, reported=False), make_progress(Phase.QUEUED, toy_done=0), stage=Stage.TOY
    )
    assert list(found) == ["Toy cases", "Toy report", "Scores computed"]
    assert set(found.values()) == {"next"}


def test_a_run_that_waits_on_parked_cases_says_so_without_a_number() -> None:
    progress = replace(make_progress(Phase.HIDDEN, percent=75), waits=True)
    found = words(make_run(RunState.RUNNING), progress)
    assert found.sentence == "The platform has trouble with some cases of it."
    assert "Nothing is needed from you" in found.next
    assert not any(letter.isdigit() for letter in found.sentence + found.next)
