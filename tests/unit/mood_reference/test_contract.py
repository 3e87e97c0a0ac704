"""What every method promises, seen on one trained in seconds: shapes, range, equal bits, any input."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from mood_reference.configs import rebuild_config
from mood_reference.learning.training import Order, train_method
from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.models import load_method
from mood_reference.scans.nifti import read_scan
from mood_reference.scores.predict import main
from mood_reference.scores.scoring import calibrate_scan, calibrate_voxels, make_raw_scorer
from mood_reference.weights import Weights, save_weights

pytestmark = pytest.mark.torch
METHODS = list(MethodName)
LEARNT_BY_GRADIENTS = [name for name in METHODS if ABOUT[name].torch]


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    for seed in range(8):
        Nifti1Image(_grow(seed), np.eye(4)).to_filename(folder / f"{seed}.nii.gz")
    return folder


def _grow(seed: int, side: int = 24) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, side)] * 3, indexing="ij"))
    radius = np.sqrt(((grid / rng.uniform(0.75, 0.85, (3, 1, 1, 1))) ** 2).sum(axis=0))
    scan = np.where(radius < 0.5, rng.uniform(0.3, 0.4), rng.uniform(0.6, 0.7))
    return np.where(radius < 1, scan + rng.normal(0, 0.02, radius.shape), 0).clip(0, 1).astype(np.float32)


@pytest.fixture(scope="session")
def trained(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[MethodName], Weights]:
    @cache
    def train(method: MethodName) -> Weights:
        folder = tmp_path_factory.mktemp(method)
        return train_method(
            Order(method=method, dataset="brain", data=scans, profile=Profile.TINY, folder=folder)
        )

    return train


Trained = Callable[[MethodName], Weights]


@pytest.mark.parametrize("method", METHODS)
def test_a_container_writes_a_map_of_the_scans_shape_and_place_and_one_number(
    method: MethodName, trained: Trained, tmp_path: Path
) -> None:
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    Nifti1Image(_grow(50, 20)[:, :, 4:, None], affine).to_filename(folder / "case.nii.gz")
    save_weights(tmp_path / "w.npz", trained(method))
    for task in ("pixel", "sample"):
        main(["--task", task, "--weights", str(tmp_path / "w.npz"), "-i", str(folder), "-o", str(out)])
    written = Nifti1Image.from_filename(out / "case.nii.gz")
    scores = np.asarray(written.dataobj)
    assert written.shape == (20, 20, 16, 1)
    assert np.array_equal(written.affine, affine)
    assert scores.min() == 0
    assert 0 < scores.max() < 1
    assert 0 < float((out / "case.nii.gz.txt").read_text()) < 1
    assert (scores[read_scan(folder / "case.nii.gz")[0][..., None] > 0.1] > 0).all(), (
        "background below the body"
    )


HOSTILE = {
    "constant": np.full((9, 9, 9), 0.5, np.float32),
    "empty": np.zeros((8, 8, 8), np.float32),
    "tiny": np.full((2, 3, 4), 0.7, np.float32),
    "one voxel": np.ones((1, 1, 1), np.float32),
    "huge values": np.random.default_rng(0).uniform(0, 1e4, (9, 9, 9)).astype(np.float32),
    "anisotropic": np.random.default_rng(0).uniform(0, 1, (70, 5, 3)).astype(np.float32),
    "negative": -np.random.default_rng(0).uniform(0, 1, (9, 9, 9)).astype(np.float32),
}


@pytest.mark.parametrize("method", METHODS)
def test_any_volume_gets_finite_scores_and_the_same_ones_again(method: MethodName, trained: Trained) -> None:
    weights = trained(method)
    score = make_raw_scorer(weights)
    for name, volume in HOSTILE.items():
        raw = score(volume)
        scores = calibrate_voxels(raw, weights.header)
        assert scores.shape == volume.shape, name
        assert np.isfinite(scores).all(), name
        assert 0 <= scores.min() <= scores.max() < 1, name
        assert 0 <= calibrate_scan(raw, weights.header) <= 1, name
    again = make_raw_scorer(weights)(HOSTILE["anisotropic"])
    before = score(HOSTILE["anisotropic"])
    assert np.array_equal(again.voxels, before.voxels)
    assert again.sample == before.sample


@pytest.mark.parametrize("method", METHODS)
def test_a_config_survives_the_weights_file_for_each_profile_and_dataset(method: MethodName) -> None:
    module = load_method(method)
    for profile in Profile:
        for dataset in ("brain", "abdom"):
            config = module.make_config(profile=profile, dataset=dataset)
            assert rebuild_config(module.Config, json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize("method", LEARNT_BY_GRADIENTS)
def test_the_nets_of_the_papers_size_can_be_built(method: MethodName) -> None:
    torch = pytest.importorskip("torch")
    module = load_method(method)
    nets: dict[str, object] = {}
    with torch.device("meta"):
        for stage in module.make_stages(module.make_config(profile=Profile.PAPER, dataset="abdom")):
            nets[stage.name] = stage.build(nets)
    assert sum(weight.numel() for net in nets.values() for weight in net.parameters()) > 10_000  # type: ignore[attr-defined]
