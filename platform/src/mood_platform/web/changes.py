"""What a published version changed against the one before it, as the page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mood_platform.views.participant import Document
from mood_platform.web.formats import format_ap, format_interval

GROUNDS = {
    "evaluator": "another evaluator",  # in documents from before scoring versions were told
    "scoring_version": "another scoring version",
    "limits": "other limits",
    "scoring": "other scoring settings",
}
WAYS = {
    "added": "added",
    "removed": "removed",
    "images": "with another scan",
    "labels": "with another label",
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
    scores: list[tuple[str, Pair, Pair]]
    """Dataset, its AP, the interval of that."""


@dataclass(frozen=True, slots=True)
class Changes:
    since: int
    grounds: list[str]
    rows: list[ChangeRow]


def lay_out_changes(document: Document) -> Changes | None:
    """None in a first version."""
    changes = document.get("changes")
    if changes is None:
        return None
    datasets = sorted(document["datasets"], key=lambda name: name != "brain")
    rows = [_row(row, datasets) for row in changes["rows"]]
    return Changes(changes["since"], _grounds(changes), rows)


def _grounds(changes: dict[str, Any]) -> list[str]:
    told = [name for what, name in GROUNDS.items() if changes.get(what)]
    for dataset, change in changes["test_sets"].items():
        counts = [f"{count} {WAYS[kind]}" for kind, count in (change["cases"] or {}).items() if count]
        told.append(f"another {dataset} test set (cases: {', '.join(counts) or 'the same'})")
    if dropped := changes.get("dropped"):
        now = ", ".join(f"{count} {dataset}" for dataset, count in dropped["after"].items())
        told.append(f"cases that count for no team (now {now or 'none'})")
    return told


def _row(row: dict[str, Any], datasets: list[str]) -> ChangeRow:
    before, after = row["before"], row["after"]
    scores = []
    for name in datasets:
        old, new = _cell(before, name), _cell(after, name)
        ap = Pair(format_ap(old.get("score")), format_ap(new.get("score")))
        interval = Pair(format_interval(old.get("interval")), format_interval(new.get("interval")))
        scores.append((name, ap, interval))
    return ChangeRow(row["name"], Pair(_place(before, "new"), _place(after, "left")), scores)


def _cell(row: dict[str, Any] | None, dataset: str) -> dict[str, Any]:
    return row["datasets"].get(dataset, {}) if row else {}


def _place(row: dict[str, Any] | None, nowhere: str) -> str:
    if row is None:
        return nowhere
    return str(row["rank"]) if row["rank"] is not None else str(row["standing"])
