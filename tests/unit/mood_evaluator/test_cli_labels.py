"""`mood-evaluate score --labels` scores the folders of the MOOD challenge as they are."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator.cli import main

SHAPE = (6, 5, 4)
NAMES = [f"toy_{index}.nii.gz" for index in range(6)]
RANDOM = np.random.default_rng(5)
LABELS = {name: RANDOM.random(SHAPE) < (0.2 if index % 2 else 0) for index, name in enumerate(NAMES)}
SCORES = {
    name: (0.4 * label + 0.6 * RANDOM.random(SHAPE)).astype(np.float32) for name, label in LABELS.items()
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with `toy_label/{pixel,sample}` and predictions of both tasks."""
    for folder in ("toy_label/pixel", "toy_label/sample", "pixel", "sample"):
        (tmp_path / folder).mkdir(parents=True)
    for index, name in enumerate(NAMES):
        label = LABELS[name].astype(np.uint8)
        nib.Nifti1Image(label, np.eye(4)).to_filename(tmp_path / "toy_label/pixel" / name)
        nib.Nifti1Image(SCORES[name], np.eye(4)).to_filename(tmp_path / "pixel" / name)
        (tmp_path / "toy_label/sample" / f"{name}.txt").write_text(f"{int(label.any())}\n")
        (tmp_path / "sample" / f"{name}.txt").write_text(f"{index / 4}\n")
    return tmp_path


def score(home: Path, task: str, *more: str) -> Any:
    out = home / "out.json"
    arguments = ["--predictions", str(home / task), "--labels", str(home / "toy_label"), "--json", str(out)]
    assert main(["score", "--task", task, *arguments, *more]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def oracle(names: list[str], scores: dict[str, np.ndarray] = SCORES) -> Any:
    pooled = [np.concatenate([part[name].ravel() for name in names]) for part in (LABELS, scores)]
    return pytest.approx(average_precision_score(*pooled), abs=1e-12)


def test_size_zero_takes_everything_as_one_batch(home: Path) -> None:
    found = score(home, "pixel", "--batch-size", "0")
    assert found["batches"] == [{"cases": NAMES, "ap": oracle(NAMES)}]
    assert found["score"] == found["whole_set_ap"] == oracle(NAMES)
    assert found["second_batching"] is None


def test_batches_are_drawn_from_the_seed(home: Path) -> None:
    found = score(home, "pixel", "--batch-size", "2", "--seed", "7")
    for batch in [*found["batches"], *found["second_batching"]["batches"]]:
        assert batch["ap"] == oracle(batch["cases"])
    assert found["score"] == pytest.approx(np.mean([batch["ap"] for batch in found["batches"]]))
    assert len(found["batches"]) == 3
    again = score(home, "pixel", "--batch-size", "2", "--seed", "7", "--threads", "1")
    other = score(home, "pixel", "--batch-size", "2", "--seed", "8")
    assert again["batches"] == found["batches"] != other["batches"]


def test_sample_labels_and_scores_share_a_name(home: Path) -> None:
    found = score(home, "sample")
    values = [min(index / 4, 1.0) for index in range(6)]
    assert found["score"] == pytest.approx(
        average_precision_score([LABELS[name].any() for name in NAMES], values), abs=1e-12
    )
    assert found["cases"][5]["flags"] == ["clamped"]
    assert found["batches"] == []
    assert found["auroc"] is not None


def test_damage_is_listed_and_counts_as_zero(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = home / "pixel" / NAMES[1]
    cut.write_bytes(cut.read_bytes()[:-30])
    (home / "pixel" / NAMES[2]).unlink()
    found = score(home, "pixel", "--batch-size", "0")
    damaged = SCORES | {name: np.zeros(SHAPE) for name in NAMES[1:3]}
    assert found["score"] == oracle(NAMES, damaged)
    outcomes = [case["outcome"] for case in found["cases"]]
    assert outcomes == ["valid", "output_unreadable", "output_missing", "valid", "valid", "valid"]
    shown = capsys.readouterr().out
    assert f"{NAMES[1]}  invalid: " in shown
    assert "4 of 6 predictions are valid" in shown


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("sample/toy_0.nii.gz.txt", b"1.0", "Write 1 for abnormal or 0"),
        ("pixel/toy_0.nii.gz", b"no volume", "cannot be read"),
    ],
)
def test_a_bad_label_names_its_file(
    home: Path, capsys: pytest.CaptureFixture[str], file: str, content: bytes, words: str
) -> None:
    (home / "toy_label" / file).write_bytes(content)
    task = file.split("/", maxsplit=1)[0]
    arguments = ["--predictions", str(home / task), "--labels", str(home / "toy_label")]
    assert main(["score", "--task", task, *arguments]) == 2
    printed = capsys.readouterr().err
    assert words in printed
    assert file.split("/")[1] in printed


def test_a_label_of_two_dimensions_and_a_folder_without_labels_are_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = home / "flat"
    flat.mkdir()
    common = ["score", "--task", "pixel", "--predictions", str(home / "pixel"), "--labels"]
    assert main([*common, str(flat)]) == 2
    assert "holds no label" in capsys.readouterr().err
    nib.Nifti1Image(np.zeros((4, 4), np.uint8), np.eye(4)).to_filename(flat / "a.nii.gz")
    assert main([*common, str(flat)]) == 2
    assert "three dimensions" in capsys.readouterr().err
    assert main([*common, str(home / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_names_that_fit_no_case_are_pointed_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--predictions", str(home / "sample"), "--labels", str(home / "toy_label")]
    assert main(["score", "--task", "pixel", *arguments]) == 1
    assert "no file with a name that is expected, such as toy_0.nii.gz" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["toy_9.NII.GZ", "toy_9.nii.GZ", "toy_9.mha", "toy_9.Nii", "toy_9.img"])
def test_a_label_of_another_ending_is_refused_by_name(
    home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = home / "toy_label/pixel"
    (place / NAMES[1]).rename(place / name)
    arguments = ["--predictions", str(home / "pixel"), "--labels", str(home / "toy_label")]
    assert main(["score", "--task", "pixel", *arguments]) == 2
    assert f"{name} is not read as a label" in capsys.readouterr().err


def test_a_sample_label_in_capitals_is_refused_by_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = home / "toy_label/sample"
    (place / f"{NAMES[1]}.txt").rename(place / f"{NAMES[1]}.TXT")
    arguments = ["--predictions", str(home / "sample"), "--labels", str(home / "toy_label")]
    assert main(["score", "--task", "sample", *arguments]) == 2
    assert f"{NAMES[1]}.TXT is not read as a label" in capsys.readouterr().err


def test_hidden_files_are_no_labels_and_what_else_lies_there_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = score(home, "pixel", "--batch-size", "0")
    place = home / "toy_label/pixel"
    (place / f".{NAMES[1]}").write_bytes((place / NAMES[1]).read_bytes())
    assert capsys.readouterr().err == ""
    for name in ("README.md", "toy_1.json", "more.csv", "notes"):
        (place / name).write_text("words")
    assert score(home, "pixel", "--batch-size", "0")["score"] == before["score"]
    said = capsys.readouterr().err
    assert (
        "what is no label (.nii.gz or .nii) and is left out: README.md, more.csv, notes and 1 more." in said
    )


def test_predictions_that_no_case_asks_for_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "sample" / NAMES[0]).write_bytes(b"that of the other task")
    score(home, "sample")
    assert capsys.readouterr().err == ""
    (home / "pixel" / NAMES[1]).rename(home / "pixel" / NAMES[1].upper())
    score(home, "pixel", "--batch-size", "0")
    said = capsys.readouterr().err
    assert f"No case asks for {NAMES[1].upper()} in" in said
    assert f"such as {NAMES[0]} are expected" in said


def test_a_test_set_keeps_its_own_batches(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--predictions", str(home / "pixel"), "--test-set", str(home), "--seed", "1"]
    assert main(["score", "--task", "pixel", *arguments]) == 2
    assert "leave --batch-size and --seed out" in capsys.readouterr().err
    for wrong in (["--batch-size", "-1"], ["--threads", "0"]):
        assert main(["score", "--task", "pixel", *arguments[:4], *wrong]) == 2


def test_a_score_that_rounding_spoils_is_warned_of(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        squeezed = (1 - (1 - SCORES[name]) * 1e-4).astype(np.float32)
        nib.Nifti1Image(squeezed, np.eye(4)).to_filename(home / "pixel" / name)
    found = score(home, "pixel", "--batch-size", "0")
    assert "mood2020" in found["lossy"]
    assert "many scores lie close to 1" in capsys.readouterr().out
