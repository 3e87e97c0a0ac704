"""What cost a method its score in silence is told from its result: each kind fires on what it is for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import (
    Batching,
    CaseScore,
    Dataset,
    DatasetResult,
    Manifest,
    ManifestCase,
    PixelCase,
    Task,
    draw_batching,
    result_of,
    save_test_set,
    score_pixel_case,
)
from mood_evaluator.cli import main

SHAPE = (16, 16, 16)
RANDOM = np.random.default_rng(9)
IDS = ("a", "b", "c", "normal")
TRUTH = {name: np.zeros(SHAPE, bool) for name in IDS}
TRUTH["a"][2:5, 3:7, 9:12] = TRUTH["b"][9:13, 2:4, 4:7] = TRUTH["c"][5:7, 10:14, 1:4] = True
GOOD = {name: (0.5 * mask + 0.5 * RANDOM.random(SHAPE)).astype(np.float32) for name, mask in TRUTH.items()}
Turn = Callable[[np.ndarray], np.ndarray]


def _case(name: str) -> ManifestCase:
    abnormal = bool(TRUTH[name].any())
    return ManifestCase(
        name,
        f"images/{name}.nii.gz",
        f"labels/{name}.nii.gz" if abnormal else None,
        SHAPE,
        abnormal=abnormal,
        tasks=tuple(Task),
        scope="local" if abnormal else None,
        origin="artificial" if abnormal else "none",
        category="sphere" if abnormal else None,
        sha256_image="0" * 64,
        sha256_label=None,
    )


SET = Manifest(
    "toy-brain", Dataset.BRAIN, "toy", "spheres", "1", 1, tuple(map(_case, IDS)),
    (draw_batching({name: TRUTH[name].any() for name in IDS}, size=4, seed="0"),), not_hidden=True,
)  # fmt: skip


def _save(path: Path, voxels: np.ndarray) -> Path:
    path.parent.mkdir(exist_ok=True)
    nib.Nifti1Image(voxels, np.eye(4)).to_filename(path)
    return path


def _cases(folder: Path, turn: Turn) -> list[PixelCase]:
    for name in IDS:
        _save(folder / "maps" / f"{name}.nii.gz", turn(GOOD[name]))
        _save(folder / "labels" / f"{name}.nii.gz", TRUTH[name].astype(np.uint8))
    labels = {name: folder / f"labels/{name}.nii.gz" if TRUTH[name].any() else None for name in IDS}
    return [PixelCase(name, folder / f"maps/{name}.nii.gz", labels[name], SHAPE) for name in IDS]


def _result(cases: list[PixelCase], test_set: Manifest = SET) -> DatasetResult:
    scores = {one.id: score_pixel_case(one.prediction, label=one.label, shape=SHAPE) for one in cases}
    return result_of(task=Task.PIXEL, test_set=test_set, case_scores=scores, cases=iter(cases))


def _told(result: DatasetResult) -> dict[str, str]:
    return {suspicion.code: suspicion.text for suspicion in result.suspicions}


def test_a_good_method_is_not_accused(tmp_path: Path) -> None:
    assert _told(_result(_cases(tmp_path, np.asarray))) == {}


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (lambda scores: scores[::-1], "the first axis flipped"),
        (lambda scores: scores[:, :, ::-1], "the third axis flipped"),
        (lambda scores: scores.T, "the first and third axes swapped"),
        (lambda scores: scores.transpose(1, 2, 0), "the axes in the order third, first, second"),
    ],
)
def test_a_map_that_was_turned_is_told_how_to_turn_it_back(tmp_path: Path, turn: Turn, words: str) -> None:
    told = _told(_result(_cases(tmp_path, turn)))
    assert f"better with {words}: the mean AP of 3 abnormal scans" in told["other_way_round"]


def test_maps_of_hidden_cases_are_not_turned(tmp_path: Path) -> None:
    cases = _cases(tmp_path, lambda scores: scores[::-1])
    assert "other_way_round" not in _told(_result(cases, replace(SET, purpose="test")))


def test_inverted_maps_are_told_from_evidence_alone(tmp_path: Path) -> None:
    cases = _cases(tmp_path, lambda scores: 1 - scores)
    assert set(_told(_result(cases, replace(SET, purpose="test")))) == {"inverted"}


def test_a_score_below_the_constant_guess_is_told_beside_it(tmp_path: Path) -> None:
    cases = _cases(tmp_path, np.asarray)
    for name, mask in TRUTH.items():
        noise = RANDOM.random(SHAPE).astype(np.float32)
        _save(tmp_path / "maps" / f"{name}.nii.gz", np.where(mask, 0.9 * noise, noise).astype(np.float32))
    result = _result(cases)
    share = sum(mask.sum() for mask in TRUTH.values()) / (4 * 16**3)
    text = _told(result)["below_constant"]
    assert f"{result.score:.4f} is below" in text
    assert f"{share:.4f}" in text


def test_the_constant_guess_is_a_mean_over_batches(tmp_path: Path) -> None:
    """It gets the mean of their shares, which is below the share of all voxels here; that is no alarm."""
    cases = _cases(tmp_path, lambda scores: np.full_like(scores, 0.5))
    _save(tmp_path / "labels" / "c.nii.gz", np.pad([[[1]]], [(0, 15)] * 3).astype(np.uint8))
    batching = Batching("0", 0, 3, (("a", "b", "normal"), ("c",)))
    result = _result(cases, replace(SET, batchings=(batching,)))
    assert result.score == pytest.approx(((36 + 24) / 3 + 1) / 2 / 16**3)
    assert result.score < (36 + 24 + 1) / 4 / 16**3
    assert result.constant == pytest.approx(result.score)
    assert _told(result) == {}


def test_scans_in_the_wrong_order_are_told() -> None:
    scans = [replace(_case("a" if number % 2 else "normal"), id=str(number)) for number in range(24)]
    scores = {one.id: CaseScore(valid=True, score=0.9 - 0.5 * one.abnormal) for one in scans}
    result = result_of(
        task=Task.SAMPLE, test_set=replace(SET, cases=tuple(scans), batchings=()), case_scores=scores
    )
    assert set(_told(result)) == {"inverted"}
    document = result.to_json()
    assert document["suspicions"] == [one.to_json() for one in result.suspicions]
    assert document["constant"] == 0.5


def test_without_a_result_nothing_is_suspected() -> None:
    scores = {name: CaseScore(valid=False, score=0.0) for name in IDS}
    result = result_of(task=Task.SAMPLE, test_set=SET, case_scores=scores)
    assert (result.suspicions, result.constant) == ((), None)


def test_missing_maps_and_empty_labels_are_not_turned(tmp_path: Path) -> None:
    """One map is missing, one changes after it was scored, one label is empty: two scans are left."""
    cases = _cases(tmp_path, lambda scores: scores[::-1])
    cases.append(replace(cases[3], id="empty", label=tmp_path / "labels" / "normal.nii.gz"))
    cases[0] = replace(cases[0], prediction=None)
    test_set = replace(SET, cases=(*SET.cases, replace(_case("normal"), id="empty")), batchings=())
    assert "mean AP of 2 abnormal scans" in _told(_result(cases, test_set))["other_way_round"]
    scores = {one.id: score_pixel_case(one.prediction, label=one.label, shape=SHAPE) for one in cases}
    (tmp_path / "maps" / "b.nii.gz").unlink()
    left = result_of(task=Task.PIXEL, test_set=test_set, case_scores=scores, cases=cases)
    assert "mean AP of 1 abnormal scans" in _told(left)["other_way_round"]


def test_the_command_warns_of_what_looks_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _cases(tmp_path, lambda scores: scores[:, ::-1])
    save_test_set(SET, tmp_path)
    words = ["score", "--test-set", str(tmp_path), "--predictions", str(tmp_path / "maps"), "--task", "pixel"]
    assert main([*words, "--json", str(tmp_path / "scores.json")]) == 0
    assert "Warning: The maps fit better with the second axis flipped" in capsys.readouterr().out
    assert "the second axis flipped" in (tmp_path / "scores.json").read_text()
    assert main(["evidence", *words[1:], "--team", "A", "--out", str(tmp_path / "a.zip")]) == 0
    assert "Warning: The maps fit better with the second axis flipped" in capsys.readouterr().out
