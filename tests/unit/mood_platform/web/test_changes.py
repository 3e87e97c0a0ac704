"""What the leaderboard page says of a new version."""

from __future__ import annotations

from typing import Any

from mood_platform.documents.leaderboard import Board
from mood_platform.web.changes import Pair, lay_out_changes
from mood_platform.web.formats import MISSING
from mood_support.documents import board_json, changes_json, moved_json, side_json


def board(*rows: dict[str, Any], **more: Any) -> Board:
    return Board.from_json(board_json(changes=changes_json(*rows, **more)), place="the board")


def test_a_first_version_changes_nothing() -> None:
    for document in (board_json(changes=None), board_json()):  # the second from before changes were told
        assert lay_out_changes(Board.from_json(document, place="the board")) is None


def test_grounds_are_named_and_cases_only_counted() -> None:
    cases = {"added": 0, "removed": 0, "images": 0, "labels": 2}
    told = lay_out_changes(
        board(
            evaluator={"before": "1", "after": "2"},
            test_sets={"brain": {"before": "a", "after": "b", "cases": cases}},
        )
    )
    assert told is not None
    assert told.grounds == ["another evaluator", "another brain test set (cases: 2 with another label)"]


def test_a_row_shows_rank_and_scores_before_and_after_brain_first() -> None:
    told = lay_out_changes(board(moved_json("North", side_json(2, 0.5), side_json(1, 0.75))))
    assert told is not None
    (row,) = told.rows
    assert row.place == Pair("2", "1")
    assert [name for name, _, _ in row.scores] == ["brain", "abdom"]
    assert row.scores[0][1] == Pair("0.5000", "0.7500")
    assert row.scores[0][2].moved


def test_who_came_left_or_lost_its_rank_is_seen() -> None:
    rows = [
        moved_json("West", None, side_json(1, 0.5)),
        moved_json("East", side_json(1, 0.5), None),
        moved_json("South", side_json(3, 0.5), side_json(None, 0.5, "excluded")),
    ]
    told = lay_out_changes(board(*rows))
    assert told is not None
    assert [row.place for row in told.rows] == [Pair("new", "1"), Pair("1", "left"), Pair("3", "excluded")]
    assert told.rows[1].scores[0][1] == Pair("0.5000", MISSING)


def test_cases_that_count_for_no_team_are_a_ground_and_only_counted() -> None:
    told = lay_out_changes(board(dropped={"before": {}, "after": {"brain": 1, "abdom": 2}}))
    assert told is not None
    assert told.grounds == ["cases that count for no team (now 1 brain, 2 abdom)"]
    back = lay_out_changes(board(dropped={"before": {"brain": 1}, "after": {}}))
    assert back is not None
    assert back.grounds == ["cases that count for no team (now none)"]
