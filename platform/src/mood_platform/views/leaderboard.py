"""Builds what everybody may see of a published leaderboard version."""

from __future__ import annotations

from mood_evaluator import Task
from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.leaderboards.queries import latest_published, published_version, published_versions
from mood_platform.models import Challenge, Leaderboard
from mood_platform.views.participant import LeaderboardView, VersionView


def find_leaderboard(
    tx: Transaction, *, challenge: Challenge, task: Task, version: int | None = None
) -> LeaderboardView | None:
    """None before the first publication; an unknown version is NotFound."""
    if version is None:
        row = latest_published(tx, challenge=challenge, task=task)
    else:
        row = published_version(tx, challenge=challenge, task=task, version=version)
    if row is None:
        return None
    published = published_versions(tx, challenge=challenge, task=task)
    return LeaderboardView(
        challenge=challenge.slug,
        task=task,
        version=row.version,
        published_at=row.published_at,
        note=row.note,
        digest=row.digest,
        previous_digest=row.previous_digest,
        versions=len(published),
        history=[_version(one) for one in reversed(published)],
        document=row.document,
    )


def _version(row: Leaderboard) -> VersionView:
    return VersionView(version=row.version, published_at=row.published_at, note=row.note, digest=row.digest)


def require_leaderboard(
    tx: Transaction, *, challenge: Challenge, task: Task, version: int | None = None
) -> LeaderboardView:
    found = find_leaderboard(tx, challenge=challenge, task=task, version=version)
    if found is None:
        raise NotFound(
            f"The {task} leaderboard is not published yet.",
            remedy="The organizers publish it after their review.",
        )
    return found
