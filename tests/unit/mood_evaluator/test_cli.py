"""`mood-evaluate score` gives the platform's scores, sentences for errors, and exit codes."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from mood_evaluator import (
    Dataset,
    Manifest,
    ManifestCase,
    Quantizer,
    Task,
    draw_batching,
    load_test_set,
    save_test_set,
)
from mood_evaluator.cli import main

SHAPE = (5, 5, 5)
LABEL = np.arange(125).reshape(SHAPE) % 9 == 0
SCORES = np.random.default_rng(2).random((2, *SHAPE)).astype(np.float32)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Return a folder of predictions and one of a test set with a normal and an abnormal case."""
    sets, predictions = tmp_path / "set", tmp_path / "predictions"
    (sets / "labels").mkdir(parents=True)
    predictions.mkdir()
    cases = []
    for index, name in enumerate(("a", "b")):
        nib.Nifti1Image(SCORES[index], np.eye(4)).to_filename(predictions / f"{name}.nii.gz")
        (predictions / f"{name}.nii.gz.txt").write_text(str(index / 2))
        label = f"labels/{name}.nii.gz" if index else None
        cases.append(
            ManifestCase(
                name,
                f"images/{name}.nii.gz",
                label,
                SHAPE,
                abnormal=bool(index),
                tasks=tuple(Task),
                sha256_image="0",
            )
        )
    nib.Nifti1Image(LABEL.astype(np.uint8), np.eye(4)).to_filename(sets / "labels/b.nii.gz")
    batching = draw_batching({"a": False, "b": True}, size=2, seed=0)
    test_set = Manifest(
        "toy-brain", Dataset.BRAIN, "toy", "r", "1", 1, tuple(cases), (batching,), not_hidden=True
    )
    save_test_set(test_set, sets)
    return str(predictions), str(sets)


def _score(folders: tuple[str, str], task: str, *more: str) -> int:
    return main(["score", "--predictions", folders[0], "--test-set", folders[1], "--task", task, *more])


def _document(folders: tuple[str, str], task: str, *more: str) -> Any:
    out = Path(folders[0]).parent / "scores.json"
    assert _score(folders, task, "--json", str(out), *more) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_the_document_holds_the_exact_score_the_batches_and_the_cases(folders: tuple[str, str]) -> None:
    found = _document(folders, "pixel")
    labels = np.concatenate([np.zeros(125, bool), LABEL.ravel()])
    expected = pytest.approx(average_precision_score(labels, SCORES.ravel()), abs=1e-12)
    assert found["score"] == found["whole_set_ap"] == expected
    assert [(sorted(batch["cases"]), batch["ap"]) for batch in found["batches"]] == [(["a", "b"], expected)]
    assert found["second_batching"] is None
    assert [(case["id"], case["outcome"]) for case in found["cases"]] == [("a", "valid"), ("b", "valid")]
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, SCORES.ravel()), abs=1e-3)
    assert found["fpr_at_95_tpr"] is None  # of too few cases
    dices = [f1_score(labels, SCORES.ravel() >= level) for level in np.unique(SCORES)]
    assert found["best_dsc"]["dsc"] == pytest.approx(max(dices), abs=1e-3)
    assert found["warnings"] == []


@pytest.mark.parametrize("precision", ["two-sided", "mood2020"])
def test_a_quantized_precision_scores_the_rounded_voxels(folders: tuple[str, str], precision: str) -> None:
    found = _document(folders, "pixel", "--precision", precision)
    codes = Quantizer(precision.replace("-", "_")).quantize(SCORES.ravel())
    labels = np.concatenate([np.zeros(125, bool), LABEL.ravel()])
    assert (
        found["score"]
        == found["whole_set_ap"]
        == pytest.approx(average_precision_score(labels, codes), abs=1e-12)
    )


def test_text_tells_score_and_validity(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _score(folders, "sample") == 0
    assert capsys.readouterr().out.endswith("2 of 2 predictions are valid.\nAP 1.0\n")


def test_too_few_predictions_are_no_result(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in Path(folders[0]).glob("*.txt"):
        path.unlink()
    assert _score(folders, "sample") == 1
    assert "No result" in capsys.readouterr().out


def test_errors_are_sentences_on_stderr(
    folders: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _score((folders[0], str(tmp_path)), "sample") == 2
    assert _score((str(tmp_path / "none"), folders[1]), "sample") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("mood-evaluate: ") == 2
    assert "Traceback" not in printed.err


def test_debug_shows_where_an_error_comes_from(
    folders: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = (folders[0], str(tmp_path))
    assert _score(wrong, "sample", "--debug") == 2
    assert "InvalidTestSet" in capsys.readouterr().err
    monkeypatch.setenv("MOOD_DEBUG", "1")
    assert _score(wrong, "sample") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--valid-share", "nan"], ["--valid-share", "2"], ["--threads", "0"]])
def test_wrong_usage_ends_with_two(folders: tuple[str, str], more: list[str]) -> None:
    assert _score(folders, "voxel") == 2
    assert _score(folders, "sample", *more) == 2
    assert main(["score", "--predictions", folders[0], "--task", "sample"]) == 2
    assert _score(folders, "sample", "--labels", folders[1]) == 2


def test_the_best_dice_is_always_in_the_document(folders: tuple[str, str]) -> None:
    assert _document(folders, "sample")["best_dsc"] is None
    manifest = Path(folders[1]) / "test_set.json"
    test_set = load_test_set(folders[1])
    manifest.unlink()
    case = replace(test_set.cases[1], shape=SHAPE)
    batching = draw_batching({"b": True}, size=2, seed=0)
    save_test_set(replace(test_set, cases=(case,), batchings=(batching,)), folders[1])
    nib.Nifti1Image(np.ones(SHAPE, np.uint8), np.eye(4)).to_filename(Path(folders[1]) / "labels/b.nii.gz")
    found = _document(folders, "pixel")
    assert (found["auroc"], found["fpr_at_95_tpr"], found["best_dsc"]["dsc"]) == (None, None, 1.0)


def test_the_object_sensitivity_stands_in_the_document_with_its_rule(folders: tuple[str, str]) -> None:
    for path in Path(folders[1]).glob("test_set.json"):
        document = json.loads(path.read_text())
        for case in document["cases"]:
            case["affine"] = [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]]
        del document["digest"]
        path.write_text(json.dumps(document))
    found = _document(folders, "pixel", "--object-sensitivity")["object_sensitivity"]
    assert 0 <= found["interval"][0] <= found["score"] <= found["interval"][1] <= 1
    assert found["false_alarms_a_scan"] == [0.125, 0.25, 0.5, 1, 2, 4, 8]
    assert (found["rule"]["factor"], found["rule"]["spacings_mm"]) == (2, [[2, 2, 2]])
    assert "object_sensitivity" not in _document(folders, "pixel")


def test_a_normal_case_of_unknown_voxels_is_named_when_objects_are_asked_for(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _score(folders, "pixel", "--object-sensitivity") == 2
    assert "how large a voxel of case a is" in capsys.readouterr().err


def test_a_manifest_with_affines_flags_normal_cases(folders: tuple[str, str]) -> None:
    images = Path(folders[1]) / "images"
    images.mkdir()
    for name in "ab":
        nib.Nifti1Image(LABEL.astype(np.uint8), np.diag([2, 1, 1, 1])).to_filename(images / f"{name}.nii.gz")
    cases = _document(folders, "pixel")["cases"]
    assert [case["flags"] for case in cases] == [["affine_differs"], ["affine_differs"]]


def _with_case(folders: tuple[str, str], index: int, **changes: Any) -> None:
    test_set = load_test_set(folders[1])
    cases = [
        replace(case, **changes) if place == index else case for place, case in enumerate(test_set.cases)
    ]
    save_test_set(replace(test_set, cases=tuple(cases)), folders[1])


def test_a_label_that_is_not_the_manifests_is_refused(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(folders[1]) / "labels/b.nii.gz"
    _with_case(folders, 1, sha256_label=hashlib.sha256(path.read_bytes()).hexdigest())
    assert _score(folders, "pixel") == 0
    nib.Nifti1Image(LABEL[::-1].astype(np.uint8), np.eye(4)).to_filename(path)
    assert _score(folders, "pixel") == 2
    assert "labels/b.nii.gz is not the one of test_set.json: its SHA-256 is" in capsys.readouterr().err
    assert _score(folders, "sample") == 0  # needs no label
    path.unlink()
    assert _score(folders, "pixel") == 2
    assert "labels/b.nii.gz cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("index", "changes", "marks", "words"),
    [
        (1, {"abnormal": False}, 1, "marks voxels, but the test set calls its case normal"),
        (
            0,
            {"abnormal": True, "label": "labels/b.nii.gz"},
            0,
            "marks no voxel, but the test set calls its case",
        ),
    ],
)
def test_a_manifest_that_contradicts_a_label_is_refused(
    folders: tuple[str, str],
    index: int,
    changes: dict[str, Any],
    marks: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _with_case(folders, index, **changes)
    label = LABEL.astype(np.uint8) * marks
    nib.Nifti1Image(label, np.eye(4)).to_filename(Path(folders[1]) / "labels/b.nii.gz")
    assert _score(folders, "pixel") == 2
    said = capsys.readouterr().err
    assert words in said
    assert "labels/b.nii.gz" in said
