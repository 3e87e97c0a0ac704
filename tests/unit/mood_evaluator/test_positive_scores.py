"""The scores of abnormal voxels: kept, read back, and united, in memory or in files."""

from pathlib import Path

import numpy as np
import pytest

from mood_evaluator import InvalidEvidence, PositiveScores, positive_scores, sorted_scores
from mood_evaluator.pools import KeptPositives, Pool
from mood_evaluator.shelf import Shelf
from mood_evaluator.sorted_scores import ScoreSorter, SortedScores


def draw(seed: int, size: int = 500) -> np.ndarray:
    return np.random.default_rng(seed).random(size).astype(np.float32).round(2 + seed % 5)


@pytest.mark.parametrize("size", [0, 1, 7, 50_000])
def test_bytes_come_back(size: int) -> None:
    found = PositiveScores.of(draw(1, size))
    again = PositiveScores.from_bytes(found.to_bytes())
    np.testing.assert_array_equal(again.codes, found.codes)
    np.testing.assert_array_equal(again.counts, found.counts)
    assert found.counts.sum() == size


@pytest.mark.parametrize("damage", [b"", b"MOODPOS1", b"x" * 40])
def test_other_bytes_are_refused(damage: bytes) -> None:
    whole = PositiveScores.of(draw(1)).to_bytes()
    for data in (damage, whole[:-9], whole[:8] + b"\xff" * 8 + whole[16:], b"MOODPOS2" + whole[8:]):
        with pytest.raises(InvalidEvidence, match="Score the case again"):
            PositiveScores.from_bytes(data)


def test_parts_are_gathered() -> None:
    scores = draw(2) * (draw(3) > 0.3)
    parts: list[SortedScores] = []
    for piece in np.array_split(scores, 4):
        sorter = ScoreSorter(parts.append)
        sorter.add(piece, None, wanted=False)
        sorter.flush()
    found, expected = PositiveScores.gather(parts), PositiveScores.of(scores)
    np.testing.assert_array_equal(found.codes, expected.codes)
    np.testing.assert_array_equal(found.counts, expected.counts)


def test_a_missing_prediction_is_all_zero() -> None:
    for voxels in (0, 9):
        found, expected = PositiveScores.of_zeros(voxels), PositiveScores.of(np.zeros(voxels, np.float32))
        assert found.codes.tolist() == expected.codes.tolist()
        assert found.counts.tolist() == expected.counts.tolist()


@pytest.mark.parametrize("budget", [0, 3_000, 1 << 30])
@pytest.mark.parametrize("most", [0, 1 << 24])
def test_a_pool_is_the_same_in_memory_and_in_files(
    budget: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positive_scores, "_SORTED", most)
    parts = [draw(seed) for seed in range(5)]
    normal = np.sort(draw(9, 2_000))
    with Shelf(budget) as shelf:
        pool = Pool(shelf, [KeptPositives.put(shelf, PositiveScores.of(part)) for part in parts])
        pool.add_negatives(SortedScores(normal[normal > 0].view(np.uint32), int((normal == 0).sum())))
        found = pool.ap()
    with Shelf.boundless() as shelf:
        kept = [KeptPositives.put(shelf, PositiveScores.of(np.concatenate(parts)))]
        pool = Pool(shelf, kept)
        pool.add_negatives(SortedScores(normal[normal > 0].view(np.uint32), int((normal == 0).sum())))
        assert pool.ap() == found


def test_what_is_too_much_lies_in_files_that_are_gone_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Shelf(budget=100) as shelf:
        first, second = shelf.put(np.arange(10)), shelf.put(np.arange(20))
        second.get()[3] = 7
        assert (first.get()[9], second.get()[3], second.size) == (9, 7, 20)
        assert len(list(tmp_path.glob("*/*.npy"))) == 1
    assert not list(tmp_path.iterdir())


def test_many_scores_are_handed_over_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_scores, "CHUNK", 40)
    parts: list[SortedScores] = []
    sorter = ScoreSorter(parts.append)
    for seed in range(5):
        sorter.add(draw(seed, 30), None, wanted=False)
    sorter.flush()
    assert [part.ascending.size + part.zeros for part in parts] == [60, 60, 30]
