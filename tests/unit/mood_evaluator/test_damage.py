"""A folder with 10 % damaged predictions is scored end to end, and the damage is listed."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator.cli import main

SHAPE = (9, 8, 7)
NAMES = [f"{index:02}.nii.gz" for index in range(40)]
RANDOM = np.random.default_rng(9)
LABELS = {name: RANDOM.random(SHAPE) < (0.1 if index % 2 else 0) for index, name in enumerate(NAMES)}
SCORES = {
    name: (0.5 * label + 0.5 * RANDOM.random(SHAPE)).astype(np.float32) for name, label in LABELS.items()
}
DAMAGED = {
    NAMES[3]: "output_missing",
    NAMES[10]: "output_unreadable",
    NAMES[17]: "output_shape_mismatch",
    NAMES[31]: "output_unsupported_type",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("labels", "predictions"):
        (tmp_path / folder).mkdir()
    for name in NAMES:
        nib.Nifti1Image(LABELS[name].astype(np.uint8), np.eye(4)).to_filename(tmp_path / "labels" / name)
        nib.Nifti1Image(SCORES[name], np.eye(4)).to_filename(tmp_path / "predictions" / name)
    return tmp_path


def damage(folder: Path) -> None:
    (folder / NAMES[3]).unlink()
    (folder / NAMES[10]).write_bytes((folder / NAMES[10]).read_bytes()[:200])
    nib.Nifti1Image(np.zeros((7, 8, 9), np.float32), np.eye(4)).to_filename(folder / NAMES[17])
    nib.Nifti1Image(np.zeros(SHAPE, np.complex64), np.eye(4)).to_filename(folder / NAMES[31])


@pytest.mark.parametrize("damaged", [False, True])
def test_clean_and_damaged_folders_are_scored_to_the_end(home: Path, damaged: bool) -> None:
    scores = dict(SCORES)
    if damaged:
        damage(home / "predictions")
        scores |= {name: np.zeros(SHAPE, np.float32) for name in DAMAGED}
    out = home / "out.json"
    files = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels"), "--json", str(out)]
    assert main(["score", "--task", "pixel", "--batch-size", "10", *files]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    for batch in found["batches"]:
        labels, values = (
            np.concatenate([part[n].ravel() for n in batch["cases"]]) for part in (LABELS, scores)
        )
        assert batch["ap"] == pytest.approx(average_precision_score(labels, values), abs=1e-12)
    assert len(found["batches"]) == 4
    listed = {case["id"]: case["outcome"] for case in found["cases"] if case["outcome"] != "valid"}
    assert listed == (DAMAGED if damaged else {})
    assert (found["valid"], found["total"]) == (36 if damaged else 40, 40)
