"""Files as others write them: read in either version, or refused in a sentence."""

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_test_sets.findings import Defect
from mood_test_sets.reading.scan_file import UnusableFile, read_grid, read_planes, read_scan_file

VALUES = np.arange(60, dtype=np.float32).reshape(3, 4, 5)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_both_versions_of_nifti_are_read(tmp_path: Path, kind: type[nib.Nifti1Image]) -> None:
    path = tmp_path / "a.nii.gz"
    nib.save(kind(VALUES, np.diag([1.0, 2, 3, 1])), path)
    scan = read_scan_file(path)
    assert np.array_equal(scan.values, VALUES)
    assert scan.spacing.tolist() == [1, 2, 3]
    assert np.array_equal(np.stack([*read_planes(path)], axis=2), VALUES)


@pytest.mark.parametrize("magic", [b"\0\0\0\0", b"ni1\0"])
def test_a_header_without_voxels_behind_it_is_unreadable(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "a.nii"
    content = nib.Nifti1Image(VALUES, np.eye(4)).to_bytes()
    path.write_bytes(content[:344] + magic + content[348:])
    for read in (read_scan_file, lambda one: [*read_planes(one)]):
        with pytest.raises(UnusableFile, match="not in one file") as refused:
            read(path)
        assert refused.value.defect is Defect.UNREADABLE


FLAT = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]], np.float32)
ODD = [
    (70, struct.pack("<h", 1), Defect.DATA_TYPE, "data type 1"),
    (70, struct.pack("<h", 9999), Defect.DATA_TYPE, "data type 9999"),
    (40, struct.pack("<h", 9), Defect.UNREADABLE, "9 axes"),
    (254, struct.pack("<h", 999), Defect.NO_ORIENTATION, "sform_code is 999"),
    (280, FLAT.tobytes(), Defect.NO_ORIENTATION, "in one plane"),
    (280, np.full(12, np.nan, np.float32).tobytes(), Defect.SPACING, "nan"),
    (0, b"nothing", Defect.UNREADABLE, "NIfTI"),
]


@pytest.mark.parametrize(("place", "content", "defect", "told"), ODD)
def test_an_odd_header_is_refused_in_a_sentence_with_its_voxels_or_without(
    tmp_path: Path, place: int, content: bytes, defect: Defect, told: str
) -> None:
    path = tmp_path / "a.nii"
    whole = nib.Nifti1Image(VALUES, np.eye(4)).to_bytes()
    path.write_bytes(whole[:place] + content + whole[place + len(content) :])
    for read in (read_scan_file, read_grid):
        with pytest.raises(UnusableFile, match=told) as refused:
            read(path)
        assert refused.value.defect is defect


def test_a_grid_is_that_of_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    nib.save(nib.Nifti2Image(VALUES, np.diag([1.0, 2, 3, 1])), path)
    grid = read_grid(path)
    assert (grid.shape, grid.data_type) == (VALUES.shape, 16)
    assert np.array_equal(grid.affine, read_scan_file(path).affine)
