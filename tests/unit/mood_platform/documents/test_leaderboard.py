"""Boards of both schemas are read, and say their caveats and places in the same words."""

from __future__ import annotations

from typing import Any

from mood_evaluator import Dataset
from mood_platform.documents.leaderboard import Board, DroppedCases
from mood_support.documents import board_json, row_json


def board(*rows: dict[str, Any], **more: Any) -> Board:
    return Board.from_json(board_json(*rows, **more), place="the board")


def test_boards_of_the_first_schema_say_their_own_words() -> None:
    joined = "demonstration, labels reproducible; software demonstration, not a scientific ranking"
    assert board(demonstration=joined).sentences == (
        "Demonstration, labels reproducible.",
        "Software demonstration, not a scientific ranking.",
    )
    assert board(demonstration=None).sentences == ()


def test_what_older_boards_do_not_tell_is_nothing_dropped_and_the_first_scoring_version() -> None:
    old = board(row_json("x", 1, 0.5))
    assert old.datasets[Dataset.BRAIN].dropped == DroppedCases()
    assert (old.scoring_version, old.changes, old.is_by_objects) == (1, None, False)
    assert not old.rows[0].datasets[Dataset.BRAIN].misses_score


def test_a_shared_rank_is_marked_and_a_standing_stands_for_a_missing_one() -> None:
    rows = [row_json("a", 1, 0.9), row_json("b", 2, 0.8), row_json("c", 2, 0.8), row_json("d", None, 0.5)]
    made = board(*rows, row_json("e", None, 0.5, standing="late"))
    assert [made.place(row) for row in made.rows] == ["1", "2=", "2=", "reference", "late"]
    assert made.shown_datasets == [Dataset.BRAIN, Dataset.ABDOM]
