"""Documents as JSON, complete and short: what a test says of one replaces what is usual."""

from __future__ import annotations

from typing import Any

from mood_evaluator import Dataset


def case_json(**more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "case": "ab" * 16,
        "outcome": "succeeded",
        "text": "",
        "fault": None,
        "flags": [],
    }
    numbers = {"score": None, "ap": None, "seconds": 1.5, "limit_seconds": 3.0, "exit_code": 0}
    return facts | numbers | {"usage": None, "log": ""} | more


def report_json(*cases: dict[str, Any], **more: Any) -> dict[str, Any]:
    part = {"test_set": "toy", "digest": "00", "ap": None, "cases": list(cases)}
    usual: dict[str, Any] = {
        "schema": "mood-toy-report/1",
        "head": "4 toy cases only show that your container works; they do not predict your rank.",
        "run": "0",
        "submission": {"number": 1, "name": "", "task": "pixel"},
        "image": "sha256:00",
        "limits": {},
        "datasets": {str(dataset): part for dataset in Dataset},
        "warnings": [],
        "failed": False,
    }
    return usual | more


def cell_json(score: float | None, *, spread: float = 0.1, **more: Any) -> dict[str, Any]:
    interval = None if score is None else [score - spread, score + spread]
    return {"score": score, "rank": None, "interval": interval, "result": result_json()} | more


def result_json(**more: Any) -> dict[str, Any]:
    """Of a board."""
    usual: dict[str, Any] = {
        "evaluator": "0.1.0",
        "valid": 4,
        "total": 4,
        "valid_share": 0.5,
        "failed_share": 0.0,
        "lossy": [],
        "score": None,
        "official": None,
        "validation": None,
        "whole_set_ap": None,
        "quantized": {},
    }
    return usual | more


def row_json(
    team: str, rank: int | None, score: float | None, *, spread: float = 0.1, **more: Any
) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "team": team,
        "name": team.title(),
        "submission": 3,
        "submission_name": "",
        "submitted_at": "2026-08-30T12:00:00Z",
        "image": "sha256:00",
        "standing": "ranked" if rank else "reference",
        "rank": rank,
        "mean_rank": rank and float(rank),
        "rank_interval": rank and [rank, rank + 1],
        "keeps_place": rank and 0.875,
        "datasets": {str(dataset): cell_json(score, spread=spread) for dataset in reversed(Dataset)},
    }
    return usual | more


def board_json(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Of the first schema, which tells the least."""
    test_set = {"test_set": "test", "digest": "sha256:11", "batchings": [], "cases": 12, "not_hidden": True}
    usual: dict[str, Any] = {
        "schema": "mood-leaderboard/1",
        "challenge": {"slug": "mood", "title": "MOOD"},
        "task": "pixel",
        "demonstration": "demonstration, labels reproducible",
        "datasets": {str(dataset): test_set for dataset in reversed(Dataset)},
        "limits": {},
        "scoring": {"precision": "float32", "batch_size": 2, "valid_share": 0.5},
        "evaluator": "1",
        "bootstraps": 1000,
        "seed": 2020,
        "rows": list(rows),
        "order_changes": {str(dataset): [["north", "south"]] for dataset in Dataset},
    }
    return usual | more


def draft_json(**more: Any) -> dict[str, Any]:
    waiting: dict[str, Any] = {"pending": [], "rescoring_pending": None, "replicates_pending": []}
    return board_json() | waiting | {"changed_cases": {}, "warnings": [], "drop": None} | more


def changes_json(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"since": 1, "digest": "d0", "entered": [], "left": [], "rows": list(rows)}
    return usual | {"limits": None, "scoring": None, "test_sets": {}} | more


def moved_json(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    return {"team": name.lower(), "name": name, "before": before, "after": after}


def side_json(rank: int | None, score: float, standing: str = "ranked") -> dict[str, Any]:
    """Before or after, alike for both Datasets."""
    cell = {"score": score, "interval": [score - 0.1, score + 0.1], "rank": rank}
    datasets = {str(dataset): cell for dataset in reversed(Dataset)}
    return {"submission": 1, "rank": rank, "standing": standing, "rank_interval": None, "datasets": datasets}
