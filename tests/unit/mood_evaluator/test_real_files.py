"""Files written elsewhere, which nibabel ships: read as nibabel reads them, or refused with a named fault."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import OutputFault, score_pixel_case

HOME = Path(nib.__file__).parent
FILES = sorted(path for path in HOME.rglob("*.nii*") if path.suffix in (".nii", ".gz"))
VOLUMES = [path for path in FILES if len(nib.load(path).shape) == 3]
TRUTHS = [path for path in VOLUMES if nib.load(path).get_fdata().min() >= 0]  # NaN compares false


def test_there_are_volumes_and_series() -> None:
    assert len(VOLUMES) >= 3
    assert len(FILES) > len(VOLUMES)


@pytest.mark.parametrize("path", VOLUMES, ids=lambda path: path.name)
def test_a_volume_has_the_ap_of_nibabel_and_scikit_learn(path: Path, tmp_path: Path) -> None:
    voxels = np.asarray(nib.load(path).get_fdata(dtype=np.float64))
    label = np.zeros(voxels.shape, np.uint8)
    label.ravel()[:: max(voxels.size // 97, 1)] = 1
    nib.Nifti1Image(label, np.eye(4)).to_filename(tmp_path / "label.nii.gz")
    scores = np.clip(np.nan_to_num(voxels, nan=0, posinf=1, neginf=0), 0, 1).astype(np.float32)
    found = score_pixel_case(path, label=tmp_path / "label.nii.gz", shape=voxels.shape)
    expected = average_precision_score(label.ravel(), scores.ravel())
    assert found.case_ap == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("path", [path for path in FILES if path not in VOLUMES], ids=lambda path: path.name)
def test_a_series_is_no_volume(path: Path) -> None:
    shape = nib.load(path).shape[:3]
    found = score_pixel_case(path, label=None, shape=tuple(shape) + (1,) * (3 - len(shape)))
    assert found.fault in (OutputFault.SHAPE_MISMATCH, OutputFault.UNREADABLE)


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name)
def test_a_volume_can_be_truth(path: Path, tmp_path: Path) -> None:
    voxels = np.asarray(nib.load(path).get_fdata(dtype=np.float64))
    abnormal = np.clip(np.rint(voxels), 0, 1) == 1
    assert abnormal.any()
    scores = np.random.default_rng(0).random(voxels.shape).astype(np.float32)
    nib.Nifti1Image(scores, np.eye(4)).to_filename(tmp_path / "p.nii.gz")
    found = score_pixel_case(tmp_path / "p.nii.gz", label=path, shape=voxels.shape)
    assert found.case_ap == pytest.approx(
        average_precision_score(abnormal.ravel(), scores.ravel()), abs=1e-12
    )
