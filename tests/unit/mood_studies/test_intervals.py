"""Bootstrapped measures equal scikit-learn's, and an ordering needs seeds and an interval."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mood_studies.intervals import Counts, compare, describe, draw_scans, find_aps, find_aurocs

RNG = np.random.default_rng(0)
SCORES = [np.round(RNG.normal(size=200), 1) for _ in range(6)]  # with ties
TRUTHS = [RNG.random(200) < 0.1 + 0.05 * (part > 0.5) for part in SCORES]
COUNTS = Counts.of(SCORES, TRUTHS)


def test_the_first_draw_is_the_set_as_it_is_and_has_scikit_learns_ap_and_auroc() -> None:
    weights = draw_scans(np.array([True] * 6), draws=3, seed=0)
    truth, scores = np.concatenate(TRUTHS), np.concatenate(SCORES)
    assert find_aps(COUNTS, weights)[0] == pytest.approx(average_precision_score(truth, scores))
    assert find_aurocs(COUNTS, weights)[0] == pytest.approx(roc_auc_score(truth, scores))


def test_a_draw_counts_a_scan_as_often_as_it_was_drawn() -> None:
    weights = np.array([[2.0, 0, 1, 1, 0, 2]])
    chosen = np.repeat(np.arange(6), weights[0].astype(int))
    truth = np.concatenate([TRUTHS[i] for i in chosen])
    scores = np.concatenate([SCORES[i] for i in chosen])
    assert find_aps(COUNTS, weights)[0] == pytest.approx(average_precision_score(truth, scores))
    assert find_aurocs(COUNTS, weights)[0] == pytest.approx(roc_auc_score(truth, scores))


def test_abnormal_scans_are_drawn_among_the_abnormal() -> None:
    abnormal = np.array([True, True, False, False, False])
    weights = draw_scans(abnormal, draws=50, seed=1)
    assert (weights[:, abnormal].sum(axis=1) == 2).all()
    assert (weights[:, ~abnormal].sum(axis=1) == 3).all()


def test_an_ordering_is_reproduced_only_with_three_seeds_and_an_interval_above_nothing() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 500))
    assert compare(0.9 + noise, 0.8 - noise, seed=0).reproduced
    assert not compare((0.9 + noise)[:2], (0.8 - noise)[:2], seed=0).reproduced
    assert not compare(0.8 + noise, 0.8 - noise, seed=0).reproduced
    seeds_differ = np.array([[0.9], [0.7], [0.9]]) + noise
    assert not compare(seeds_differ, 0.8 - noise, seed=0).reproduced


def test_a_row_tells_the_mean_and_the_spread_of_the_seeds() -> None:
    row = describe(np.array([[0.5, 0.4], [0.7, 0.6]]))
    assert row["mean"] == pytest.approx(0.6)
    assert row["std"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert row["seeds"] == 2


def test_scores_of_the_same_nets_are_compared_seed_by_seed() -> None:
    nets = np.array([[0.80], [0.85], [0.90]]) + np.random.default_rng(0).normal(0, 0.001, (3, 500))
    assert compare(nets + 0.02, nets, seed=0, paired=True).reproduced
    assert not compare(nets + 0.02, nets, seed=0).reproduced


def test_an_ordering_is_reversed_only_with_three_seeds() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 500))
    assert compare(0.8 - noise, 0.9 + noise, seed=0).reversed
    assert not compare((0.8 - noise)[:1], (0.9 + noise)[:1], seed=0).reversed


def test_the_interval_of_a_mean_over_seeds_is_as_wide_as_students_formula_without_the_small_sample() -> None:
    seeds = np.repeat(np.array([[0.1], [0.2], [0.3], [0.4], [0.5]]), 20_000, axis=1)
    row = describe(seeds)
    expected = np.std([0.1, 0.2, 0.3, 0.4, 0.5], ddof=1) / np.sqrt(5)
    assert (row["high"] - row["low"]) / 2 / 1.96 == pytest.approx(expected, rel=0.05)
