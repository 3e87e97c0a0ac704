"""Reads submissions, images and their Runs; a team's reads never see another team's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import selectinload

from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import Challenge, Event, Image, Run, Submission, Team, Upload
from mood_platform.runs import queries as runs

Before = tuple[datetime, UUID]
"""Where the previous page ended: time and id of its last row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What organizers look for: of this edition, of the team with this handle, of this number."""

    challenge: str | None = None
    team: str | None = None
    number: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        chosen = (
            (self.challenge, Submission.challenge.has(Challenge.slug == self.challenge)),
            (self.team, Submission.team.has(Team.handle == self.team)),
            (self.number, Submission.number == self.number),
        )
        return [condition for value, condition in chosen if value is not None]


EVERYTHING = Filter()


def find_submission(tx: Transaction, *, team: Team, submission_id: UUID) -> Submission:
    """The team's own, with image and challenge; anyone else's looks unknown."""
    query = _with_facts().where(Submission.id == submission_id, Submission.team_id == team.id)
    return _found(tx.session.scalar(query))


def find_any_submission(tx: Transaction, *, submission_id: UUID) -> Submission:
    """For organizers."""
    return _found(tx.session.scalar(_with_facts().where(Submission.id == submission_id)))


def list_submissions(
    tx: Transaction,
    *,
    limit: int,
    team: Team | None = None,
    only: Filter = EVERYTHING,
    before: Before | None = None,
) -> Sequence[Submission]:
    """Newest first; without `team` all teams' (for organizers)."""
    query = _with_facts().order_by(Submission.submitted_at.desc(), Submission.id.desc()).limit(limit)
    query = query.where(*only.conditions())
    if team is not None:
        query = query.where(Submission.team_id == team.id)
    if before is not None:
        query = query.where(tuple_(Submission.submitted_at, Submission.id) < before)
    return tx.session.scalars(query).all()


def find_image(tx: Transaction, *, team: Team, image_id: UUID) -> Image:
    """The team's own, also by the id of an upload that brought it once more; anyone else's looks unknown."""
    image = tx.session.scalar(
        select(Image)
        .outerjoin(Upload, Upload.image_id == Image.id)
        .where(or_(Image.id == image_id, Upload.id == image_id), Image.team_id == team.id)
        .limit(1)
    )
    if image is None:
        raise NotFound("There is no such image.", remedy="GET /api/v1/images lists your team's images.")
    return image


def list_images(tx: Transaction, *, team: Team, limit: int, before: Before | None = None) -> Sequence[Image]:
    """Newest first."""
    query = select(Image).where(Image.team_id == team.id).order_by(Image.created_at.desc(), Image.id.desc())
    if before is not None:
        query = query.where(tuple_(Image.created_at, Image.id) < before)
    return tx.session.scalars(query.limit(limit)).all()


def newest_run(tx: Transaction, *, submission: Submission) -> Run:
    """The Run that says where the Submission is now; every Submission was started with one."""
    run = runs.newest_run(tx, submission=submission)
    assert run is not None, "submit starts the first Run in the same transaction"
    return run


def _with_facts() -> Select[Submission]:
    relations = (Submission.team, Submission.image, Submission.challenge)
    return select(Submission).options(*(selectinload(relation) for relation in relations))


def _found(submission: Submission | None) -> Submission:
    if submission is None:
        raise NotFound("There is no such submission.", remedy="GET /api/v1/submissions lists your team's.")
    return submission


def events_of(tx: Transaction, *, submission: Submission) -> Sequence[Event]:
    """The history of the Submission, of its Image and of the uploads that brought it; for organizers."""
    uploads = select(Upload.id).where(Upload.image_id == submission.image_id)
    about = (Event.subject_id.in_((submission.id, submission.image_id)), Event.subject_id.in_(uploads))
    return tx.session.scalars(select(Event).where(or_(*about)).order_by(Event.sequence)).all()
