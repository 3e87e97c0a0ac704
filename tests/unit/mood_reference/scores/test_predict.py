"""The container's entry on a real folder. What every method promises stands in test_contract.py."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import roc_auc_score

from mood_reference.learning.training import Order, train_method
from mood_reference.methods import MethodName, Profile
from mood_reference.models import threshold
from mood_reference.scans.nifti import read_scan
from mood_reference.scores.predict import main
from mood_reference.weights import Header, Weights, save_weights


def make_weights(method: MethodName, folder: Path) -> Weights:
    return train_method(Order(method=method, dataset="brain", data=folder, profile=Profile.TINY))


def predict(task: str, weights: Path, folder: Path, out: Path) -> Path:
    out.mkdir(exist_ok=True)
    main(["--task", task, "--weights", str(weights), "-i", str(folder), "-o", str(out)])
    return out


def test_the_pca_residual_finds_a_sphere_that_the_threshold_misses(
    write_scans: Callable[..., Path], abnormal: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    scan, label = abnormal
    scan = np.where(label, np.float32(0.65), scan)  # as bright as the rim, but in the dark core
    training = write_scans(12)
    (tmp_path / "in").mkdir()
    Nifti1Image(scan, np.eye(4)).to_filename(tmp_path / "in" / "case.nii.gz")
    areas = {}
    for method in (MethodName.THRESHOLD, MethodName.PCA):
        save_weights(tmp_path / "w.npz", make_weights(method, training))
        out = predict("pixel", tmp_path / "w.npz", tmp_path / "in", tmp_path / method)
        areas[method] = roc_auc_score(label.ravel(), read_scan(out / "case.nii.gz")[0].ravel())
    assert areas[MethodName.PCA] > 0.97
    assert areas[MethodName.PCA] > areas[MethodName.THRESHOLD]


def test_an_empty_scan_scores_zero_everywhere(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Nifti1Image(np.zeros((8, 8, 8), np.float32), np.eye(4)).to_filename(tmp_path / "in" / "case.nii.gz")
    header = Header(method="threshold", dataset="brain", config=asdict(threshold.Config()))
    save_weights(tmp_path / "w.npz", Weights(header, {}))
    out = predict("pixel", tmp_path / "w.npz", tmp_path / "in", tmp_path / "out")
    assert (read_scan(out / "case.nii.gz")[0] == 0).all()
