"""Scores outside the rules are changed by one rule, and counted."""

import numpy as np

from mood_evaluator.clean_scores import clean_scores


def test_nan_is_zero_and_the_rest_is_clamped_and_counted() -> None:
    clean = clean_scores(np.array([np.nan, -np.inf, np.inf, -0.1, 1.1, 0.25, -0.0]))
    assert clean.values.tolist() == [0, 0, 1, 0, 1, 0.25, 0]
    assert (clean.nan, clean.clamped, clean.posinf, clean.neginf) == (1, 4, 1, 1)
    assert not np.signbit(clean.values).any()


def test_proper_scores_stay_as_they_are() -> None:
    raw = np.array([0.0, -0.0, 0.5, 1.0], np.float32)
    clean = clean_scores(raw)
    assert clean.values.dtype == np.float32
    assert clean.values.tolist() == [0, 0, 0.5, 1]
    assert (clean.nan, clean.clamped) == (0, 0)
    assert not np.signbit(clean.values).any()
