"""AP and AUROC of a folder with labels equal scikit-learn's on what was scored by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import average_precision_score, roc_auc_score

from mood_reference import cli
from mood_reference.models.threshold import Config
from mood_reference.scores.evaluating import Pool, evaluate, read_manifest
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.weights import Header, Weights, save_weights

WEIGHTS = Weights(Header(method="threshold", dataset="brain", config={"smoothing": 0.0}), {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scans with a bright cube, two without, one global anomaly."""
    rng = np.random.default_rng(0)
    cases = []
    for number in range(5):
        volume = rng.uniform(0.3, 0.7, (12, 12, 12)).astype(np.float32)
        label = np.zeros(volume.shape, np.uint8)
        if number < 2:
            label[3:7, 3:7, 3:7] = 1
            volume[label == 1] = 0.9
        Nifti1Image(volume, np.eye(4)).to_filename(tmp_path / f"{number}.nii.gz")
        Nifti1Image(label, np.eye(4)).to_filename(tmp_path / f"{number}-label.nii.gz")
        cases.append(
            {
                "image": f"{number}.nii.gz",
                "label": f"{number}-label.nii.gz" if number < 2 else None,
                "abnormal": number < 2 or number == 4,
                "tasks": ["sample"] if number == 4 else ["sample", "pixel"],
            }
        )
    (tmp_path / "test_set.json").write_text(json.dumps({"cases": cases}))
    return tmp_path


def test_the_numbers_are_scikit_learns(folder: Path) -> None:
    found = evaluate(WEIGHTS, folder, lambda *_: None)
    score = make_raw_scorer(WEIGHTS)
    voxels, truth, samples = [], [], []
    for number in range(5):
        raw = score(np.asarray(Nifti1Image.from_filename(folder / f"{number}.nii.gz").dataobj, np.float32))
        samples.append(raw.sample)
        if number < 4:
            voxels.append(raw.voxels.ravel())
            truth.append(
                np.asarray(Nifti1Image.from_filename(folder / f"{number}-label.nii.gz").dataobj).ravel()
            )
    assert found["pixel"]["ap"] == average_precision_score(np.concatenate(truth), np.concatenate(voxels))
    assert found["pixel"]["auroc"] == roc_auc_score(np.concatenate(truth), np.concatenate(voxels))
    assert found["sample"]["ap"] == average_precision_score([1, 1, 0, 0, 1], samples)
    assert found["pixel"]["count"] == 4 * 12**3
    assert "ap" not in found["slices"]


def test_with_one_class_only_there_is_no_ap() -> None:
    pool = Pool()
    pool.add([0.1, 0.2], [True, True])
    assert pool.measure() == {"count": 2, "prevalence": 1.0}


def test_a_folder_that_is_no_test_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"test_set\.json is missing"):
        read_manifest(tmp_path)


def test_the_command_prints_a_table_and_writes_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(tmp_path / "w.npz", WEIGHTS)
    target = tmp_path / "found.json"
    assert cli.main(["evaluate", str(tmp_path / "w.npz"), "--data", str(folder), "--json", str(target)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["AP", "AUROC", "CHANCE", "COUNT"]
    assert json.loads(target.read_text())["sample"]["count"] == 5
    assert Config(smoothing=0.0).smoothing == 0
