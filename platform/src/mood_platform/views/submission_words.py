"""One status word and two sentences for where a Submission is: what happens now, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass

from mood_platform.failures import Blame
from mood_platform.models import Run, RunState, Stage, Submission, SubmissionState
from mood_platform.runs.progress import Phase, Progress
from mood_platform.runs.telling import EVERY
from mood_platform.runs.waits import Wait


@dataclass(frozen=True, slots=True)
class Words:
    status: str
    sentence: str
    next: str


def describe_submission(
    submission: Submission,
    run: Run,
    progress: Progress,
    *,
    published: bool,
    wait: Wait | None = None,
    took_over: int | None = None,
) -> Words:
    if submission.state is SubmissionState.WITHDRAWN:
        return Words("withdrawn", submission.state_reason, "It no longer stands for your team.")
    if submission.state is SubmissionState.EXCLUDED:
        return Words("excluded", submission.state_reason, "Write to the organizers if you disagree.")
    if progress.state is RunState.FAILED:
        return _describe_failure(submission, run)
    if progress.state is RunState.CANCELLED:
        return Words("cancelled", "The run was cancelled.", "Submit again when you are ready.")
    if progress.state is RunState.SCORED:
        return _describe_end(submission, published=published, took_over=took_over)
    return _describe_live(submission, progress, wait or Wait.TURN)


def _describe_live(submission: Submission, progress: Progress, wait: Wait) -> Words:
    toy, hidden = progress.toy_total, submission.stage is Stage.CHALLENGE
    if progress.waits:
        now = "The platform has trouble with some cases of it."
        return Words("running", now, "Nothing is needed from you: it goes on, or the organizers decide.")
    after_toy = "the hidden cases" if hidden else "nothing else: toy runs end there"
    match progress.phase:
        case Phase.QUEUED:
            return Words("waiting", wait.value, f"The {toy} toy cases run first.")
        case Phase.TOY:
            done = min(progress.toy_done + 1, toy)
            return Words(
                "running", f"Toy case {done} of {toy} is running.", f"Then the toy report, then {after_toy}."
            )
        case Phase.HIDDEN:
            now = f"The hidden cases are running: {_percent(progress)}."
            return Words("running", now, "Then the scores are computed, and the organizers review them.")
        case _:
            now = f"All cases have run; the scores are being computed{_until(progress)}."
            return Words(
                "running", now, "Then the organizers review them." if hidden else "Then the report is final."
            )


def _percent(progress: Progress) -> str:
    """Where the clock tells, as it was at the last tick; the next one proves that the Run is alive."""
    if progress.next_told_at is None:
        return f"{progress.percent or 0} % are done"
    if not progress.percent:
        return f"0 % are told so far{_until(progress)}"
    told = progress.next_told_at - EVERY
    return f"{progress.percent} % were done at {told:%H:%M} UTC{_until(progress)}"


def _until(progress: Progress) -> str:
    return f"; more is told at {progress.next_told_at:%H:%M} UTC" if progress.next_told_at else ""


def _describe_end(submission: Submission, *, published: bool, took_over: int | None) -> Words:
    if submission.stage is Stage.TOY:
        next_step = "Read the report. When it looks right, submit the same image to the challenge stage."
        return Words("finished", "All toy cases have run.", next_step)
    if published:
        return Words("published", "The leaderboard of this task is published.", "Look at the leaderboard.")
    done = f"It took over the result of #{took_over}" if took_over else "All cases have run and are scored"
    now = f"{done}. It waits for the organizers' review."
    return Words("in review", now, "Scores are shown once the leaderboard is published.")


def _describe_failure(submission: Submission, run: Run) -> Words:
    reason = run.reason
    sentence = reason.text if reason else "The run failed."
    cost = "The result of its earlier run stands." if submission.costs else "It is not counted."
    if reason is not None and reason.blame is Blame.PLATFORM:
        return Words("failed", sentence, f"This is our fault. {cost} The organizers can run it again.")
    return Words("failed", sentence, f"{cost} Correct the image and submit it again.")
