"""Reads published leaderboards: the only rows here that participants and visitors may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import defer

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.documents.leaderboard import Board
from mood_platform.errors import NotFound
from mood_platform.models import Challenge, Leaderboard


def latest_published(tx: Transaction, *, challenge: Challenge, task: Task) -> Leaderboard | None:
    return tx.session.scalar(_versions(challenge, task).order_by(Leaderboard.version.desc()).limit(1))


def published_version(tx: Transaction, *, challenge: Challenge, task: Task, version: int) -> Leaderboard:
    found = tx.session.scalar(_versions(challenge, task).where(Leaderboard.version == version))
    if found is None:
        raise NotFound(
            f"There is no version {version} of the {task} leaderboard.",
            remedy="Leave out version for the newest.",
        )
    return found


def board_of(row: Leaderboard) -> Board:
    """What was published, read."""
    return Board.from_json(row.document, place=f"version {row.version} of the {row.task} leaderboard")


def published_versions(tx: Transaction, *, challenge: Challenge, task: Task) -> Sequence[Leaderboard]:
    """First to last; each names the digest of the one before. A document is read where it is asked for."""
    query = _versions(challenge, task).order_by(Leaderboard.version)
    return tx.session.scalars(query.options(defer(Leaderboard.document))).all()


def published_moments(
    tx: Transaction, *, challenge_ids: Collection[UUID]
) -> dict[tuple[UUID, Task], list[datetime]]:
    """When versions were published, first to last, by challenge and Task; without their documents."""
    which = (Leaderboard.challenge_id, Leaderboard.task, Leaderboard.published_at)
    rows = select(*which).where(Leaderboard.challenge_id.in_(challenge_ids)).order_by(Leaderboard.version)
    moments: dict[tuple[UUID, Task], list[datetime]] = {}
    for challenge_id, task, moment in tx.session.execute(rows):
        moments.setdefault((challenge_id, task), []).append(moment)
    return moments


def _versions(challenge: Challenge, task: Task) -> Select[Leaderboard]:
    return select(Leaderboard).where(Leaderboard.challenge_id == challenge.id, Leaderboard.task == task)
