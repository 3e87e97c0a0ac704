"""The container's entry on a real folder, with each kind of output."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import roc_auc_score

from mood_reference import cevae, methods, threshold
from mood_reference.data import read_scan
from mood_reference.methods import MethodName, Profile
from mood_reference.predict import main
from mood_reference.training import train_method
from mood_reference.weights import Header, Weights, save_weights


def make_weights(method: MethodName, folder: Path) -> Weights:
    """Trained where training is quick; the autoencoder with random weights."""
    if method is not MethodName.CEVAE:
        return train_method(
            method=method, dataset="brain", data=folder, profile=Profile.TINY, seed=0, report=lambda *_: None
        )
    config = cevae.Config(maps=(2, 2, 4, 4), latents=4)
    header = Header(method="cevae", dataset="brain", config=asdict(config))
    return Weights(header, cevae.draw_parameters(config, np.random.default_rng(0)))


def predict(task: str, weights: Path, folder: Path, out: Path) -> Path:
    out.mkdir(exist_ok=True)
    main(["--task", task, "--weights", str(weights), "-i", str(folder), "-o", str(out)])
    return out


@pytest.mark.parametrize("method", list(MethodName))
def test_every_method_keeps_the_contract(
    method: MethodName, write_scans: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_scans(3)
    save_weights(tmp_path / "w.npz", make_weights(method, folder))
    out = predict("pixel", tmp_path / "w.npz", folder, tmp_path / "out")
    predict("sample", tmp_path / "w.npz", folder, out)
    assert sorted(path.name for path in out.iterdir()) == sorted(
        name for i in range(3) for name in (f"00{i}.nii.gz", f"00{i}.nii.gz.txt")
    )
    scan, image = read_scan(folder / "001.nii.gz")
    scores, written = read_scan(out / "001.nii.gz")
    assert scores.shape == scan.shape
    assert np.array_equal(written.affine, image.affine)
    assert scores.min() == 0
    assert 0 < scores.max() < 1
    assert 0 < float((out / "001.nii.gz.txt").read_text()) < 1


@pytest.mark.parametrize("method", list(MethodName))
def test_equal_input_gives_equal_bits(
    method: MethodName, write_scans: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_scans(2)
    save_weights(tmp_path / "w.npz", make_weights(method, folder))
    first, second = (predict("pixel", tmp_path / "w.npz", folder, tmp_path / name) for name in "ab")
    assert np.array_equal(read_scan(first / "000.nii.gz")[0], read_scan(second / "000.nii.gz")[0])


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


def test_every_method_of_the_list_has_its_module() -> None:
    for name in MethodName:
        module = methods.load_method(name)
        for dataset in ("brain", "abdom"):
            config = module.make_config(profile=Profile.TINY, dataset=dataset)
            assert module.Config(**asdict(config)) == config
