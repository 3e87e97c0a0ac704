"""Whoever is not ranked (reference, late, excluded, without a result) changes nothing in anybody's row."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mood_evaluator.bootstrap import Replicates
from mood_evaluator.leaderboard import BoardEntry, BoardRow, rank_entries
from mood_evaluator.ranking import as_published
from mood_evaluator.test_set import Dataset

DRAWS = 7
SCORE = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
"""Ties and missing results are as likely as anything else."""


def entries(*, prefix: str, eligible: bool) -> st.SearchStrategy[list[BoardEntry]]:
    scores = st.lists(st.tuples(SCORE, SCORE, st.integers(0, 2**16)), max_size=5)
    return scores.map(
        lambda rows: [
            make_entry(f"{prefix}{index}", eligible, dict(zip(Dataset, row[:2], strict=True)), row[2])
            for index, row in enumerate(rows)
        ]
    )


def make_entry(key: str, eligible: bool, scores: dict[Dataset, float | None], seed: int) -> BoardEntry:
    noise = np.random.default_rng(seed).normal(0, 0.2, DRAWS).round(1)
    replicates = {
        d: None if score is None else Replicates(score + noise, np.zeros(4)) for d, score in scores.items()
    }
    return BoardEntry(key=key, eligible=eligible, scores=scores, replicates=replicates)


@settings(max_examples=150, deadline=None)
@given(entries(prefix="team", eligible=True), entries(prefix="bystander", eligible=False), st.randoms())
def test_ranks_intervals_and_order_are_the_same_with_and_without_bystanders(
    teams: list[BoardEntry], bystanders: list[BoardEntry], order: random.Random
) -> None:
    everyone = [*teams, *bystanders]
    order.shuffle(everyone)
    alone, together = rank_entries(teams), rank_entries(everyone)
    ranked = [row for row in together if row.rank is not None]
    assert ranked == [row for row in alone if row.rank is not None]
    assert {row.key for row in together} == {entry.key for entry in everyone}


@settings(max_examples=100, deadline=None)
@given(entries(prefix="team", eligible=True), entries(prefix="bystander", eligible=False))
def test_bystanders_are_listed_at_their_score_and_never_ranked(
    teams: list[BoardEntry], bystanders: list[BoardEntry]
) -> None:
    rows = {row.key: row for row in rank_entries([*teams, *bystanders])}
    for entry in bystanders:
        row = rows[entry.key]
        published = {dataset: as_published(score) for dataset, score in entry.scores.items()}
        assert {dataset: cell.score for dataset, cell in row.cells.items()} == published
        assert not any(has_a_rank(row))


@settings(max_examples=100, deadline=None)
@given(entries(prefix="team", eligible=True))
def test_no_result_ranks_last_and_never_before_a_number(teams: list[BoardEntry]) -> None:
    rows = [row for row in rank_entries(teams) if row.rank is not None]
    for dataset in Dataset:
        cells = [row.cells[dataset] for row in rows if dataset in row.cells]
        numbers = [cell.rank or 0 for cell in cells if cell.score is not None]
        missing = [cell.rank or 0 for cell in cells if cell.score is None]
        assert max(numbers, default=0) < min(missing, default=99)


def has_a_rank(row: BoardRow) -> list[object]:
    own = [row.rank, row.mean_rank, row.rank_interval, row.keeps_place]
    return own + [part for cell in row.cells.values() for part in (cell.rank, cell.rank_interval)]
