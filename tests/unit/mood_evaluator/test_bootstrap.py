"""Replicates: paired between teams, repeats honoured, each equal to AP of the resampled scans."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    Evidence,
    Quantizer,
    UndefinedScore,
    draw_batching,
    pixel_replicates,
    sample_replicates,
)
from mood_evaluator.bootstrap import _draw, _pooled_aps, _stack

RANDOM = np.random.default_rng(6)
IDS = [f"c{index}" for index in range(8)]
LABELS = {name: RANDOM.random(500) < (0.1 if index % 2 else 0) for index, name in enumerate(IDS)}


def _evidence(shift: float) -> dict[str, Evidence]:
    scores = {name: np.clip(RANDOM.random(500) + shift * label, 0, 1) for name, label in LABELS.items()}
    return {name: Evidence.of(scores[name], LABELS[name]) for name in IDS}


BATCHING = draw_batching({name: bool(label.any()) for name, label in LABELS.items()}, size=4, seed=0)


def _slow_twin(parts: list[Evidence], draws: npt.NDArray[np.float64]) -> list[float]:
    """Pool the drawn scans, as often as drawn, and score the pool."""
    found = []
    for row in draws.astype(int):
        drawn = [part for part, times in zip(parts, row, strict=True) for _ in range(times)]
        found.append(sum(drawn[1:], drawn[0]).ap(Quantizer.TWO_SIDED))
    return found


def test_replicates_are_the_aps_of_the_drawn_scans() -> None:
    parts = list(_evidence(0.4).values())
    truth = np.array([part.positives > 0 for part in parts])
    draws = _draw(truth, n=70, random=np.random.default_rng(1))
    fast = _pooled_aps(draws, *_stack([part.two_sided for part in parts]))
    assert fast == pytest.approx(_slow_twin(parts, draws), abs=1e-12)


def test_as_many_scans_are_drawn_as_there_are_and_one_is_abnormal() -> None:
    truth = np.array([True] + [False] * 9)
    draws = _draw(truth, n=500, random=np.random.default_rng(2))
    assert (draws.sum(axis=1) == 10).all()
    assert (draws[:, 0] >= 1).all()
    assert draws[:, 1:].max() > 1


def test_pixel_replicates_surround_the_score_and_are_repeatable() -> None:
    evidence = _evidence(0.4)
    once = pixel_replicates(evidence, BATCHING, n=200, seed=3)
    assert np.array_equal(once, pixel_replicates(evidence, BATCHING, n=200, seed=3))
    assert not np.array_equal(once, pixel_replicates(evidence, BATCHING, n=200, seed=4))
    pools = [[evidence[name] for name in batch] for batch in BATCHING.batches]
    score = np.mean([sum(pool[1:], pool[0]).ap(Quantizer.TWO_SIDED) for pool in pools])
    assert once.min() < score < once.max()
    assert np.isfinite(once).all()


def test_equal_teams_have_equal_replicates_whatever_order_their_cases_come_in() -> None:
    evidence = _evidence(0.2)
    backwards = dict(reversed(evidence.items()))
    once = pixel_replicates(evidence, BATCHING, n=50, seed=3)
    assert np.array_equal(once, pixel_replicates(backwards, BATCHING, n=50, seed=3))


def test_teams_share_their_draws() -> None:
    """A team that is better on every scan is better in every replicate."""
    weak, strong = ({name: Evidence.of(LABELS[name] * high, LABELS[name]) for name in IDS} for high in (0, 1))
    better = pixel_replicates(strong, BATCHING, n=100, seed=1) - pixel_replicates(
        weak, BATCHING, n=100, seed=1
    )
    assert (better > 0).all()


def test_sample_replicates_are_scikit_learns_aps_of_the_drawn_scans() -> None:
    scores = {name: float(index % 5) / 5 for index, name in enumerate(IDS)}
    abnormal = {name: bool(label.any()) for name, label in LABELS.items()}
    truth = np.array([abnormal[name] for name in IDS])
    draws = _draw(truth, n=40, random=np.random.default_rng([9])).astype(int)
    values = np.array([scores[name] for name in IDS])
    expected = [average_precision_score(np.repeat(truth, row), np.repeat(values, row)) for row in draws]
    assert sample_replicates(scores, abnormal, n=40, seed=9) == pytest.approx(expected, abs=1e-12)


def test_without_anything_abnormal_there_are_no_replicates() -> None:
    with pytest.raises(UndefinedScore):
        sample_replicates({"a": 0.5}, {"a": False}, n=10, seed=0)
