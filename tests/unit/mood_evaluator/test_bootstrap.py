"""Replicates: paired between teams, repeats honoured, each equal to AP of the resampled scans."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    BatchingImpossible,
    Evidence,
    Quantizer,
    UndefinedScore,
    draw_batching,
    pixel_replicates,
    sample_replicates,
)
from mood_evaluator.bootstrap import _count, _deal, _draw, _generator, whole_set_replicates

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


TRUTH = np.array([bool(label.any()) for label in LABELS.values()])


def test_replicates_are_the_aps_of_the_drawn_scans() -> None:
    evidence = _evidence(0.4)
    draws = _draw(TRUTH, n=70, random=_generator(1, "s"))
    expected = _slow_twin(list(evidence.values()), _count(draws))
    assert whole_set_replicates(evidence, n=70, seed=1, stream="s") == pytest.approx(expected, abs=1e-12)


def test_pixel_replicates_are_mean_aps_of_the_dealt_batches() -> None:
    evidence, random = _evidence(0.4), _generator(1, "s")
    pools = _deal(_draw(TRUTH, n=60, random=random), TRUTH, parts=2, random=random).toarray()
    expected = np.reshape(_slow_twin(list(evidence.values()), pools), (60, 2)).mean(axis=1)
    assert pixel_replicates(evidence, BATCHING, n=60, seed=1, stream="s").draws == pytest.approx(
        expected, abs=1e-12
    )


def test_prevalence_is_kept_and_repeats_happen() -> None:
    truth = np.array([True] * 3 + [False] * 9)
    counts = _count(_draw(truth, n=500, random=np.random.default_rng(2)))
    assert (counts[:, :3].sum(axis=1) == 3).all()
    assert (counts[:, 3:].sum(axis=1) == 9).all()
    assert counts.max() > 1
    assert (_count(_draw(truth[:3], n=5, random=np.random.default_rng(2))).sum(axis=1) == 3).all()


def test_each_dealt_batch_has_its_size_and_an_abnormal_scan() -> None:
    truth, random = np.array([True] * 4 + [False] * 7), np.random.default_rng(3)
    draws = _draw(truth, n=200, random=random)
    pools = _deal(draws, truth, parts=3, random=random).toarray().reshape(200, 3, 11)
    assert (pools[:, :, :4].sum(axis=2) >= 1).all()
    assert (pools.sum(axis=2) == [3, 4, 4]).all()
    np.testing.assert_array_equal(pools.sum(axis=1), _count(draws))


def test_where_chance_hardly_fills_the_batches_abnormal_scans_are_placed() -> None:
    truth, random = np.array([True] * 12 + [False] * 12), np.random.default_rng(3)
    draws = _draw(truth, n=30, random=random)
    pools = _deal(draws, truth, parts=12, random=random).toarray().reshape(30, 12, 24)
    assert (pools[:, :, :12].sum(axis=2) >= 1).all()
    assert (pools.sum(axis=2) == 2).all()
    np.testing.assert_array_equal(pools.sum(axis=1), _count(draws))


def test_too_few_abnormal_scans_for_the_batches_are_an_error() -> None:
    truth, random = np.array([True] * 2 + [False] * 7), np.random.default_rng(3)
    with pytest.raises(BatchingImpossible, match="too few for 3 batches"):
        _deal(_draw(truth, n=2, random=random), truth, parts=3, random=random)


def test_pixel_replicates_surround_the_score_and_are_repeatable() -> None:
    evidence = _evidence(0.4)
    once = pixel_replicates(evidence, BATCHING, n=200, seed=3, stream="s").draws
    assert np.array_equal(once, pixel_replicates(evidence, BATCHING, n=200, seed=3, stream="s").draws)
    assert not np.array_equal(once, pixel_replicates(evidence, BATCHING, n=200, seed=4, stream="s").draws)
    pools = [[evidence[name] for name in batch] for batch in BATCHING.batches]
    score = np.mean([sum(pool[1:], pool[0]).ap(Quantizer.TWO_SIDED) for pool in pools])
    assert once.min() < score < once.max()
    assert np.isfinite(once).all()


def test_equal_teams_have_equal_replicates_whatever_order_their_cases_come_in() -> None:
    evidence = _evidence(0.2)
    backwards = dict(reversed(evidence.items()))
    once = pixel_replicates(evidence, BATCHING, n=50, seed=3, stream="s").draws
    assert np.array_equal(once, pixel_replicates(backwards, BATCHING, n=50, seed=3, stream="s").draws)
    whole = whole_set_replicates(evidence, n=50, seed=3, stream="s")
    assert np.array_equal(whole, whole_set_replicates(backwards, n=50, seed=3, stream="s"))


def test_teams_share_their_draws() -> None:
    """A team that is better on every scan is better in every replicate."""
    weak, strong = ({name: Evidence.of(LABELS[name] * high, LABELS[name]) for name in IDS} for high in (0, 1))
    better = (
        pixel_replicates(strong, BATCHING, n=100, seed=1, stream="s").draws
        - pixel_replicates(weak, BATCHING, n=100, seed=1, stream="s").draws
    )
    assert (better > 0).all()


def test_sample_replicates_are_scikit_learns_aps_of_the_drawn_scans() -> None:
    scores = {name: float(index % 5) / 5 for index, name in enumerate(IDS)}
    abnormal = {name: bool(label.any()) for name, label in LABELS.items()}
    truth = np.array([abnormal[name] for name in IDS])
    draws = _count(_draw(truth, n=40, random=_generator(9, "s"))).astype(int)
    values = np.array([scores[name] for name in IDS])
    expected = [average_precision_score(np.repeat(truth, row), np.repeat(values, row)) for row in draws]
    assert sample_replicates(scores, abnormal, n=40, seed=9, stream="s").draws == pytest.approx(
        expected, abs=1e-12
    )


def test_influences_of_samples_are_how_far_a_scan_moves_the_ap_when_it_counts_twice() -> None:
    scores = {name: float(index % 5) / 5 for index, name in enumerate(IDS)}
    abnormal = dict(zip(IDS, TRUTH.tolist(), strict=True))
    values, moved = np.array(list(scores.values())), []
    for case in range(len(IDS)):
        times = np.ones(len(IDS), int)
        times[case] = 2
        moved.append(average_precision_score(np.repeat(TRUTH, times), np.repeat(values, times)))
    found = sample_replicates(scores, abnormal, n=2, seed=1, stream="s").influences
    expected = np.array(moved)
    for kind in (TRUTH, ~TRUTH):
        assert found[kind] == pytest.approx(expected[kind] - expected[kind].mean())


def test_influences_of_voxels_are_those_on_the_batch_of_a_scan() -> None:
    evidence, moved = _evidence(0.4), {}
    for batch in BATCHING.batches:
        pool = [evidence[name] for name in batch]
        before = sum(pool[1:], pool[0]).ap(Quantizer.TWO_SIDED)
        for name in batch:
            moved[name] = sum(pool, evidence[name]).ap(Quantizer.TWO_SIDED) - before
    expected = np.array([moved[name] for name in IDS])
    found = pixel_replicates(evidence, BATCHING, n=2, seed=1, stream="s").influences
    for kind in (TRUTH, ~TRUTH):
        assert found[kind] == pytest.approx(expected[kind] - expected[kind].mean())


def test_without_anything_abnormal_there_are_no_replicates() -> None:
    with pytest.raises(UndefinedScore):
        sample_replicates({"a": 0.5}, {"a": False}, n=10, seed=0, stream="s")
