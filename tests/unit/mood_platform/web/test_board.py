"""Rows of the leaderboard: places, ties, bars on a scale that holds them all."""

from __future__ import annotations

from typing import Any

import pytest

from mood_platform.documents.leaderboard import Board
from mood_platform.web.board import WIDTH, choose_axis, lay_out_rows, lay_out_significance
from mood_support.documents import board_json, cell_json, result_json, row_json


def board(*rows: dict[str, Any], **more: Any) -> Board:
    return Board.from_json(board_json(*rows, **more), place="the board")


def doubts(brain: dict[str, Any], abdom: dict[str, Any]) -> list[list[str]]:
    """Of one row with these cells, as its page tells them."""
    cells = {"abdom": cell_json(0.5, **abdom), "brain": cell_json(0.5, **brain)}
    [row] = lay_out_rows(board(row_json("x", 1, 0.5, datasets=cells)), own_team=None)
    return [cell.doubts for cell in row.cells]


def test_shared_ranks_are_marked_and_missing_ones_are_a_dash() -> None:
    rows = [row_json("a", 1, 0.9), row_json("b", 2, 0.8), row_json("c", 2, 0.8), row_json("d", None, 0.5)]
    laid = lay_out_rows(board(*rows), own_team="c")
    assert [row.place for row in laid] == ["1", "2=", "2=", "\N{EN DASH}"]
    assert [row.own for row in laid] == [False, False, True, False]
    assert [cell.dataset for cell in laid[0].cells] == ["brain", "abdom"]


@pytest.mark.parametrize(
    ("scores", "spread", "low", "high"),
    [
        ([0.42, 0.77], 0.05, 0.3, 0.9),
        ([0.5], 0.0, 0.5, 0.6),
        ([0.0, 1.0], 0.0, 0.0, 1.0),
        ([1.0], 0.0, 1.0, 1.1),
    ],
)
def test_the_scale_holds_all_scores_and_intervals(
    scores: list[float], spread: float, low: float, high: float
) -> None:
    axis = choose_axis(board(*(row_json("x", 1, score, spread=spread) for score in scores)))
    assert (axis.low, axis.high) == (low, high)
    assert (axis.ticks[0], axis.ticks[-1]) == (0, WIDTH)


def test_without_any_score_the_scale_is_the_whole_range() -> None:
    document = board(row_json("x", 1, None))
    assert (choose_axis(document).low, choose_axis(document).high) == (0, 1)
    assert lay_out_rows(document, own_team=None)[0].cells[0].x is None


def test_doubts_about_an_interval_stand_in_its_cell() -> None:
    rounded = {"interval_holds_score": False, "result": result_json(lossy=["mood2020", "two_sided"])}
    assert doubts(rounded, {}) == [["interval does not hold its score", "interval from rounded scores"], []]


def test_an_interval_from_exact_counts_is_not_doubted_for_its_rounding() -> None:
    exact = {"interval_rounded": False, "result": result_json(lossy=["two_sided"])}
    assert doubts(exact, exact | {"interval_rounded": True}) == [[], ["interval from rounded scores"]]


def test_significant_pairs_are_told_team_by_team_and_old_documents_tell_none() -> None:
    rows = [row_json("a", 1, 0.9), row_json("b", 2, 0.5), row_json("c", 3, 0.4)]
    pairs = [
        ["a", "b", 0.4, 0.3, 0.5, 0.001],
        ["a", "c", 0.5, 0.4, 0.6, 0.05],
        ["b", "c", 0.1, -0.1, 0.2, 0.4],
    ]
    parts = {"brain": {"level": 0.05, "pairs": pairs}, "abdom": {"level": 0.05, "pairs": []}}
    assert lay_out_significance(board(*rows, significance=parts)) == {
        "brain": [("A", ["B", "C"])],
        "abdom": [],
    }
    assert lay_out_significance(board(*rows)) == {}
