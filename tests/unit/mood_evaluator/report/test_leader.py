"""Who leads, in words: shared firsts are told apart, and so is a team that is first more often."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mood_evaluator.report import leader
from mood_evaluator.report.contest import Contest, gather_contest
from mood_evaluator.runs import ScoredRun

ONE, OTHER = "Team Aurora", "Heidelberg Imaging"  # the first leads


@pytest.fixture(scope="module")
def contest(two: Path) -> Contest:
    runs = [ScoredRun.load(path) for path in sorted(two.glob("*test-brain-pixel.zip"))]
    return gather_contest(runs, [], bootstraps=20, seed=1, predictions={}, on_run=None)


def drawn(contest: Contest, *ranks: tuple[int, int]) -> Contest:
    """Return the contest with other ranks of the leader and its rival in the draws."""
    [(name, part)] = contest.stability.sets.items()
    own = replace(part.stability, algorithms=(ONE, OTHER), full=np.array([1, 2]), ranks=np.array(ranks))
    stability = replace(contest.stability, sets={name: replace(part, stability=own)})
    return replace(contest, stability=stability, draws=len(ranks))


def test_firsts_alone_and_shared_are_told_apart_and_never_add_to_more_than_all(contest: Contest) -> None:
    found = drawn(contest, (1, 2), (1, 2), (1, 1), (2, 1))
    assert leader.first_shares(found, ONE) == (0.5, 0.25)
    assert leader.first_shares(found, OTHER) == (0.25, 0.25)
    words = f"{ONE} leads, alone first in 50 % of 4 draws of scans, first with others in 25 %."
    assert words in leader.leader(found)
    assert "alone first in 50 % of the draws of scans, first with others in 25 %." in leader.in_short(found)


def test_without_shared_firsts_none_are_told(contest: Contest) -> None:
    words = leader.leader(drawn(contest, (1, 2), (1, 2)))
    assert "alone first in 100 % of 2 draws of scans. That is" in words


@pytest.mark.parametrize(
    ("ranks", "often"),
    [([(1, 2), (2, 1)], "just as often, in 50 %"), ([(1, 2), (2, 1), (2, 1)], "more often, in 67 %")],
)
def test_another_team_that_is_first_as_often_or_more_is_told(
    contest: Contest, ranks: list[tuple[int, int]], often: str
) -> None:
    for told in (leader.leader, leader.in_short, leader.answer):
        assert f"But {OTHER} is alone first {often}." in told(drawn(contest, *ranks))


def test_where_all_draws_tie_nobody_is_first_more_often(contest: Contest) -> None:
    words = leader.leader(drawn(contest, (1, 1)))
    assert "alone first in 0 % of 1 draws of scans, first with others in 100 %." in words
    assert "But" not in words


def test_scores_that_tie_as_published_are_tied_and_small_leads_have_four_decimals(contest: Contest) -> None:
    [(name, runs)] = contest.standings.sets.items()
    score = 0.5

    def beside(other: float) -> Contest:
        moved = {ONE: score, OTHER: other}
        own = {
            team: replace(run, result=replace(run.result, score=moved[team])) for team, run in runs.items()
        }
        pair = replace(
            contest.stability.sets[name].pairs[0], better=ONE, worse=OTHER, difference=score - other
        )
        part = replace(contest.stability.sets[name], pairs=(pair,))
        return replace(
            contest,
            standings=replace(contest.standings, sets={name: own}),
            stability=replace(contest.stability, sets={name: part}),
        )

    assert ": tied (p = " in leader.answer(beside(0.50001))
    assert f"{ONE} against {OTHER}: 0.0003 AP ahead (p" in leader.answer(beside(0.4997))
