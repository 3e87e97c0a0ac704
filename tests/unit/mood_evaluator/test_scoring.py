"""Official scores equal scikit-learn's on the pooled voxels; results say what they rest on."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    CaseScore,
    Dataset,
    Manifest,
    ManifestCase,
    PixelCase,
    SetScore,
    Task,
    UndefinedScore,
    canonical_digest,
    draw_batching,
    pooled_aps,
    result_of,
    score_pixel_case,
    score_pixel_dataset,
    score_sample_dataset,
    whole_set_ap,
)

SHAPE = (9, 8, 7)
IDS = [f"c{index}" for index in range(7)]
RANDOM = np.random.default_rng(8)
LABELS = {name: RANDOM.random(SHAPE) < (0.05 if index % 2 else 0) for index, name in enumerate(IDS)}
SCORES = {name: (0.3 * label + 0.7 * RANDOM.random(SHAPE)) for name, label in LABELS.items()}
BATCHINGS = tuple(draw_batching({n: v.any() for n, v in LABELS.items()}, size=3, seed=s) for s in (1, 2))
SET = Manifest(
    name="test-abdom",
    dataset=Dataset.ABDOM,
    purpose="test",
    recipe="r",
    generator_version="1",
    source_subjects=1,
    cases=tuple(
        ManifestCase(
            name,
            f"images/{name}.nii.gz",
            "labels/x.nii.gz" if label.any() else None,
            SHAPE,
            abnormal=bool(label.any()),
            tasks=(Task.SAMPLE, Task.PIXEL),
        )
        for name, label in LABELS.items()
    ),
    batchings=BATCHINGS,
    not_hidden=True,
)


@pytest.fixture
def cases(tmp_path: Path) -> list[PixelCase]:
    for name in IDS:
        nib.Nifti1Image(SCORES[name], np.eye(4)).to_filename(tmp_path / f"{name}.nii.gz")
        nib.Nifti1Image(LABELS[name].astype(np.uint8), np.eye(4)).to_filename(tmp_path / f"{name}_l.nii.gz")
    return [
        PixelCase(
            name,
            tmp_path / f"{name}.nii.gz",
            tmp_path / f"{name}_l.nii.gz" if LABELS[name].any() else None,
            SHAPE,
        )
        for name in IDS
    ]


def _oracle(names: Sequence[str], missing: Sequence[str] = ()) -> Any:
    scores = [np.zeros(SHAPE) if name in missing else SCORES[name] for name in names]
    labels = np.concatenate([LABELS[name].ravel() for name in names])
    pooled = np.concatenate(scores, axis=None).astype(np.float32)
    return pytest.approx(average_precision_score(labels, pooled), abs=1e-12)


def _score_all(cases: list[PixelCase]) -> dict[str, CaseScore]:
    return {case.id: score_pixel_case(case.prediction, label=case.label, shape=SHAPE) for case in cases}


def _lose(cases: list[PixelCase], count: int) -> list[PixelCase]:
    return [replace(case, prediction=None) if case.id in IDS[:count] else case for case in cases]


def test_batch_aps_are_scikit_learns(cases: list[PixelCase]) -> None:
    for batching in BATCHINGS:
        score = score_pixel_dataset(cases, batching)
        expected = [_oracle(batch) for batch in batching.batches]
        assert list(score.batch_aps) == expected
        assert score.mean == pytest.approx(np.mean(score.batch_aps), abs=1e-12)


def test_the_whole_set_is_scored_as_one_pool(cases: list[PixelCase]) -> None:
    assert whole_set_ap(cases) == _oracle(IDS)


def test_missing_and_unreadable_volumes_count_as_all_zero(cases: list[PixelCase], tmp_path: Path) -> None:
    lost = [replace(cases[0], prediction=None), replace(cases[1], prediction=tmp_path / "no"), *cases[2:]]
    assert whole_set_ap(lost) == _oracle(IDS, missing=IDS[:2])


@pytest.mark.parametrize("threads", [1, 3])
def test_many_groups_are_scored_in_few_readings_by_any_number_of_threads(
    cases: list[PixelCase], threads: int
) -> None:
    abnormal = [case.id for case in cases if case.label is not None]
    groups = [[name] for name in abnormal] + [IDS[:count] for count in range(2, 8)] * 3
    readings: list[None] = []
    found = pooled_aps(cases, groups, threads=threads, on_read=lambda: readings.append(None))
    assert list(found) == [_oracle(group) for group in groups]
    assert len(groups) > 16
    assert len(readings) == len(IDS) + len(abnormal)
    readings.clear()
    known = {name: score.positives for name, score in _score_all(cases).items()}
    loads = {name: partial(dict.get, known, name) for name in known}
    again = pooled_aps(cases, groups, positives=loads, threads=threads, on_read=lambda: readings.append(None))
    assert again == found
    assert len(readings) == len(IDS)


def test_nothing_abnormal_is_undefined(cases: list[PixelCase]) -> None:
    with pytest.raises(UndefinedScore):
        whole_set_ap([case for case in cases if case.label is None])


def test_sample_scores_are_compared_in_float64() -> None:
    scores = {"a": 0.1, "b": 0.1 + 1e-12, "c": 0.7, "d": 0.0}
    abnormal = {"a": False, "b": True, "c": False, "d": False}
    expected = average_precision_score([False, True, False, False], [0.1, 0.1 + 1e-12, 0.7, 0.0])
    assert score_sample_dataset(scores, abnormal) == expected == 0.5


def test_a_pixel_result_holds_both_batchings_and_the_quantized_aps(cases: list[PixelCase]) -> None:
    result = result_of(task=Task.PIXEL, test_set=SET, case_scores=_score_all(cases), cases=cases)
    assert result.official is not None
    assert result.validation is not None
    assert result.score == result.official.mean == score_pixel_dataset(cases, BATCHINGS[0]).mean
    assert result.validation.mean == score_pixel_dataset(cases, BATCHINGS[1]).mean
    assert result.whole_set_ap == _oracle(IDS)
    assert result.quantized["two_sided"] == pytest.approx(result.score, abs=1e-3)
    assert result.lossy == ()


def test_a_precision_that_changes_the_score_is_named() -> None:
    result = SetScore(score=0.135, valid=2, total=2, valid_share=0.5)
    assert replace(result, quantized={"mood2020": 0.029, "two_sided": 0.1345}).lossy == ("mood2020",)


def test_failed_cases_above_the_bar_count_as_zero_and_are_published(cases: list[PixelCase]) -> None:
    lost = _lose(cases, 3)
    result = result_of(task=Task.PIXEL, test_set=SET, case_scores=_score_all(lost), cases=cases)
    assert result.whole_set_ap == _oracle(IDS, missing=IDS[:3])  # the file is there, but was found invalid
    assert (result.valid, result.total, result.failed_share) == (4, 7, 3 / 7)


def test_below_the_bar_there_is_no_result(cases: list[PixelCase]) -> None:
    lost = _lose(cases, 4)
    result = result_of(task=Task.PIXEL, test_set=SET, case_scores=_score_all(lost), cases=lost)
    assert (result.score, result.official, result.lossy) == (None, None, ())
    half = result_of(
        task=Task.PIXEL, test_set=SET, case_scores=_score_all(lost), cases=lost, valid_share=3 / 7
    )
    assert half.score is not None


def test_without_batchings_the_whole_set_is_one_batch(cases: list[PixelCase]) -> None:
    toy = replace(SET, batchings=())
    result = result_of(task=Task.PIXEL, test_set=toy, case_scores=_score_all(cases), cases=cases)
    assert result.score == result.whole_set_ap == _oracle(IDS)
    assert result.validation is None


def test_a_sample_result_scores_all_scans_at_once() -> None:
    scores = {case.id: CaseScore(valid=True, score=index / 10) for index, case in enumerate(SET.cases)}
    result = result_of(task=Task.SAMPLE, test_set=SET, case_scores=scores)
    truth = [case.abnormal for case in SET.cases]
    assert result.score == pytest.approx(
        average_precision_score(truth, np.arange(len(truth)) / 10), abs=1e-12
    )


def test_the_document_names_digests_and_version() -> None:
    scores = {case.id: CaseScore(valid=True, score=0.5) for case in SET.cases}
    document = result_of(task=Task.SAMPLE, test_set=SET, case_scores=scores).to_json()
    assert document["schema"] == "mood-dataset-result/1"
    assert document["test_set_digest"] == SET.digest
    assert document["evaluator"]
    assert document["digest"] == canonical_digest(document)


def test_a_test_set_without_the_task_is_undefined() -> None:
    with pytest.raises(UndefinedScore):
        result_of(task=Task.PIXEL, test_set=replace(SET, cases=(), batchings=()), case_scores={})


def test_a_case_that_counts_for_nobody_leaves_its_batches_and_the_others_as_they_are(
    cases: list[PixelCase],
) -> None:
    left = SET.without({"c2"}, task=Task.PIXEL)
    result = result_of(task=Task.PIXEL, test_set=left, case_scores=_score_all(cases), cases=cases)
    kept = [[name for name in batch if name != "c2"] for batch in BATCHINGS[0].batches]
    assert result.official is not None
    assert result.official.batch_aps == tuple(_oracle(batch) for batch in kept)
    assert result.whole_set_ap == _oracle([name for name in IDS if name != "c2"])
    assert (result.total, result.score) == (6, result.official.mean)
