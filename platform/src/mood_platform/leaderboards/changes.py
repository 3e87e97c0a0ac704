"""What a draft changes against the last published version: ranks, scores, entries, and why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from mood_evaluator import Dataset, Manifest, as_published
from mood_platform.challenges.config import rules_of
from mood_platform.challenges.versions import change_between
from mood_platform.db.transaction import Transaction
from mood_platform.documents.changes import (
    Change,
    ChangedIds,
    ChangedRow,
    ChangedSet,
    Changes,
    DroppedChange,
    ShownCell,
    ShownRow,
)
from mood_platform.documents.leaderboard import Board, LeaderboardCell, LeaderboardRow
from mood_platform.leaderboards.queries import board_of
from mood_platform.models import Leaderboard, TestSet


def describe_changes(previous: Leaderboard, board: Board, versions: Mapping[Dataset, ChangedIds]) -> Changes:
    """For everybody: counts instead of case ids. `versions` has the Datasets with another test set."""
    old = board_of(previous)
    return Changes(
        since=previous.version,
        digest=previous.digest,
        entered=tuple(team for team in board.by_team if team not in old.by_team),
        left=_left(old, board),
        rows=changed_rows(old, board),
        scoring_version=_change(old.scoring_version, board.scoring_version),
        limits=_change(old.limits, board.limits),
        scoring=_change(rules_of(old.scoring), rules_of(board.scoring)),
        test_sets={
            dataset: ChangedSet(
                before=_digest(old, dataset),
                after=_digest(board, dataset),
                cases=versions[dataset].counts if dataset in versions else None,
            )
            for dataset in board.datasets
            if _digest(old, dataset) != _digest(board, dataset)
        },
        dropped=_change_of_dropped(_dropped(old), _dropped(board)),
    )


def changed_rows(previous: Board, board: Board) -> tuple[ChangedRow, ...]:
    """Each with its rank and scores before and after, in the order of `board`, who left at the end."""
    before, after = previous.by_team, board.by_team
    rows = [_row(before.get(team), after.get(team)) for team in (*after, *_left(previous, board))]
    return tuple(row for row in rows if row.before != row.after)


def changed_versions(
    previous: Leaderboard, manifests: Mapping[Dataset, Manifest], installed: Mapping[str, Manifest]
) -> dict[Dataset, ChangedIds]:
    """By Dataset, where the test set was corrected; `installed` has the manifests by digest."""
    board = board_of(previous)
    olds = {dataset: installed.get(_digest(board, dataset) or "") for dataset in manifests}
    return {
        dataset: change_between(old, manifests[dataset])
        for dataset, old in olds.items()
        if old is not None and old.digest != manifests[dataset].digest
    }


def installed_manifests(tx: Transaction, previous: Leaderboard) -> dict[str, Manifest]:
    """The test sets a published version names, by digest."""
    digests = [source.digest for source in board_of(previous).datasets.values()]
    rows = tx.session.scalars(select(TestSet).where(TestSet.digest.in_(digests)))
    return {row.digest: Manifest.from_json(row.manifest) for row in rows}


def _left(previous: Board, board: Board) -> tuple[str, ...]:
    return tuple(sorted(previous.by_team.keys() - board.by_team.keys()))


def _row(before: LeaderboardRow | None, after: LeaderboardRow | None) -> ChangedRow:
    known = after or before
    assert known is not None, "a team is in one of the two"
    return ChangedRow(
        team=known.team,
        name=known.name,
        before=None if before is None else _shown(before),
        after=None if after is None else _shown(after),
    )


def _shown(row: LeaderboardRow) -> ShownRow:
    return ShownRow(
        submission=row.submission,
        standing=row.standing,
        rank=row.rank,
        rank_interval=row.rank_interval,
        datasets={dataset: _cell(cell) for dataset, cell in row.datasets.items()},
    )


def _cell(cell: LeaderboardCell) -> ShownCell:
    """Older versions had all digits."""
    interval = cell.interval and (as_published(cell.interval[0]), as_published(cell.interval[1]))
    return ShownCell(score=as_published(cell.score), interval=interval, rank=cell.rank)


def _change(before: object, after: object) -> Change | None:
    """None where nothing changed."""
    return None if before == after else Change(before=before, after=after)


def _change_of_dropped(before: Mapping[Dataset, int], after: Mapping[Dataset, int]) -> DroppedChange | None:
    return None if before == after else DroppedChange(before=before, after=after)


def _dropped(board: Board) -> dict[Dataset, int]:
    """How many cases of each Dataset count for no team; older documents tell of none."""
    counts = {dataset: source.dropped.cases for dataset, source in board.datasets.items()}
    return {dataset: count for dataset, count in counts.items() if count}


def _digest(board: Board, dataset: Dataset) -> str | None:
    return board.datasets[dataset].digest if dataset in board.datasets else None
