"""Exact replicates: those of a slow twin on the drawn voxels, where every score has the same 16-bit code."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    Evidence,
    InvalidPrediction,
    PixelCase,
    Quantizer,
    Task,
    UndefinedScore,
    count_exactly,
    draw_batching,
    exact_replicates,
    official_batching,
    pixel_replicates,
    replicates_of,
    score_of_counts,
    score_pixel_case,
    score_pixel_dataset,
    sum_evidence,
)
from mood_evaluator.bootstrap import _deal, _draw, _generator

SHAPE = (7, 6, 5)
IDS = [f"c{index}" for index in range(9)]
TRUTH = np.array([index % 2 == 1 for index in range(9)])
BATCHING = draw_batching(dict(zip(IDS, TRUTH.tolist(), strict=True)), size=3, seed=0)
SQUEEZED = (0.7, 2e-5)
"""Lowest score and range: some hundreds of float32 numbers, and one code under either quantizer."""
N = 40


def _volumes(folder: Path, lowest: float = SQUEEZED[0], spread: float = SQUEEZED[1]) -> list[PixelCase]:
    random, found = np.random.default_rng(8), []
    for name, abnormal in zip(IDS, TRUTH, strict=True):
        label = np.zeros(SHAPE, np.uint8)
        label[1:4, 2:4, 1:4] = abnormal
        scores = lowest + spread * np.clip(0.3 * label + random.random(SHAPE), 0, 1)
        found.append(PixelCase(name, _write(folder / f"{name}-scores.nii", scores), None, SHAPE))
        if abnormal:
            found[-1] = replace(found[-1], label=_write(folder / f"{name}-label.nii", label))
    return found


def _write(path: Path, values: npt.NDArray[np.generic]) -> Path:
    kept = values.astype(np.float32) if values.dtype == np.float64 else values
    nib.Nifti1Image(kept, np.eye(4)).to_filename(path)
    return path


def _voxels(cases: list[PixelCase]) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]]:
    def read(path: Path | None) -> npt.NDArray[np.float32]:
        if path is None:
            return np.zeros(np.prod(SHAPE), np.float32)
        return np.asarray(nib.Nifti1Image.from_filename(path).dataobj, np.float32).ravel()

    return [(read(case.label) > 0, read(case.prediction)) for case in cases]


def _slow_twin(cases: list[PixelCase]) -> npt.NDArray[np.float64]:
    """Concatenate the voxels of the scans that are dealt into each batch, and let scikit-learn score them."""
    random, voxels, found = _generator(5, "s"), _voxels(cases), []
    pools = _deal(_draw(TRUTH, n=N, random=random), TRUTH, parts=3, random=random).toarray().astype(int)
    for row in pools:
        drawn = [part for part, times in zip(voxels, row, strict=True) for _ in range(times)]
        labels, scores = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        found.append(average_precision_score(labels, scores))
    return np.reshape(found, (N, 3)).mean(axis=1)


def _evidence(cases: list[PixelCase]) -> dict[str, Evidence]:
    scored = {one.id: score_pixel_case(one.prediction, label=one.label, shape=SHAPE) for one in cases}
    return {name: one.evidence for name, one in scored.items() if one.evidence is not None}


def test_scores_of_one_code_have_the_replicates_of_their_voxels(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    found = exact_replicates(count_exactly(cases), BATCHING, n=N, seed=5, stream="s").draws
    assert found == pytest.approx(_slow_twin(cases), abs=1e-12)
    coarse = pixel_replicates(_evidence(cases), BATCHING, n=N, seed=5, stream="s").draws
    assert np.abs(found - coarse).min() > 0.1


def test_every_case_drawn_once_is_the_official_score(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    counts, official = count_exactly(cases), score_pixel_dataset(cases, BATCHING).mean
    assert counts.complete
    assert score_of_counts(counts, BATCHING) == pytest.approx(official, abs=1e-12)
    evidence = _evidence(cases)
    pools = [sum_evidence([evidence[name] for name in batch]) for batch in BATCHING.batches]
    assert abs(np.mean([pool.ap(Quantizer.TWO_SIDED) for pool in pools]) - official) > 0.1


def test_the_scans_drawn_are_those_that_evidence_draws(tmp_path: Path) -> None:
    """Scores that both quantizers keep have the same replicates and influences either way."""
    cases = _volumes(tmp_path)
    for case in cases:
        scores = np.random.default_rng(len(case.id) + int(case.id[1:])).integers(0, 9, SHAPE) / 16
        _write(case.prediction or tmp_path, scores)
    found = exact_replicates(count_exactly(cases), BATCHING, n=N, seed=5, stream="s")
    coarse = pixel_replicates(_evidence(cases), BATCHING, n=N, seed=5, stream="s")
    assert found.draws == pytest.approx(coarse.draws, abs=1e-12)
    assert found.influences == pytest.approx(coarse.influences, abs=1e-12)


def test_influences_are_those_of_the_voxels_themselves(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    voxels, moved = dict(zip(IDS, _voxels(cases), strict=True)), {}
    for batch in BATCHING.batches:
        for name in batch:
            aps = []
            for names in (batch, (*batch, name)):
                labels, scores = (
                    np.concatenate(parts) for parts in zip(*map(voxels.get, names), strict=True)
                )
                aps.append(average_precision_score(labels, scores))
            moved[name] = aps[1] - aps[0]
    expected = np.array([moved[name] for name in IDS])
    found = exact_replicates(count_exactly(cases), BATCHING, n=2, seed=5, stream="s").influences
    for kind in (TRUTH, ~TRUTH):
        assert found[kind] == pytest.approx(expected[kind] - expected[kind].mean(), abs=1e-12)


def test_a_missing_prediction_counts_as_zeros_and_the_order_of_cases_does_not_matter(tmp_path: Path) -> None:
    cases = [replace(one, prediction=None) if one.id in {"c2", "c3"} else one for one in _volumes(tmp_path)]
    found = exact_replicates(count_exactly(reversed(cases)), BATCHING, n=N, seed=5, stream="s").draws
    assert found == pytest.approx(_slow_twin(cases), abs=1e-12)


def test_a_label_without_an_abnormal_voxel_is_that_of_a_normal_case(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    cases[0] = replace(cases[0], label=_write(tmp_path / "empty.nii", np.zeros(SHAPE, np.uint8)))
    found = exact_replicates(count_exactly(cases), BATCHING, n=N, seed=5, stream="s").draws
    assert found == pytest.approx(_slow_twin(cases), abs=1e-12)


def test_where_there_are_too_many_scores_thresholds_are_spaced_and_it_says_so(tmp_path: Path) -> None:
    cases = _volumes(tmp_path, 0.1, 0.8)
    official = score_pixel_dataset(cases, BATCHING).mean
    off = []
    for most in (4, 40):
        counts = count_exactly(cases, cells=most * len(cases))
        assert not counts.complete
        assert counts.positives.shape[1] <= most
        assert counts.positives.sum() == TRUTH.sum() * 18
        off.append(abs(score_of_counts(counts, BATCHING) - official))
    assert off[1] < off[0]
    assert off[1] < 0.01


def test_a_prediction_that_breaks_off_is_told_and_never_counted_as_zeros(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    assert cases[0].prediction is not None
    cases[0].prediction.write_bytes(cases[0].prediction.read_bytes()[:-4])
    with pytest.raises(InvalidPrediction):
        count_exactly(cases)


def test_replicates_of_a_submission_are_made_from_counts_where_there_are_some(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    found = replicates_of(
        task=Task.PIXEL,
        test_set="s",
        abnormal=dict(zip(IDS, TRUTH.tolist(), strict=True)),
        batchings=[BATCHING],
        case_scores={},
        n=N,
        seed=5,
        counts=count_exactly(cases),
    )
    assert found.draws == pytest.approx(_slow_twin(cases), abs=1e-12)


def test_without_a_batching_all_cases_are_one_batch(tmp_path: Path) -> None:
    cases = _volumes(tmp_path)
    whole = official_batching(IDS, [])
    assert score_of_counts(count_exactly(cases), whole) == pytest.approx(
        score_pixel_dataset(cases, whole).mean, abs=1e-12
    )


@pytest.mark.parametrize("count", [0, 3])
def test_without_a_label_there_is_nothing_to_count(count: int) -> None:
    cases = [PixelCase(f"c{number}", None, None, SHAPE) for number in range(count)]
    with pytest.raises(UndefinedScore, match="No case has a label"):
        count_exactly(cases)
