"""Where voxels lie is told by the test set: its manifest, its image, its label, in this order."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.placement import as_affine, differs, find_affine, spacing_of, volume_of_voxel

SHAPE = (2, 3, 4)
KNOWN = ((3.0, 0.0, 0.0, 0.0), (0.0, 3.0, 0.0, 0.0), (0.0, 0.0, 3.0, 0.0))


def write(path: Path, size: float) -> Path:
    nib.Nifti1Image(np.zeros(SHAPE, np.uint8), np.diag([size, 1, 1, 1])).to_filename(path)
    return path


def test_the_manifest_comes_before_the_image_and_the_image_before_the_label(tmp_path: Path) -> None:
    image, label = write(tmp_path / "image.nii.gz", 2), write(tmp_path / "label.nii.gz", 5)
    assert find_affine(KNOWN, image, label, shape=SHAPE) == KNOWN
    for paths, size in (((image, label), 2), ((tmp_path / "no.nii", label), 5), ((None, label), 5)):
        found = find_affine(None, *paths, shape=SHAPE)
        assert found is not None
        assert spacing_of(found) == (size, 1, 1)
    assert find_affine(None, None, shape=SHAPE) is None


def test_a_file_of_another_shape_or_without_a_sense_says_nothing(tmp_path: Path) -> None:
    assert find_affine(None, write(tmp_path / "image.nii", 2), shape=(4, 3, 2)) is None
    raw = bytearray((tmp_path / "image.nii").read_bytes())
    raw[252:256], raw[256:260] = np.array([1, 0], "<i2").tobytes(), np.float32(5).tobytes()  # no rotation
    (tmp_path / "image.nii").write_bytes(raw)
    assert find_affine(None, tmp_path / "image.nii", shape=SHAPE) is None


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_a_matrix_that_gives_voxels_no_volume_is_none(wrong: float) -> None:
    assert as_affine(np.diag([wrong, 1, 1, 1])) is None


def test_volume_and_spacing_hold_for_turned_voxels() -> None:
    turned = as_affine(np.array([[0.0, -2, 0, 9], [3, 0, 0, 9], [0, 0, 0.5, 9], [0, 0, 0, 1]]))
    assert turned is not None
    assert (spacing_of(turned), volume_of_voxel(turned)) == (pytest.approx((3, 2, 0.5)), pytest.approx(3.0))


def test_affines_differ_beyond_what_rounding_explains() -> None:
    moved = np.vstack([KNOWN, [0, 0, 0, 1]])
    assert not differs(moved + 1e-5, KNOWN)
    assert differs(moved + np.eye(4)[:, [1]], KNOWN)
    assert differs(moved * np.nan, KNOWN)
    assert differs(None, KNOWN)
