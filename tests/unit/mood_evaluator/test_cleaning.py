"""Scores outside the rules are changed by one rule, and counted."""

from typing import Any

import numpy as np
import pytest

from mood_evaluator.cleaning import clean_scores, ends_of


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


@pytest.mark.parametrize("kind", [np.float16, ">f4", ">f8", np.uint8, np.int64, np.longdouble, object, list])
def test_every_type_of_number_is_cleaned(kind: Any) -> None:
    numbers = np.array([0, 1, 3, 0.5, 1])
    raw = numbers.tolist() if kind is list else numbers.astype(kind)
    clean = clean_scores(raw)
    assert clean.values.tolist() == np.clip(np.asarray(raw, np.float64), 0, 1).tolist()
    assert clean.clamped == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends_are_those_of_all_that_was_seen(dtype: type) -> None:
    for seen in ((1.0, 0.0), (0.0, 0.5), (0.2, 1.0), (0.0, 1.0)):
        lowest, highest = ends_of(np.array([0.25, 0.75], dtype), within=seen)
        assert (lowest, highest) == (min(seen[0], 0.25), max(seen[1], 0.75))
