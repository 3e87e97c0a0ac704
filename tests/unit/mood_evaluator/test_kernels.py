"""The loops over voxels: compiled ones and NumPy's give the same, and what quantizing each score gives."""

import builtins
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mood_evaluator import Quantizer, kernels, prepare_kernels
from mood_evaluator.code_counts import CodeCounts

EDGES = [
    0.0,
    1e-45,
    1e-9,
    2.9e-8,
    2**-25,
    2**-24,
    3e-8,
    6e-5,
    2**-14,
    0.49999,
    0.4999999,
    0.5,
    0.50000006,
    0.9999999,
    1.0,
]
Scores = npt.NDArray[np.floating[Any]]


@pytest.fixture(params=["compiled", "NumPy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "NumPy":
        monkeypatch.setattr(kernels, "_load", lambda: None)
    assert prepare_kernels() == (request.param == "compiled")
    return request.param


def draw(seed: int) -> tuple[Scores, npt.NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 3_000))
    ways = (
        random.random(size),
        1 - random.random(size) ** 4,
        random.random(size) ** 9,
        np.round(random.random(size), 2),
    )
    scores = ways[seed % 4] * (random.random(size) < 0.7)
    scores[: min(size, len(EDGES))] = EDGES[: min(size, len(EDGES))]
    return scores, random.random(size) < random.random()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counting_codes_equals_quantizing_each_score(way: str, dtype: type) -> None:
    for seed in range(40):
        raw, labels = draw(seed)
        scores = raw.astype(dtype)
        counts = CodeCounts()
        counts.add(scores, labels)
        for quantizer in Quantizer:
            expected = [
                np.bincount(quantizer.quantize(scores[own]), minlength=quantizer.size)
                for own in (~labels, labels)
            ]
            np.testing.assert_array_equal(counts.of(quantizer), expected)


def test_every_float16_boundary_rounds_as_numpy_does(way: str) -> None:
    """Each code, what lies half-way to the next, and the numbers beside it."""
    codes = np.arange(int(np.float16(1).view(np.uint16)), dtype=np.uint16)
    low, high = codes.view(np.float16).astype(np.float64), (codes + 1).view(np.float16).astype(np.float64)
    middle = ((low + high) / 2).astype(np.float32)
    around = [
        middle,
        np.nextafter(middle, np.float32(0)),
        np.nextafter(middle, np.float32(1)),
        low.astype(np.float32),
    ]
    scores = np.concatenate([*around, 1 - np.concatenate(around)]).astype(np.float32)
    counts = CodeCounts()
    counts.add(scores, None)
    for quantizer in Quantizer:
        expected = np.bincount(quantizer.quantize(scores), minlength=quantizer.size)
        np.testing.assert_array_equal(counts.of(quantizer)[0], expected)


def test_voxels_are_counted_between_thresholds(way: str) -> None:
    for seed in range(200):
        raw, labels = draw(seed)
        bits = raw.astype(np.float32).view(np.uint32)
        thresholds = np.unique(np.random.default_rng(seed).choice(bits, 1 + seed % 50))
        expected = [((bits >= low) & ~labels).sum() for low in thresholds]
        gaps, merged = np.zeros((2, thresholds.size), np.int64)
        kernels.count_into_gaps(bits, labels, thresholds, gaps)
        above, zeros = kernels.take_above_zero(bits, labels, wanted=False)
        kernels.merge_into_gaps(np.sort(above), zeros, thresholds, merged)
        np.testing.assert_array_equal(np.cumsum(gaps[::-1])[::-1], expected)
        np.testing.assert_array_equal(merged, gaps)


def test_scores_above_zero_are_taken_of_either_kind(way: str) -> None:
    raw, labels = draw(4)
    bits = raw.astype(np.float32).view(np.uint32)
    for wanted in (True, False):
        above, zeros = kernels.take_above_zero(bits, labels, wanted=wanted)
        own = bits[labels == wanted]
        np.testing.assert_array_equal(above, own[own > 0])
        assert zeros == (own == 0).sum()


def test_without_numba_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if "compiled" in (rest[2] or ()):
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert kernels._load.__wrapped__() is None


def test_more_voxels_than_a_small_counter_holds_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores, labels = np.linspace(0, 1, 40, dtype=np.float32), np.arange(40) % 3 == 0
    once = CodeCounts()
    once.add(scores, labels)
    monkeypatch.setattr("mood_evaluator.code_counts._MOST", 15)
    often = CodeCounts()
    for start in range(0, 40, 10):
        often.add(scores[start : start + 10], labels[start : start + 10])
    once.add(scores, None)
    for start in range(0, 40, 10):
        often.add(scores[start : start + 10], None)
    for quantizer in Quantizer:
        np.testing.assert_array_equal(once.of(quantizer), often.of(quantizer))
