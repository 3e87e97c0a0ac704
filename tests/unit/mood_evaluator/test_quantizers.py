"""The two quantizers: number of codes, order, and a single rounding."""

import numpy as np
import pytest

from mood_evaluator import Quantizer


@pytest.mark.parametrize(("quantizer", "size"), [("mood2020", 15_361), ("two_sided", 28_673)])
def test_codes_are_as_many_as_promised_and_all_are_reached(quantizer: str, size: int) -> None:
    halves = np.arange(0x3C01, dtype=np.uint16).view(np.float16).astype(np.float64)
    every = np.unique(np.concatenate([halves, 1 - halves]))
    assert Quantizer(quantizer).size == size
    assert np.array_equal(np.unique(Quantizer(quantizer).quantize(every)), np.arange(size))


@pytest.mark.parametrize("quantizer", Quantizer)
def test_a_higher_score_never_gets_a_lower_code(quantizer: Quantizer) -> None:
    near_half = 0.5 + np.linspace(-1e-3, 1e-3, 20_001)
    scores = np.sort(np.concatenate([np.random.default_rng(1).random(100_000) ** 3, near_half]))
    assert (np.diff(quantizer.quantize(scores).astype(int)) >= 0).all()


def test_mood2020_rounds_once_where_two_roundings_would_differ() -> None:
    score = np.array([1 / 2 + 2.0**-12 + 2.0**-40])  # through float32 this falls on a tie and goes down
    assert Quantizer.MOOD2020.quantize(score) == 0x3801
    assert Quantizer.MOOD2020.quantize(score.astype(np.float32)) == 0x3800


def test_two_sided_tells_scores_near_one_apart_where_float16_does_not() -> None:
    scores = 1 - np.array([1e-6, 2e-6, 3e-6])
    assert len(set(Quantizer.MOOD2020.quantize(scores).tolist())) == 1
    assert len(set(Quantizer.TWO_SIDED.quantize(scores).tolist())) == 3
