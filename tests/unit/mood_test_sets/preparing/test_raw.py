"""Scans and masks are turned alike, and what their headers contradict is told with its size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.findings import Defect
from mood_test_sets.preparing.raw import read_mask, read_source
from mood_test_sets.reading.scan_file import UnusableFile

Put = Callable[..., Path]
AFFINE = np.diag([3.0, 3, 3, 1])


def source(path: Path) -> Source:
    return Source("p", (path,), dicom=False, subject="p")


def shifted(mm: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] = mm
    return affine


def test_a_mask_with_flipped_axes_is_turned_as_its_scan(put: Put, lesion: np.ndarray) -> None:
    lesion[1, 2, 3] = 1
    flipped = np.diag([-3.0, 3, 3, 1])
    flipped[0, 3] = 57
    raw = read_source(source(put("p.nii.gz")))
    marks, notes = read_mask(Mask(put("p_mask.nii.gz", lesion[::-1], flipped)), raw)
    assert np.array_equal(marks, lesion == 1)
    assert notes == []


@pytest.mark.parametrize(("mm", "told"), [(1.0, 0), (10.0, 1)])
def test_a_mask_that_its_header_places_elsewhere_is_told_in_mm(
    put: Put, lesion: np.ndarray, mm: float, told: int
) -> None:
    raw = read_source(source(put("p.nii.gz")))
    _, notes = read_mask(Mask(put("p_mask.nii.gz", lesion, shifted(mm))), raw)
    assert [note.defect for note in notes] == [Defect.SHIFTED] * told
    assert all("up to 10.0 mm" in note.what for note in notes)


def test_a_tilted_nifti_and_its_mask_are_straightened_alike(put: Put, lesion: np.ndarray) -> None:
    tilted = AFFINE.copy()
    tilted[1, 2] = 3 * np.tan(np.radians(15))
    values = np.where(lesion, 900, -900).astype(np.int16)
    values[0, 0, 0] = -901
    raw = read_source(source(put("p.nii.gz", values, tilted)))
    assert [note.defect for note in raw.notes] == [Defect.TILTED]
    assert "15.0°" in raw.notes[0].what
    marks, notes = read_mask(Mask(put("p_mask.nii.gz", lesion, tilted)), raw)
    assert notes == []
    assert raw.values[marks].mean() > 500
    assert (raw.values > 0)[~marks].sum() < 0.2 * marks.sum()


def test_rows_and_columns_that_are_not_perpendicular_are_refused_in_degrees(put: Put) -> None:
    skewed = AFFINE.copy()
    skewed[0, 1] = 3 * np.tan(np.radians(10))
    with pytest.raises(UnusableFile, match=r"10\.0° from perpendicular") as refused:
        read_source(source(put("p.nii.gz", affine=skewed)))
    assert refused.value.defect is Defect.TILTED


def test_a_mask_on_another_grid_is_refused(put: Put, lesion: np.ndarray) -> None:
    raw = read_source(source(put("p.nii.gz")))
    with pytest.raises(UnusableFile, match="has 20 x 20 x 19 voxels, its scan 20 x 20 x 20"):
        read_mask(Mask(put("p_mask.nii.gz", lesion[:, :, 1:])), raw)
