"""What the leaderboard page says of a new version."""

from __future__ import annotations

from typing import Any

from mood_platform.web.changes import Pair, lay_out_changes
from mood_platform.web.formats import MISSING

SAME = {"evaluator": None, "limits": None, "scoring": None, "test_sets": {}}


def document(**changes: Any) -> dict[str, Any]:
    return {"datasets": {"abdom": {}, "brain": {}}, "changes": {"since": 1, "rows": [], **SAME, **changes}}


def entry(rank: int | None, score: float, *, standing: str = "ranked") -> dict[str, Any]:
    cell = {"score": score, "interval": [score - 0.1, score + 0.1], "rank": rank}
    return {"standing": standing, "rank": rank, "datasets": {"abdom": cell, "brain": cell}}


def test_a_first_version_changes_nothing() -> None:
    assert lay_out_changes({"datasets": {}, "changes": None}) is None
    assert lay_out_changes({"datasets": {}}) is None  # published before changes were told


def test_grounds_are_named_and_cases_only_counted() -> None:
    cases = {"added": 0, "removed": 0, "images": 0, "labels": 2}
    told = lay_out_changes(
        document(
            evaluator={"before": "1", "after": "2"},
            test_sets={"brain": {"before": "a", "after": "b", "cases": cases}},
        )
    )
    assert told is not None
    assert told.grounds == ["another evaluator", "another brain test set (cases: 2 with another label)"]


def test_a_row_shows_rank_and_scores_before_and_after_brain_first() -> None:
    told = lay_out_changes(
        document(rows=[{"name": "North", "before": entry(2, 0.5), "after": entry(1, 0.75)}])
    )
    assert told is not None
    (row,) = told.rows
    assert row.place == Pair("2", "1")
    assert [name for name, _, _ in row.scores] == ["brain", "abdom"]
    assert row.scores[0][1] == Pair("0.5000", "0.7500")
    assert row.scores[0][2].moved


def test_who_came_left_or_lost_its_rank_is_seen() -> None:
    rows = [
        {"name": "West", "before": None, "after": entry(1, 0.5)},
        {"name": "East", "before": entry(1, 0.5), "after": None},
        {"name": "South", "before": entry(3, 0.5), "after": entry(None, 0.5, standing="excluded")},
    ]
    told = lay_out_changes(document(rows=rows))
    assert told is not None
    assert [row.place for row in told.rows] == [Pair("new", "1"), Pair("1", "left"), Pair("3", "excluded")]
    assert told.rows[1].scores[0][1] == Pair("0.5000", MISSING)


def test_cases_that_count_for_no_team_are_a_ground_and_only_counted() -> None:
    told = lay_out_changes(document(dropped={"before": {}, "after": {"brain": 1, "abdom": 2}}))
    assert told is not None
    assert told.grounds == ["cases that count for no team (now 1 brain, 2 abdom)"]
    back = lay_out_changes(document(dropped={"before": {"brain": 1}, "after": {}}))
    assert back is not None
    assert back.grounds == ["cases that count for no team (now none)"]
