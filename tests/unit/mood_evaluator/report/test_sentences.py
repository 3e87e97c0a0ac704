"""Sentences and marks of the report agree with the numbers that stand beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from mood_evaluator.report import leader, pdf
from mood_evaluator.report.blocks import Column, Words
from mood_evaluator.report.contest import Contest, gather_contest
from mood_evaluator.report.toy_cases import ToyComparison, answer, blocks
from mood_evaluator.report.what_is_hard import Hardness
from mood_evaluator.report.what_is_hard import answer as what_is_hard
from mood_evaluator.runs import ScoredRun


@pytest.fixture(scope="module")
def three(two: Path) -> Contest:
    """Return Team Aurora ahead of two teams with the same scores."""
    runs = [ScoredRun.load(path) for path in sorted(two.glob("*test-brain-pixel.zip"))]
    behind = next(run for run in runs if run.team != "Team Aurora")
    runs += [replace(behind, team="Twin")]
    return gather_contest(runs, [], bootstraps=20, seed=1, predictions={}, on_run=None)


def test_all_who_share_the_second_place_are_the_next(three: Contest) -> None:
    assert np.sort(three.overall.full).tolist() == [1, 2, 2]
    words = leader.answer(three)
    assert "lead over Heidelberg Imaging and Twin, the next, is significant" in words
    assert "Team Aurora against Heidelberg Imaging: " in words
    assert "; Team Aurora against Twin: " in words


def _comparison(tau: float, low: float, high: float) -> ToyComparison:
    found = object.__new__(ToyComparison)
    found.contest = cast("Contest", SimpleNamespace(name="Pixel task", task="pixel"))
    found.points = {}
    row: dict[str, Any] = {"test set": "Brain", "toy set": "toy", "toy scans": 8, "teams": 5}
    found.rows = [row | {"kendall_tau_b": tau, "low": low, "high": high}]
    return found


def test_an_agreement_outside_its_interval_is_marked_wherever_it_stands() -> None:
    outside, inside = _comparison(0.8, 0.58, 0.79), _comparison(0.7, 0.58, 0.79)
    assert "95 % of the draws 0.58 to 0.79 †)" in answer(outside)
    assert "†" not in answer(inside)
    marks = []
    for found in (outside, inside):
        shown = blocks(found)
        table = next(shown)
        marks.append(table.columns[-1].show(found.rows[0]))  # type: ignore[union-attr]
        after = next(shown) if found is outside else None
        assert after is None or (isinstance(after, Words) and after.text.startswith("† Not around"))
    assert marks == ["0.58 to 0.79 †", "0.58 to 0.79"]


def _hardness(**kinds: list[tuple[str, float, int]]) -> Hardness:
    found = object.__new__(Hardness)
    found.contest = cast("Contest", SimpleNamespace(name="Pixel task", sets={"test-brain": None}))
    names = ("category", "subcategory", "difficulty", "origin")
    found.kinds = {
        dimension: {
            "Brain": [
                {"name": name, "ap": ap, "low": ap - 0.05, "high": ap + 0.05, "cases": cases}
                for name, ap, cases in kinds.get(dimension, [])
            ]
        }
        for dimension in names
    }
    return found


def test_what_a_plot_tells_apart_the_sentence_does_not_deny() -> None:
    origin = [("natural", 0.3, 10), ("artificial", 0.7, 5)]
    words = what_is_hard(_hardness(origin=origin, category=[("tumour", 0.4, 9)]))
    assert "On brain by origin, natural (AP 0.30, n = 10) is hardest for the median team, artificial" in words
    alike = what_is_hard(_hardness(origin=[("natural", 0.5, 10), ("artificial", 0.52, 5)]))
    assert "On brain by origin, no kind is clearly harder" in alike
    assert "no two kinds have 5" in what_is_hard(_hardness(origin=origin[:1]))
    both = _hardness(origin=origin, category=[("tumour", 0.4, 9), ("noise", 0.8, 9)])
    assert "On brain, tumour (AP 0.40, n = 9) is hardest" in what_is_hard(both)


def test_long_names_stay_apart_in_the_pdf() -> None:
    column = Column("Team", lambda row: str(row["team"]), right=False)
    names = [f"Long-Named Consortium for Unsupervised Detection, {town}" for town in ("Heidelberg", "Leuven")]
    one, other = (pdf._cell(column, {"team": name}, 1.2) for name in names)
    assert (" ".join(one), " ".join(other)) == (names[0], names[1])
    assert all(line.endswith("…") for line in pdf._cell(column, {"team": "x" * 90}, 1.2))
