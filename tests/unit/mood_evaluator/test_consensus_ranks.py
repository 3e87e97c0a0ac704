"""Consensus over Datasets, against the published tables of the thesis and challengeR's anchors."""

from __future__ import annotations

import pytest

from mood_evaluator.consensus_ranks import consensus, mean_ranks

TABLE_4_1 = {  # sample level: team -> (brain AP, abdominal AP)
    "FPI": (0.962, 0.874),
    "Naval Marimont": (0.873, 0.874),
    "Canon": (0.845, 0.871),
    "NUDT": (0.792, 0.876),
    "Tuluptceva": (0.840, 0.861),
    "A1": (0.831, 0.780),
    "Saase": (0.800, 0.770),
    "A2": (0.634, 0.816),
}
TABLE_4_2 = {  # pixel level
    "FPI": (0.449, 0.394),
    "Canon": (0.416, 0.288),
    "Tuluptceva": (0.211, 0.221),
    "Naval Marimont": (0.273, 0.217),
    "NUDT": (0.201, 0.239),
    "Saase": (0.204, 0.014),
    "A1": (0.160, 0.072),
    "A2": (0.002, 0.014),
}


def _columns(table: dict[str, tuple[float, float]]) -> list[dict[str, float | None]]:
    return [{team: scores[column] for team, scores in table.items()} for column in (0, 1)]


def test_the_ap_columns_of_table_4_1_give_its_rank_column() -> None:
    assert list(consensus(_columns(TABLE_4_1)).values()) == [1, 2, 3, 4, 5, 6, 7, 7]


def test_the_ap_columns_of_table_4_2_give_its_rank_column() -> None:
    assert list(consensus(_columns(TABLE_4_2)).values()) == [1, 2, 3, 3, 5, 6, 7, 8]


def test_mean_ranks_are_those_that_challenger_prints() -> None:
    sample, pixel = mean_ranks(_columns(TABLE_4_1)), mean_ranks(_columns(TABLE_4_2))
    assert list(sample.values()) == [1.75, 2.25, 3.5, 4.0, 4.5, 6.0, 7.0, 7.0]
    assert (pixel["FPI"], pixel["Canon"], pixel["NUDT"], pixel["Saase"]) == (1.0, 2.0, 4.5, 6.25)
    assert (pixel["A1"], pixel["A2"]) == (6.5, 7.75)


def test_a_team_without_a_result_on_one_dataset_ranks_last_there() -> None:
    places = consensus([{"a": 0.5, "b": 0.4}, {"a": None, "b": 0.1}])
    assert places == {"a": 1, "b": 1}


def test_datasets_with_different_teams_are_refused() -> None:
    with pytest.raises(ValueError, match="same teams"):
        mean_ranks([{"a": 1.0}, {"b": 1.0}])
