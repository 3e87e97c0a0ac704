"""The way of a Submission as a list: what is done and when, what happens now, what comes."""

from __future__ import annotations

from datetime import datetime

from mood_platform.models import Run, RunState, Stage, Submission, SubmissionState
from mood_platform.runs.progress import Phase, Progress
from mood_platform.views.participant import StepView

_ORDER = (Phase.QUEUED, Phase.TOY, Phase.HIDDEN, Phase.SCORING, Phase.ENDED)


def list_steps(
    submission: Submission, run: Run, progress: Progress, *, published_at: datetime | None
) -> list[StepView]:
    image = submission.image
    steps = [
        _done("Image uploaded", image.created_at, image.name),
        _done("Image checked", image.checked_at, "accepted"),
        _done("Submitted", submission.submitted_at, f"#{submission.number}"),
        _step("Toy cases", Phase.TOY, run, progress, note=f"{progress.toy_done} of {progress.toy_total}"),
        _report_step(run, progress),
    ]
    if submission.stage is Stage.CHALLENGE:
        note = "" if progress.percent is None else f"{progress.percent} %"
        steps.append(_step("Hidden cases", Phase.HIDDEN, run, progress, note=note))
    steps.append(_step("Scores computed", Phase.SCORING, run, progress, note=""))
    if submission.stage is Stage.CHALLENGE:
        steps += _review_steps(submission, progress.state, published_at=published_at)
    return steps


def _done(name: str, at: datetime | None, note: str) -> StepView:
    return StepView(name=name, state="done", at=at, note=note)


def _report_step(run: Run, progress: Progress) -> StepView:
    if run.toy_reported_at is not None:
        return _done("Toy report", run.toy_reported_at, "ready")
    return StepView(name="Toy report", state="next" if progress.state.live else "skipped", at=None, note="")


def _step(name: str, phase: Phase, run: Run, progress: Progress, *, note: str) -> StepView:
    """A phase of the Run; when it ended early, the first unfinished phase carries the end."""
    at = progress.since if phase is Phase.SCORING and progress.state is RunState.SCORED else None
    return StepView(name=name, state=_state(phase, run, progress), at=at, note=note)


def _state(phase: Phase, run: Run, progress: Progress) -> str:
    if progress.state is RunState.SCORED:
        return "done"
    reached = _reached(run, progress)
    if _ORDER.index(phase) < _ORDER.index(reached):
        return "done"
    if phase is not reached:
        return "next" if progress.state.live else "skipped"
    return "now" if progress.state.live else "failed"


def _reached(run: Run, progress: Progress) -> Phase:
    """The phase a Run is in, or was in when it ended."""
    if progress.state.live:
        return progress.phase
    if run.toy_reported_at is None or progress.toy_done < progress.toy_total or _is_toy_failure(run):
        return Phase.TOY
    return Phase.HIDDEN if progress.percent is not None and progress.percent < 100 else Phase.SCORING


def _is_toy_failure(run: Run) -> bool:
    return run.reason is not None and run.reason.value == "toy_failed"


def _review_steps(
    submission: Submission, state: RunState, *, published_at: datetime | None
) -> list[StepView]:
    if submission.state is SubmissionState.EXCLUDED:
        return [StepView(name="Organizers' review", state="failed", at=None, note="excluded")]
    waiting = state is RunState.SCORED and published_at is None
    ended = submission.state is SubmissionState.WITHDRAWN or not (state.live or state is RunState.SCORED)
    later = "skipped" if ended else "next"
    review = "done" if published_at else "now" if waiting and not ended else later
    return [
        StepView(name="Organizers' review", state=review, at=None, note=""),
        StepView(name="Published", state="done" if published_at else later, at=published_at, note=""),
    ]
