"""Every method trained by gradients: killed and resumed it ends with the same bits, and it learns (slow)."""

from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from mood_reference.learning.training import Order, train_method
from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.nets import precision

pytestmark = [pytest.mark.torch, pytest.mark.slow]
METHODS = [name for name in MethodName if ABOUT[name].torch]


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    for seed in range(8):
        rng = np.random.default_rng(seed)
        grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 24)] * 3, indexing="ij"))
        radius = np.sqrt(((grid / rng.uniform(0.75, 0.85, (3, 1, 1, 1))) ** 2).sum(axis=0))
        scan = np.where(radius < 0.5, rng.uniform(0.3, 0.4), rng.uniform(0.6, 0.7))
        noisy = np.where(radius < 1, scan + rng.normal(0, 0.02, radius.shape), 0).astype(np.float32)
        Nifti1Image(noisy, np.eye(4)).to_filename(folder / f"{seed}.nii.gz")
    return folder


def kill_after(share: float) -> object:
    """A report that ends the training of the first stage that comes this far."""

    def report(step: int, total: int, _text: str) -> None:
        if step >= share * total:
            raise Killed

    return report


@pytest.mark.parametrize("method", METHODS)
def test_a_training_killed_twice_ends_with_the_same_bits(
    method: MethodName, scans: Path, tmp_path: Path
) -> None:
    order = {"method": method, "dataset": "brain", "data": scans, "profile": Profile.TINY}
    whole = train_method(Order(**order, folder=tmp_path / "whole"))
    for share in (0.3, 0.8):
        with pytest.raises(Killed):
            train_method(Order(**order, folder=tmp_path / "killed", report=kill_after(share)))
    resumed = train_method(Order(**order, folder=tmp_path / "killed"))
    assert whole.arrays.keys() == resumed.arrays.keys()
    assert all(np.array_equal(whole.arrays[name], resumed.arrays[name]) for name in whole.arrays)
    assert whole.header.tau_pixel == resumed.header.tau_pixel


@pytest.mark.parametrize("method", METHODS)
def test_it_trains_in_mixed_precision_on_any_machine(
    method: MethodName, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16_units", lambda _device: True)
    order = Order(method=method, dataset="brain", data=scans, profile=Profile.TINY, folder=tmp_path)
    trained = train_method(order)
    assert all(np.isfinite(array).all() for array in trained.arrays.values())
    assert "bfloat16" in trained.header.trained["machine"]
