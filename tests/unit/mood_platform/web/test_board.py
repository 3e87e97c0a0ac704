"""Rows of the leaderboard: places, ties, bars on a scale that holds them all."""

from __future__ import annotations

from typing import Any

import pytest

from mood_platform.web.board import WIDTH, choose_axis, lay_out_rows, lay_out_significance


def make_row(team: str, rank: int | None, score: float | None, spread: float = 0.0) -> dict[str, Any]:
    interval = None if score is None else [score - spread, score + spread]
    cell = {"score": score, "rank": rank, "interval": interval, "result": {}}
    return {
        "team": team,
        "name": team.title(),
        "submission": 1,
        "submission_name": "",
        "image": None,
        "standing": "ranked" if rank else "reference",
        "rank": rank,
        "mean_rank": None,
        "rank_interval": None,
        "keeps_place": None,
        "datasets": {"abdom": cell, "brain": cell},
    }


def test_shared_ranks_are_marked_and_missing_ones_are_a_dash() -> None:
    rows = [make_row("a", 1, 0.9), make_row("b", 2, 0.8), make_row("c", 2, 0.8), make_row("d", None, 0.5)]
    laid = lay_out_rows({"rows": rows}, own_team="c")
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
    axis = choose_axis({"rows": [make_row("x", 1, score, spread) for score in scores]})
    assert (axis.low, axis.high) == (low, high)
    assert (axis.ticks[0], axis.ticks[-1]) == (0, WIDTH)


def test_without_any_score_the_scale_is_the_whole_range() -> None:
    document = {"rows": [make_row("x", 1, None)]}
    assert (choose_axis(document).low, choose_axis(document).high) == (0, 1)
    assert lay_out_rows(document, own_team=None)[0].cells[0].x is None


def test_doubts_about_an_interval_stand_in_its_cell() -> None:
    row = make_row("x", 1, 0.5)
    row["datasets"]["brain"] = row["datasets"]["brain"] | {
        "interval_holds_score": False,
        "result": {"lossy": ["mood2020", "two_sided"]},
    }
    [brain, abdom] = lay_out_rows({"rows": [row]}, own_team=None)[0].cells
    assert brain.doubts == ["interval does not hold its score", "interval from rounded scores"]
    assert abdom.doubts == []


def test_an_interval_from_exact_counts_is_not_doubted_for_its_rounding() -> None:
    row = make_row("x", 1, 0.5)
    exact = {"interval_rounded": False, "result": {"lossy": ["two_sided"]}}
    row["datasets"]["brain"] = row["datasets"]["brain"] | exact
    row["datasets"]["abdom"] = row["datasets"]["abdom"] | exact | {"interval_rounded": True}
    [brain, abdom] = lay_out_rows({"rows": [row]}, own_team=None)[0].cells
    assert brain.doubts == []
    assert abdom.doubts == ["interval from rounded scores"]


def test_significant_pairs_are_told_team_by_team_and_old_documents_tell_none() -> None:
    rows = [make_row("a", 1, 0.9), make_row("b", 2, 0.5), make_row("c", 3, 0.4)]
    pairs = [
        ["a", "b", 0.4, 0.3, 0.5, 0.001],
        ["a", "c", 0.5, 0.4, 0.6, 0.05],
        ["b", "c", 0.1, -0.1, 0.2, 0.4],
    ]
    document = {
        "rows": rows,
        "significance": {"brain": {"level": 0.05, "pairs": pairs}, "abdom": {"level": 0.05, "pairs": []}},
    }
    assert lay_out_significance(document) == {"brain": [("A", ["B", "C"])], "abdom": []}
    assert lay_out_significance({"rows": rows}) == {}
