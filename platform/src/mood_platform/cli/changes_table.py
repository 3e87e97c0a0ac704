"""What a draft changes against the last published version, as a table with arrows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mood_evaluator import Dataset
from mood_platform.cli.console import BLANK, number, say, show_table
from mood_platform.documents.changes import ChangedRow, Changes

UP, DOWN = "▲", "▼"


def show_changes(changes: Changes) -> None:
    for sentence in _grounds(changes):
        say.print(sentence)
    show_moved(changes.rows, title=f"Changes since version {changes.since}")


def show_moved(rows: Sequence[ChangedRow], *, title: str) -> None:
    """Entries with their rank and scores before and after."""
    if not rows:
        say.print(f"{title}: no entry.")
        return
    columns = ("team", "rank", *(f"{dataset} {what}" for dataset in Dataset for what in ("score", "95 %")))
    show_table(columns, [_row(row) for row in rows], title=title)


def _grounds(changes: Changes) -> Iterator[str]:
    for what in ("evaluator", "scoring_version", "limits", "scoring"):
        if (change := getattr(changes, what)) is not None:
            yield f"{what}: {change.before} → {change.after}"
    for dataset, changed in changes.test_sets.items():
        counts = ", ".join(f"{way}: {count}" for count, way in changed.told)
        yield f"{dataset} test set corrected; cases {counts or 'as before'}"
    if (dropped := changes.dropped) is not None:
        yield f"cases that count for no team: {_counts(dropped.before)} → {_counts(dropped.after)}"


def _counts(dropped: Mapping[Dataset, int]) -> str:
    return ", ".join(f"{dataset} {count}" for dataset, count in dropped.items()) or "none"


def _row(row: ChangedRow) -> list[str]:
    cells = [row.name, _rank(row)]
    for dataset in Dataset:
        old, new = row.cells(dataset)
        cells += [
            _arrow(number(old.score, 4), number(new.score, 4)),
            _arrow(interval_of(old.interval), interval_of(new.interval)),
        ]
    return cells


def _rank(row: ChangedRow) -> str:
    before, after = row.before, row.after
    if before is None or after is None:
        return f"entered {after.place}" if after else f"left (was {before.place if before else BLANK})"
    moved = ""
    if before.rank is not None and after.rank is not None and before.rank != after.rank:
        moved = f" {UP if after.rank < before.rank else DOWN}"
    return _arrow(before.place, after.place) + moved


def _arrow(old: str, new: str) -> str:
    return old if old == new else f"{old} → {new}"


def interval_of(bounds: tuple[float, float] | None, form: str = "{:.4f}") -> str:
    return " to ".join(form.format(bound) for bound in bounds) if bounds else BLANK
