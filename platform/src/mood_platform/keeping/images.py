"""Images leave: their teams are told fourteen days before, and one archive serves all rows of its digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from mood_platform.accounts.audit import audit, subject_of
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.keeping.holds import Held, held_now
from mood_platform.keeping.moments import Editions
from mood_platform.models import LIVE, Image, ImageState, Run, Submission, Team
from mood_platform.queueing import CollectImage, SendMail
from mood_platform.storage.keys import image_key
from mood_platform.storage.store import ObjectStore
from mood_platform.terms import MailKind

NOTICE = timedelta(days=14)
KEPT = (Image.state == ImageState.ACCEPTED, Image.removed_at.is_(None))
"""Rows whose archive is in the store."""


@dataclass(frozen=True, slots=True)
class Use:
    """One Challenge in which an image was submitted."""

    challenge_id: UUID
    last: datetime
    """The newest state of a Run of it."""
    live: bool
    runs: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Ending:
    """A kept image, and when its time is up; None: it is in use, held, or no rule ends it."""

    image: Image
    ends: datetime | None

    def tells(self, now: datetime) -> datetime | None:
        """The moment its team has to be told of, or is told of already."""
        if self.ends is None or self.ends > now + NOTICE:
            return None
        if self.image.leaves_at is not None and self.ends <= self.image.leaves_at:
            return self.image.leaves_at
        return max(self.ends, now + NOTICE)

    def leaves(self, now: datetime) -> bool:
        told = self.image.leaves_at
        return told is not None and told <= now and self.tells(now) == told


def image_endings(tx: Transaction, editions: Editions, *, unused_days: int) -> list[Ending]:
    """Of all kept images; `unused_days` is the time of those that were never submitted."""
    held, uses = held_now(tx), _uses(tx)
    rows = tx.session.scalars(select(Image).where(*KEPT).order_by(Image.created_at, Image.id)).all()
    return [
        Ending(row, _ends(row, uses.get(row.id, ()), editions, held, unused_days=unused_days)) for row in rows
    ]


def tell_team(tx: Transaction, ending: Ending) -> None:
    """Write down the day and mail the team, or take a day back that no longer holds."""
    moment, image = ending.tells(tx.now), ending.image
    if moment == image.leaves_at:
        return
    image.leaves_at = moment
    if moment is not None:
        tx.enqueue(SendMail(MailKind.IMAGE_LEAVES, image.id))


def remove_image(tx: Transaction, *, image_id: UUID, actor: str, by: str) -> bool:
    """The row says that it is gone; the archive goes afterwards (`collect_image`). False: it is in use."""
    image = lock_image(tx, image_id=image_id)
    if image is None or is_running(tx, image):
        return False
    image.removed_at, image.removed_by, image.leaves_at = tx.now, by, None
    data = {"digest": image.digest, "bytes": image.kept_bytes}
    audit(tx, actor=actor, action="image.remove", subject=subject_of("image", image), data=data)
    tx.enqueue(CollectImage(str(image.digest)))
    return True


def lock_image(tx: Transaction, *, image_id: UUID) -> Image | None:
    """A kept image, locked behind its Team, where a Submission of it would wait."""
    team = select(Team).join(Image, Image.team_id == Team.id).where(Image.id == image_id)
    tx.session.execute(team.with_for_update(key_share=True, of=Team))
    query = select(Image).where(Image.id == image_id, *KEPT).with_for_update(key_share=True)
    return tx.session.scalar(query.execution_options(populate_existing=True))


def is_running(tx: Transaction, image: Image) -> bool:
    live = select(Run.id).join(Submission, Run.submission_id == Submission.id)
    return (
        tx.session.scalar(live.where(Submission.image_id == image.id, Run.state.in_(LIVE)).limit(1))
        is not None
    )


def collect_image(sessions: Sessions, store: ObjectStore, *, digest: str) -> bool:
    """Delete the archive when no row of any team keeps it any more. Repeatable."""
    with image_turn(sessions, digest=digest), sessions() as session:
        if session.scalar(select(Image.id).where(Image.digest == digest, *KEPT).limit(1)) is not None:
            return False
        store.delete(image_key(digest))
        return True


@contextmanager
def image_turn(sessions: Sessions, *, digest: str) -> Iterator[None]:
    """One at a time: between storing an archive and the row that keeps it, nobody takes it for forsaken."""
    with sessions() as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(digest, 0))))
        yield


def _uses(tx: Transaction) -> dict[UUID, list[Use]]:
    live: ColumnElement[bool] = func.bool_or(Run.state.in_(LIVE))
    query = (
        select(
            Submission.image_id,
            Submission.challenge_id,
            func.max(Run.state_since),
            live,
            func.array_agg(Run.id),
        )
        .join(Run, Run.submission_id == Submission.id)
        .group_by(Submission.image_id, Submission.challenge_id)
    )
    uses: dict[UUID, list[Use]] = {}
    for image_id, challenge_id, last, running, runs in tx.session.execute(query):
        uses.setdefault(image_id, []).append(Use(challenge_id, last, running, runs))
    return uses


def _ends(
    image: Image, uses: Sequence[Use], editions: Editions, held: Held, *, unused_days: int
) -> datetime | None:
    if held.covers(team_id=image.team_id) or any(use.live for use in uses):
        return None
    for use in uses:
        where = {"team_id": image.team_id, "challenge_id": use.challenge_id}
        if any(held.covers(run_id=run_id, **where) for run_id in use.runs):
            return None
    moments = [editions.image_ends(use.challenge_id, last_use=use.last) for use in uses]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return None
    return max(known, default=(image.checked_at or image.created_at) + timedelta(days=unused_days))
