"""What readers may see, as checked models: a field that is not named here cannot slip out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

from mood_evaluator import Dataset, Task
from mood_platform.challenges.window import Phase
from mood_platform.clock import rfc3339
from mood_platform.models import EntryState, ImageState, RunState, Stage, SubmissionState

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""UTC, `2026-09-07T23:59:00Z`."""
Document = dict[str, Any]
Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(View, Generic[Item]):
    items: list[Item]
    next_cursor: str | None
    """Send it as `cursor` to read on; null at the end."""


class ProblemView(View):
    """The body of every error."""

    error: str
    detail: str
    remedy: str
    request_id: str


class TeamView(View):
    handle: str
    """ASCII, for ids, paths and commands; it never changes."""
    name: str


class MeView(View):
    email: str
    name: str
    organizer: bool
    team: TeamView | None


class QuotaView(View):
    used: int
    """Counted challenge Submissions, both Tasks together, without refunded ones."""
    limit: int
    attempts: int
    attempts_limit: int
    left: int


class ToyTestSetView(View):
    name: str
    dataset: Dataset
    digest: str
    archive: str
    """Where its images and labels can be fetched."""


class RuleChangeView(View):
    """Rules that were changed after there were Submissions."""

    at: Moment
    reason: str
    lines: list[str]
    """A field each: `timeline.closes: … → …`."""


class EntryView(View):
    """A team's part in an edition."""

    challenge: str
    state: EntryState
    asked_at: Moment
    decided_at: Moment | None
    reason: str
    """What the organizers wrote."""


class ChallengeView(View):
    slug: str
    title: str
    opens: Moment
    closes: Moment
    upload_grace_seconds: int
    open: bool
    phase: Phase
    """Planned, open or closed by the platform's clock; the grace of uploads begun in time comes after."""
    tasks: list[Task]
    datasets: list[Dataset]
    limits: dict[str, float | int]
    """Of one case: seconds, bytes, counts."""
    challenge_submissions: int
    attempts: int
    entry_open: bool
    """Every team is admitted at once; else organizers decide."""
    unbounded_teams: str
    """Why the organizers let any number of teams look at hidden cases; empty where they do not."""
    entry: EntryView | None
    """Of the asking team; null without one, or before it asked."""
    quota: QuotaView | None
    """Of the asking team; null without one."""
    toy_test_sets: list[ToyTestSetView]
    changes: list[RuleChangeView]
    """Newest first."""


class ImageView(View):
    id: UUID
    name: str
    size: int
    """Bytes of the archive as uploaded."""
    state: ImageState
    sentence: str
    digest: str | None
    tasks: list[str]
    reason: str | None
    text: str
    """The reason's fixed sentence."""
    detail: str
    """Evidence, such as the file that cannot be read."""
    created_at: Moment
    checked_at: Moment | None
    kept_bytes: int
    """Unpacked, as it counts against what the team may keep."""
    leaves_at: Moment | None
    """When it is removed; null: not within the next 14 days."""
    removed_at: Moment | None


class StorageView(View):
    """Bytes that a team keeps; what hidden cases left is no part of it."""

    images: int
    """As unpacked."""
    toy: int
    """Predictions and logs of toy cases."""
    used: int
    limit: int


class StepView(View):
    """One line of a Submission's way."""

    name: str
    state: str
    """done, now, next, failed or skipped"""
    at: Moment | None
    note: str


class FailureView(View):
    """Why something failed: the sentence and its next step, never evidence of a hidden case."""

    reason: str
    text: str
    band: str | None
    """few (under 5 %, or one), some (under 25 %), many of the hidden cases; null: not about cases.

    What few cases met is told once the edition has closed, until then together with none.
    """


class RunView(View):
    number: int
    state: RunState
    since: Moment
    percent: int | None
    """Of the hidden cases, in steps of 5, or of 25 where 5 % would be less than two cases; as it was at the
    last full ten minutes.
    """
    next_told_at: Moment | None
    """When the platform tells more of the hidden cases; null where nothing waits to be told."""
    few_told: bool
    """Whether reasons that few hidden cases met are among the failures."""
    toy_done: int
    toy_total: int
    report_ready: bool
    slowest: str | None
    """Band of the slowest hidden case against the limit, after the end."""
    failures: list[FailureView]
    limits: dict[str, float | int]
    predictions_removed_at: Moment | None
    logs_removed_at: Moment | None
    """When the edition's retention came to this Run; scores and reports stay."""


class HeldView(View):
    """What a Run left and its image are kept beyond retention."""

    until: Moment
    reason: str


class LinksView(View):
    self: str
    page: str
    report: str | None


class SubmissionFacts(View):
    """What its team and organizers see alike."""

    id: UUID
    number: int
    name: str
    team: TeamView
    challenge: str
    task: Task
    stage: Stage
    state: SubmissionState
    state_reason: str
    submitted_at: Moment
    counted: bool
    refunded_at: Moment | None
    refund_reason: str


class SubmissionView(SubmissionFacts):
    status: str
    """One word for lists: waiting, running, finished, failed, cancelled, withdrawn, excluded, published."""
    sentence: str
    """What happens now."""
    next: str
    """What comes next, and who acts."""
    over: bool
    """Nothing changes any more by itself."""
    steps: list[StepView]
    image: ImageView
    took_over: int | None
    """Number of your Submission whose result this one took over: the same image, nothing ran again."""
    run: RunView
    holds: list[HeldView]
    quota: QuotaView
    links: LinksView


class VersionView(View):
    """One published version; each document names the digest of the one before."""

    version: int
    published_at: Moment
    note: str
    digest: str


class LeaderboardView(View):
    challenge: str
    task: Task
    version: int
    published_at: Moment
    note: str
    digest: str
    previous_digest: str | None
    versions: int
    """How many versions there are; the newest one counts."""
    history: list[VersionView]
    """All of them, newest first."""
    document: Document
    """mood-leaderboard/1, exactly as published: its digest can be recomputed."""
