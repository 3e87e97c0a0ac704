"""Significance of all pairs: against a slow twin, and in the cases where a formula breaks."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, t

from mood_evaluator.significance import as_normal, compare_replicates, degrees_of_freedom

Matrix = npt.NDArray[np.float64]
STILL = np.zeros((4, 65))
"""Influences of scans that leave the error as firm as the draws make it."""


def slow_freedom(influences: list[float], draws: int) -> float:
    """Satterthwaite: 2 v² / Var(v), v being a sum of squares over scans, estimated from as many draws."""
    squares = [value**2 for value in influences]
    total = sum(squares)
    spread = sum((square - total / len(squares)) ** 2 for square in squares)
    return 2 / (spread / total**2 + 2 / draws)


def slow_twin(scores: list[float], replicates: Matrix, influences: Matrix) -> dict[tuple[int, int], float]:
    """Romano and Wolf's step-down procedure as they write it, one hypothesis removed at a time."""
    pairs = list(combinations(range(len(scores)), 2))
    statistics, drawn = {}, {}
    for one, other in pairs:
        gap = scores[one] - scores[other]
        draws = [row[one] - row[other] for row in replicates]
        mean = sum(draws) / len(draws)
        error = (sum((value - mean) ** 2 for value in draws) / len(draws)) ** 0.5
        freedom = slow_freedom([row[one] - row[other] for row in influences], len(replicates))
        statistics[one, other] = norm.isf(t.sf(abs(gap) / error, freedom))
        drawn[one, other] = [abs(value - gap) / error for value in draws]
    left, found, largest = set(pairs), {}, 0.0
    while left:
        chosen = max(left, key=lambda pair: statistics[pair])
        reached = sum(
            max(drawn[pair][draw] for pair in left) >= statistics[chosen] for draw in range(len(replicates))
        )
        largest = max(largest, (reached + 1) / (len(replicates) + 1))
        found[chosen] = largest
        left.remove(chosen)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_p_values_are_those_of_the_slow_twin(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = list(random.normal(size=5) * 0.1)
    spread = random.uniform(0.02, 0.2, 5)
    replicates = np.array(scores) + random.normal(size=(60, 1)) * 0.1 + random.normal(size=(60, 5)) * spread
    influences = random.standard_t(3, (40, 5))
    pairs = compare_replicates(list("abcde"), dict(zip("abcde", scores, strict=True)), replicates, influences)
    expected = slow_twin(scores, replicates, influences)
    for pair in pairs:
        key = tuple(sorted("abcde".index(name) for name in (pair.better, pair.worse)))
        assert pair.p_adjusted == pytest.approx(expected[key], abs=1.5 / 61)  # Wallace's is nearly Student's
        assert pair.p <= pair.p_adjusted
        assert scores["abcde".index(pair.better)] >= scores["abcde".index(pair.worse)]


def test_p_is_never_0_however_few_the_draws() -> None:
    pairs = compare_replicates(["a", "b"], {"a": 0.9, "b": 0.1}, np.tile([0.9, 0.1], (19, 1)), STILL[:, :2])
    assert [(pair.p, pair.p_adjusted, pair.significant) for pair in pairs] == [(0.05, 0.05, True)]


def test_teams_that_are_equal_in_every_draw_do_not_differ() -> None:
    replicates = np.random.default_rng(0).random((50, 1)) @ np.ones((1, 2))
    pairs = compare_replicates(["a", "b"], {"a": 0.5, "b": 0.5}, replicates, STILL[:, :2])
    assert [(pair.p, pair.p_adjusted, pair.difference, pair.interval) for pair in pairs] == [
        (1.0, 1.0, 0.0, (0.0, 0.0))
    ]


def test_equal_teams_do_not_hide_the_differences_of_others() -> None:
    """Two copies of one method have no spread between them; c is far behind both."""
    draws = np.random.default_rng(1).normal(0, 0.01, (500, 2))
    replicates = np.column_stack([0.8 + draws[:, 0], 0.8 + draws[:, 0], 0.2 + draws[:, 1]])
    pairs = compare_replicates(["a", "b", "c"], {"a": 0.8, "b": 0.8, "c": 0.2}, replicates, STILL[:, :3])
    assert {(pair.better, pair.worse): pair.significant for pair in pairs} == {
        ("a", "b"): False, ("a", "c"): True, ("b", "c"): True,
    }  # fmt: skip


def test_one_clearly_better_team_is_found_among_65_with_1000_draws() -> None:
    """With Holm over single p-values no pair of 2,080 could ever be significant."""
    random = np.random.default_rng(3)
    teams = [f"team-{number:02}" for number in range(65)]
    truth = np.array([0.9] + [0.5] * 64)
    observed = truth + random.normal(0, 0.02, 65)
    replicates = observed + random.normal(0, 0.02, (1000, 65))
    pairs = compare_replicates(teams, dict(zip(teams, observed, strict=True)), replicates, STILL)
    found = {(pair.better, pair.worse) for pair in pairs if pair.significant}
    assert found >= {("team-00", other) for other in teams[1:]}


@pytest.mark.parametrize("teams", [8, 27])
def test_equal_teams_rarely_differ_anywhere_on_the_board(teams: int) -> None:
    """Any false 'significant' on about 5 % of boards; `prove_significance.py` draws scans, and more."""
    random = np.random.default_rng(teams)
    names, boards = [f"{number:02}" for number in range(teams)], 200
    wrong = 0
    for _ in range(boards):
        observed = random.normal(0, 0.03, teams)
        replicates = observed + random.normal(0, 0.03, (300, teams))
        pairs = compare_replicates(
            names, dict(zip(names, observed, strict=True)), replicates, STILL[:, :teams]
        )
        wrong += any(pair.significant for pair in pairs)
    assert abs(wrong / boards - 0.05) < 3 * (0.05 * 0.95 / boards) ** 0.5


def test_a_team_without_a_result_is_in_no_pair_and_changes_none() -> None:
    random = np.random.default_rng(4)
    draws, moved = random.random((40, 2)), random.random((20, 3))
    two = compare_replicates(["a", "b"], {"a": 0.6, "b": 0.5}, draws, moved[:, :2])
    gap = np.column_stack([draws, np.full(40, np.nan)])
    assert compare_replicates(["a", "b", "c"], {"a": 0.6, "b": 0.5, "c": None}, gap, moved) == two
    assert compare_replicates(["a", "b"], {"a": 0.5, "b": None}, np.full((9, 2), 0.5), moved[:, :2]) == []


def test_the_order_in_which_teams_are_given_changes_nothing() -> None:
    random = np.random.default_rng(5)
    draws, scores = random.random((40, 4)), {"a": 0.6, "b": 0.5, "c": 0.5, "d": 0.2}
    moved = random.random((20, 4))
    forward = compare_replicates(list("abcd"), scores, draws, moved)
    backward = compare_replicates(list("dcba"), scores, draws[:, ::-1], moved[:, ::-1])
    for one, other in zip(forward, backward, strict=True):
        assert (one.better, one.worse, one.p_adjusted) == (other.better, other.worse, other.p_adjusted)


@pytest.mark.parametrize("freedom", [4.0, 12.0, 60.0, 1000.0])
@pytest.mark.parametrize("statistic", [0.0, 0.5, 2.0, 4.0, 8.0])
def test_normal_deviates_are_as_rare_as_students(statistic: float, freedom: float) -> None:
    found = as_normal(np.array([statistic]), np.array([freedom]))[0]
    assert found == pytest.approx(norm.isf(t.sf(statistic, freedom)), abs=0.05)


def test_an_error_that_few_scans_decide_has_few_degrees_of_freedom() -> None:
    """As the mean of n normal numbers leaves about n - 1, one decisive scan among many leaves about 2."""
    even = np.random.default_rng(6).normal(size=(400, 1))
    one = np.zeros((400, 1))
    one[7] = 1.0
    found = [float(degrees_of_freedom(influences, draws=10**9)[0]) for influences in (even, one)]
    assert 300 < found[0] < 500
    assert found[1] == pytest.approx(2.0, abs=0.01)
    assert degrees_of_freedom(one, draws=1000)[0] < found[1]
    assert degrees_of_freedom(np.zeros((5, 1)), draws=1000)[0] == 1000
