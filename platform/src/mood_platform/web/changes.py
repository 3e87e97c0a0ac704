"""What a published version changed against the one before it, as the page tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mood_evaluator import Dataset
from mood_platform.documents.changes import ChangedRow
from mood_platform.documents.changes import Changes as StoredChanges
from mood_platform.documents.leaderboard import Board
from mood_platform.web.formats import format_ap, format_interval

GROUNDS = {
    "evaluator": "another evaluator",  # in documents from before scoring versions were told
    "scoring_version": "another scoring version",
    "limits": "other limits",
    "scoring": "other scoring settings",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A value before and after, as text."""

    before: str
    after: str

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ChangeRow:
    team: str
    place: Pair
    scores: list[tuple[Dataset, Pair, Pair]]
    """Dataset, its AP, the interval of that."""


@dataclass(frozen=True, slots=True)
class Changes:
    since: int
    grounds: list[str]
    rows: list[ChangeRow]


def lay_out_changes(board: Board) -> Changes | None:
    """None in a first version."""
    changes = board.changes
    if changes is None:
        return None
    rows = [_row(row, board.shown_datasets) for row in changes.rows]
    return Changes(changes.since, list(_grounds(changes)), rows)


def _grounds(changes: StoredChanges) -> Iterator[str]:
    yield from (name for what, name in GROUNDS.items() if getattr(changes, what) is not None)
    for dataset, changed in changes.test_sets.items():
        counts = ", ".join(f"{count} {way}" for count, way in changed.told)
        yield f"another {dataset} test set (cases: {counts or 'the same'})"
    if (dropped := changes.dropped) is not None:
        now = ", ".join(f"{count} {dataset}" for dataset, count in dropped.after.items())
        yield f"cases that count for no team (now {now or 'none'})"


def _row(row: ChangedRow, datasets: Sequence[Dataset]) -> ChangeRow:
    scores = []
    for dataset in datasets:
        old, new = row.cells(dataset)
        ap = Pair(format_ap(old.score), format_ap(new.score))
        scores.append((dataset, ap, Pair(format_interval(old.interval), format_interval(new.interval))))
    before, after = row.before, row.after
    place = Pair(before.place if before else "new", after.place if after else "left")
    return ChangeRow(row.name, place, scores)
