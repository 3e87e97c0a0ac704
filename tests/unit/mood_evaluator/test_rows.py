"""Rankings and tables are lists as before, pandas frames where wanted, and calm tables in a notebook."""

import builtins
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mood_evaluator import BoardEntry, Dataset, EvaluatorError, Replicates, compare_entries, rank_entries
from mood_evaluator.rows import Rows, html_table
from mood_evaluator.tables import (
    Method,
    ScoreTable,
    bootstrap_table,
    combine_rankings,
    compare_pairs,
    rank_table,
    read_score_tables,
)

TABLE = ScoreTable("brain", ("A", "<b>B</b>"), ("x", "y"), np.array([[0.9, 0.8], [0.1, np.nan]]))
FILLED = Method(missing=0.0)


def entries() -> list[BoardEntry]:
    draws = Replicates(np.array([0.5, 0.6, 0.7]), np.array([0.1, -0.1]))
    brain = {"A": 0.6, "B": 0.5}
    return [
        BoardEntry(key=key, eligible=True, scores={Dataset.BRAIN: score}, replicates={Dataset.BRAIN: draws})
        for key, score in brain.items()
    ]


def test_a_ranking_is_a_list_that_becomes_a_frame() -> None:
    ranking = rank_table(TABLE, FILLED)
    assert ranking == list(ranking)
    frame = ranking.to_frame()
    assert frame.columns.tolist() == ["algorithm", "aggregate", "rank"]
    assert frame["rank"].tolist() == [1, 2]
    assert combine_rankings({"brain": ranking}).to_frame()["rank"].tolist() == [1, 2]
    assert compare_pairs(TABLE).to_frame()["significant"].tolist() == [False, False]


def test_leaderboard_rows_have_a_column_for_each_measure_of_a_dataset() -> None:
    frame = rank_entries(entries()).to_frame()
    assert frame["brain score"].tolist() == [0.6, 0.5]
    assert frame["rank"].tolist() == [1, 2]
    pairs = compare_entries(entries())[Dataset.BRAIN].to_frame()
    assert pairs[["better", "worse", "significant"]].values.tolist() == [["A", "B", False]]


def test_stability_has_a_summary() -> None:
    stability = bootstrap_table(TABLE, FILLED, n=20, seed=0)
    assert stability.to_frame()["algorithm"].tolist() == ["A", "<b>B</b>"]
    assert "1 to 1" in stability._repr_html_()


@pytest.mark.parametrize(
    "shown",
    [TABLE, rank_table(TABLE, FILLED), bootstrap_table(TABLE, FILLED, n=20, seed=0), compare_pairs(TABLE)],
)
def test_html_escapes_names_and_sets_no_colour_of_its_own(shown: Any) -> None:
    text = shown._repr_html_()
    assert "&lt;b&gt;B" in text
    assert "<b>" not in text
    assert not re.search(r"[^-]color:|#[0-9a-f]{3}|background: (?!transparent)", text)


def test_cells_are_written_for_people() -> None:
    row = {"team": "A", "p_adjusted": 0.12344, "p": 1.26e-5, "mean_rank": 2.0, "none": None, "nan": np.nan}
    text = html_table([{**row, "most": np.inf, "sure": True, "interval": (0.5, 0.75)}])
    assert re.findall(r">([^<>]+)</td>", text) == [
        "A", "0.1234", "1.3e-05", "2", "-", "-", "inf", "yes", "0.5000 to 0.7500",
    ]  # fmt: skip
    assert ">p adjusted</th>" in text
    assert "<tbody></tbody>" in Rows[int]()._repr_html_()


def test_a_table_becomes_a_frame_and_comes_back() -> None:
    (back,) = read_score_tables(TABLE.to_frame()).values()
    assert (back.task, back.algorithms, back.cases) == (TABLE.task, TABLE.algorithms, TABLE.cases)
    assert np.array_equal(back.values, TABLE.values, equal_nan=True)


def test_frames_of_any_kind_of_column_are_read() -> None:
    frame = pd.DataFrame(
        {"case": [1, 2], "value": pd.array([1, None], "Int64"), "alg_name": "A", "task": "t"}
    )
    table = read_score_tables(frame)["t"]
    assert table.cases == ("1", "2")
    assert np.array_equal(table.values, [[1.0, np.nan]], equal_nan=True)
    narrow = pd.DataFrame({"case": ["x"], "value": np.array([0.1], np.float32), "alg_name": "A", "task": "t"})
    assert rank_table(read_score_tables(narrow)["t"])[0].aggregate == np.float32(0.1)


def test_without_pandas_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pandas(name: str, *more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(EvaluatorError, match=r"pip install 'mood-evaluator\[pandas\]'"):
        rank_table(TABLE, FILLED).to_frame()
