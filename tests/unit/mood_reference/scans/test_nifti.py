"""Folders of NIfTI in, score maps and sample scores out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from mood_reference.scans.nifti import (
    list_scans,
    read_scan,
    read_training_scans,
    write_map,
    write_sample_score,
)


def test_scans_come_in_the_order_of_their_names(write_scans: Callable[..., Path]) -> None:
    assert [path.name for path in list_scans(write_scans(3))] == ["000.nii.gz", "001.nii.gz", "002.nii.gz"]


def test_a_folder_without_scans_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        list_scans(tmp_path)


def test_voxels_that_are_no_numbers_are_read_as_zero(tmp_path: Path) -> None:
    voxels = np.full((4, 4, 4), 0.5, np.float32)
    voxels[1, 2, 3] = np.nan
    Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    volume, _ = read_scan(tmp_path / "a.nii.gz")
    assert volume[1, 2, 3] == 0
    assert volume.dtype == np.float32


def test_four_axes_are_refused(tmp_path: Path) -> None:
    Nifti1Image(np.zeros((4, 4, 4, 2), np.float32), np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    with pytest.raises(ValueError, match="exactly three axes"):
        read_scan(tmp_path / "a.nii.gz")


def test_axes_of_length_one_after_the_third_are_dropped(tmp_path: Path) -> None:
    Nifti1Image(np.ones((4, 5, 6, 1, 1), np.float32), np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    assert read_scan(tmp_path / "a.nii.gz")[0].shape == (4, 5, 6)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_image_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"a\.nii\.gz is not a readable NIfTI image .*; write it with nibabel"
    ):
        read_scan(tmp_path / "a.nii.gz")


def test_values_far_from_any_intensity_are_cut_off(tmp_path: Path) -> None:
    Nifti1Image(np.array([[[1e30, -np.inf, 0.5]]], np.float32), np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    assert read_scan(tmp_path / "a.nii.gz")[0].ravel().tolist() == [1e4, -1e4, 0.5]


def test_training_scans_are_brought_to_one_size(write_scans: Callable[..., Path]) -> None:
    assert read_training_scans(write_scans(2), 16).shape == (2, 16, 16, 16)


def test_a_map_keeps_affine_and_values_and_holds_no_time(write_scans: Callable[..., Path]) -> None:
    folder = write_scans(1)
    volume, image = read_scan(folder / "000.nii.gz")
    write_map(folder / "a.nii.gz", volume, image)
    again, written = read_scan(folder / "a.nii.gz")
    assert np.array_equal(again, volume)
    assert np.array_equal(written.affine, image.affine)
    assert written.get_data_dtype() == np.float32
    assert (folder / "a.nii.gz").read_bytes()[4:8] == bytes(4)  # gzip's time stamp


def test_a_sample_score_keeps_all_its_digits(tmp_path: Path) -> None:
    write_sample_score(tmp_path / "a.txt", 0.1 + 0.2)
    assert float((tmp_path / "a.txt").read_text()) == 0.1 + 0.2
