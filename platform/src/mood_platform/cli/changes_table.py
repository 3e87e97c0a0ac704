"""What a draft changes against the last published version, as a table with arrows."""

from __future__ import annotations

from typing import Any

from mood_evaluator import Dataset
from mood_platform.cli.console import BLANK, number, say, show_table

UP, DOWN = "▲", "▼"
WAYS = {
    "added": "added",
    "removed": "removed",
    "images": "with another scan",
    "labels": "with another label",
}


def show_changes(changes: dict[str, Any]) -> None:
    title = f"Changes since version {changes['since']}"
    for sentence in _grounds(changes):
        say.print(sentence)
    show_moved(changes["rows"], title=title)


def show_moved(rows: list[dict[str, Any]], *, title: str) -> None:
    """Entries with their rank and scores before and after."""
    if not rows:
        say.print(f"{title}: no entry.")
        return
    datasets = [str(dataset) for dataset in Dataset]
    columns = ("team", "rank", *(f"{dataset} {what}" for dataset in datasets for what in ("score", "95 %")))
    show_table(columns, [_row(row, datasets) for row in rows], title=title)


def _grounds(changes: dict[str, Any]) -> list[str]:
    told = [
        f"{what}: {changes[what]['before']} → {changes[what]['after']}"
        for what in ("evaluator", "scoring_version", "limits", "scoring")
        if changes.get(what)
    ]
    for dataset, change in changes["test_sets"].items():
        counts = [f"{WAYS[kind]}: {count}" for kind, count in (change["cases"] or {}).items() if count]
        told.append(f"{dataset} test set corrected; cases {', '.join(counts) or 'as before'}")
    if dropped := changes.get("dropped"):
        told.append(
            f"cases that count for no team: {_counts(dropped['before'])} → {_counts(dropped['after'])}"
        )
    return told


def _counts(dropped: dict[str, int]) -> str:
    return ", ".join(f"{dataset} {count}" for dataset, count in dropped.items()) or "none"


def _row(row: dict[str, Any], datasets: list[str]) -> list[str]:
    before, after = row["before"], row["after"]
    cells = [row["name"], _rank(before, after)]
    for dataset in datasets:
        old, new = _cell(before, dataset), _cell(after, dataset)
        cells += [
            _arrow(number(old.get("score"), 4), number(new.get("score"), 4)),
            _arrow(_interval(old.get("interval")), _interval(new.get("interval"))),
        ]
    return cells


def _rank(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    if before is None or after is None:
        return f"entered {_place(after)}" if after else f"left (was {_place(before)})"
    old, new = before["rank"], after["rank"]
    moved = "" if None in (old, new) or old == new else f" {UP if new < old else DOWN}"
    return _arrow(_place(before), _place(after)) + moved


def _place(row: dict[str, Any] | None) -> str:
    return BLANK if row is None else str(row["rank"] if row["rank"] is not None else row["standing"])


def _cell(row: dict[str, Any] | None, dataset: str) -> dict[str, Any]:
    return dict(row["datasets"].get(dataset, {})) if row else {}


def _arrow(old: str, new: str) -> str:
    return old if old == new else f"{old} → {new}"


def _interval(bounds: list[float] | None) -> str:
    return " to ".join(f"{bound:.4f}" for bound in bounds) if bounds else BLANK
