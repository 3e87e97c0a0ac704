"""Ranks inside a Dataset."""

from __future__ import annotations

import math

from mood_evaluator.ranking import average_ranks, rank


def test_ties_share_the_smallest_rank_and_the_next_is_skipped() -> None:
    assert rank({"a": 0.5, "b": 0.9, "c": 0.5, "d": 0.1}) == {"b": 1, "a": 2, "c": 2, "d": 4}


def test_scores_that_differ_after_the_twelfth_decimal_are_tied() -> None:
    assert rank({"a": 0.4732, "b": 0.47319999999999995}) == {"a": 1, "b": 1}


def test_no_result_and_non_finite_values_never_outrank_a_number() -> None:
    places = rank({"zero": 0.0, "none": None, "nan": math.nan, "inf": math.inf})
    assert places == {"zero": 1, "none": 2, "nan": 2, "inf": 2}


def test_average_ranks_share_the_mean_of_the_places() -> None:
    assert average_ranks({"a": 3.0, "b": 2.0, "c": 2.0, "d": 1.0}) == {"a": 1.0, "b": 2.5, "c": 2.5, "d": 4.0}


def test_no_teams_have_no_ranks() -> None:
    assert rank({}) == {}
