"""Files as others write them: read in either version, or refused in a sentence."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_test_sets.findings import Defect
from mood_test_sets.reading.scan_file import UnusableFile, read_planes, read_scan_file

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
