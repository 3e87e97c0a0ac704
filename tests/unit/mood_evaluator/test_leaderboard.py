"""Leaderboard rows: who is ranked, who is only listed, and how sure a place is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mood_evaluator.bootstrap import Replicates
from mood_evaluator.leaderboard import BoardEntry, rank_entries
from mood_evaluator.test_set import Dataset

BRAIN, ABDOM = Dataset.BRAIN, Dataset.ABDOM


def drawn(values: NDArray[np.float64]) -> Replicates:
    return Replicates(values, np.zeros(4))


def _entry(
    key: str, brain: float | None, abdom: float | None, *, eligible: bool = True, spread: float = 0.0
) -> BoardEntry:
    noise = np.random.default_rng(len(key)).normal(0, spread, 200)
    scores = {BRAIN: brain, ABDOM: abdom}
    replicates = {d: None if score is None else drawn(score + noise) for d, score in scores.items()}
    return BoardEntry(key=key, eligible=eligible, scores=scores, replicates=replicates)


def test_rows_come_in_consensus_order_with_their_mean_rank() -> None:
    rows = rank_entries([_entry("low", 0.1, 0.2), _entry("high", 0.9, 0.8)])
    assert [(row.key, row.rank, row.mean_rank) for row in rows] == [("high", 1, 1.0), ("low", 2, 2.0)]


def test_a_reference_entry_is_listed_without_a_rank_and_changes_nobodys() -> None:
    alone = rank_entries([_entry("a", 0.5, 0.5), _entry("b", 0.4, 0.4)])
    joined = rank_entries(
        [_entry("a", 0.5, 0.5), _entry("ref", 0.9, 0.45, eligible=False), _entry("b", 0.4, 0.4)]
    )
    reference = next(row for row in joined if row.key == "ref")
    assert (reference.rank, reference.mean_rank, reference.rank_interval) == (None, None, None)
    assert reference.cells[BRAIN].score == 0.9
    assert reference.cells[BRAIN].interval == (0.9, 0.9)
    assert [row for row in joined if row.key != "ref"] == alone


def test_a_team_with_no_result_on_both_datasets_is_not_ranked() -> None:
    rows = rank_entries([_entry("a", 0.5, 0.5), _entry("none", None, None)])
    assert [(row.key, row.rank) for row in rows] == [("a", 1), ("none", None)]


def test_a_team_with_one_result_is_ranked_last_on_the_other_dataset() -> None:
    rows = {row.key: row for row in rank_entries([_entry("half", 0.9, None), _entry("b", 0.1, 0.1)])}
    assert (rows["half"].cells[BRAIN].rank, rows["half"].cells[ABDOM].rank) == (1, 2)
    assert rows["half"].cells[ABDOM].score is None
    assert rows["half"].rank == rows["b"].rank == 1


def test_a_clear_winner_keeps_its_place_in_every_bootstrap_and_a_near_tie_does_not() -> None:
    rows = rank_entries(
        [
            _entry("clear", 0.9, 0.9, spread=0.01),
            _entry("x", 0.5, 0.5, spread=0.1),
            _entry("yy", 0.49, 0.49, spread=0.1),
        ]
    )
    keeps = {row.key: row.keeps_place for row in rows}
    assert keeps["clear"] == 1.0
    assert 0.3 < (keeps["x"] or 0) < 0.8


def test_the_score_interval_is_the_central_95_percent_of_the_replicates() -> None:
    entry = BoardEntry(
        key="a", eligible=True, scores={BRAIN: 0.5}, replicates={BRAIN: drawn(np.linspace(0, 1, 1001))}
    )
    assert rank_entries([entry])[0].cells[BRAIN].interval == pytest.approx((0.025, 0.975))


def test_entries_with_different_numbers_of_draws_are_refused() -> None:
    short = BoardEntry(key="b", eligible=True, scores={BRAIN: 0.1}, replicates={BRAIN: drawn(np.zeros(3))})
    with pytest.raises(ValueError, match="different numbers"):
        rank_entries([_entry("a", 0.5, 0.5), short])


def test_an_empty_leaderboard_has_no_rows() -> None:
    assert rank_entries([]) == []


def test_an_entry_that_is_not_ranked_stands_where_its_scores_would_put_it() -> None:
    rows = rank_entries(
        [
            _entry("last", 0.1, 0.1),
            _entry("first", 0.9, 0.9),
            _entry("middle reference", 0.5, 0.5, eligible=False),
            _entry("nothing", None, None),
        ]
    )
    assert [row.key for row in rows] == ["first", "middle reference", "last", "nothing"]
    assert [row.rank for row in rows] == [1, None, 2, None]


def test_datasets_come_in_the_order_of_the_challenge_brain_first() -> None:
    assert list(rank_entries([_entry("a", 0.5, 0.5)])[0].cells) == [BRAIN, ABDOM]
