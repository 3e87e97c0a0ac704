"""Which Images may run: those that the check as it is now has accepted; others wait until it looked again."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from mood_platform.images.image_config import CHECK
from mood_platform.models import LIVE, CaseRun, CaseRunState, Image, ImageState, Run, Submission

TO_RUN = (CaseRunState.QUEUED, CaseRunState.RUNNING, CaseRunState.PARKED)
"""States of cases whose container may still be started."""


def is_checked() -> ColumnElement[bool]:
    """Of an Image; facts that name no version are of the first."""
    return and_(
        Image.state == ImageState.ACCEPTED, func.coalesce(Image.facts["check"].as_integer(), 1) >= CHECK
    )


def waits_for_check() -> Select[UUID]:
    """Images that an earlier check accepted, or that the check refused since, and that a live Run needs."""
    return select(Image.id).where(~is_checked(), exists().where(*_runs_of(Image.id)))


def runs_to_stop(image: Image) -> Select[UUID]:
    """Live Runs of an Image that have cases to run, in the order in which they are locked."""
    return select(Run.id).join(Submission).where(*_runs_of(image.id)).order_by(Run.id)


def _runs_of(image_id: object) -> tuple[ColumnElement[bool], ...]:
    to_run = exists().where(CaseRun.run_id == Run.id, CaseRun.state.in_(TO_RUN)).correlate(Run)
    return (
        Submission.id == Run.submission_id,
        Submission.image_id == image_id,
        Run.state.in_(LIVE),
        to_run,
    )
