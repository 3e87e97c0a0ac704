"""Runs that were scored otherwise are refused side by side, and truth that says nothing is refused."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import InvalidGroundTruth, InvalidInput, average_precision, draw_batching, read_label
from mood_evaluator.cli import main
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs import ScoredRun, gather_runs

SHAPE = (6, 5, 4)
CASES = tuple(f"c{number}" for number in range(4))


def write(path: Path, voxels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels, np.eye(4)).to_filename(path)
    return path


def folder(home: Path, name: str, shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    for case in CASES:
        label = np.zeros(shape, np.uint8)
        label[1:3, 1:3, 1:3] = case != "c0"
        write(home / name / "toy_label/pixel" / f"{case}.nii.gz", label)
        write(home / name / "maps" / f"{case}.nii.gz", random.random(shape).astype(np.float32))
    return home / name


def score(home: Path, team: str, *more: str) -> ScoredRun:
    out = home / f"{team}.zip"
    given = ["--predictions", str(home / "maps"), "--labels", str(home / "toy_label"), "--team", team]
    assert main(["evidence", "--task", "pixel", *given, "--out", str(out), *more]) == 0
    return ScoredRun.load(out)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--exact"], "precision"),
        (["--valid-share", "0"], "--valid-share"),
        (["--batch-size", "2", "--seed", "7"], "different batches"),
    ],
)
def test_runs_that_were_scored_otherwise_are_not_ranked_together(
    tmp_path: Path, more: list[str], words: str
) -> None:
    home = folder(tmp_path, "brain")
    one, other = score(home, "A", "--batch-size", "2"), score(home, "B", *(more or ()), *_size(more))
    with pytest.raises(EvaluatorError, match=words):
        gather_runs([one, other])
    assert gather_runs([one, replace(one, team="B")]).teams == ("A", "B")


def _size(more: list[str]) -> list[str]:
    return [] if "--batch-size" in more else ["--batch-size", "2"]


def test_labels_of_brain_and_abdomen_are_two_test_sets_and_changed_ones_another_form(tmp_path: Path) -> None:
    brain, abdom = folder(tmp_path, "brain"), folder(tmp_path, "abdom", (7, 6, 5))
    one, other = score(brain, "A"), score(abdom, "A")
    assert sorted(gather_runs([one, other]).sets) == ["abdom/toy_label", "brain/toy_label"]
    label = np.zeros(SHAPE, np.uint8)
    label[0, 0, 0] = 1
    write(brain / "toy_label/pixel/c1.nii.gz", label)
    with pytest.raises(EvaluatorError, match="different forms"):
        gather_runs([one, score(brain, "B")])


def test_a_label_that_rounding_empties_is_no_healthy_scan(tmp_path: Path) -> None:
    soft = write(tmp_path / "soft.nii.gz", np.full(SHAPE, 0.4, np.float32))
    with pytest.raises(InvalidGroundTruth, match="rounds to 0"):
        read_label(soft, shape=SHAPE)
    mixed = np.full(SHAPE, 0.4, np.float32)
    mixed[0] = 0.6
    assert read_label(write(tmp_path / "mixed.nii.gz", mixed), shape=SHAPE).sum() == 20


def test_two_labels_of_one_case_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = folder(tmp_path, "brain")
    write(home / "toy_label/pixel/c1.nii", np.zeros(SHAPE, np.uint8))
    given = ["--predictions", str(home / "maps"), "--labels", str(home / "toy_label")]
    assert main(["score", "--task", "pixel", *given]) == 2
    assert "both c1.nii and c1.nii.gz" in capsys.readouterr().err


def test_no_shape_is_too_large_for_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "l.nii.gz", np.zeros(SHAPE, np.uint8))
    with pytest.raises(InvalidGroundTruth, match="cannot be used"):
        read_label(path, shape=(2**31, 2**31, 2))


def test_frames_whose_columns_differ_are_not_paired() -> None:
    pandas = pytest.importorskip("pandas")
    scores = pandas.DataFrame({"a": [0.1, 0.4], "b": [0.35, 0.8]})
    with pytest.raises(InvalidInput, match="columns"):
        average_precision(scores, pandas.DataFrame({"b": [1, 1], "a": [0, 0]}))
    assert average_precision(scores, pandas.DataFrame({"a": [0, 0], "b": [1, 1]})) == pytest.approx(
        0.8333, abs=1e-4
    )


def test_batchings_know_their_digest() -> None:
    one, other = (draw_batching(dict.fromkeys(CASES, True), size=2, seed=seed) for seed in "ab")
    assert one.digest != other.digest
