"""What can be a scan, and what looks like a mask."""

import re

import numpy as np
import pytest
from scipy import ndimage

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.shipped_scans import ScanName, load_scan
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.streams import PUBLIC

BLOB = np.zeros((40, 40, 40), np.float32)
BLOB[15:25, 15:25, 15:25] = 1
RNG = np.random.default_rng(0)
SOFT = ndimage.gaussian_filter(BLOB, 1.5)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (BLOB, r"2 values \(0, 1\)"),
        (BLOB * 255, "0, 255"),
        (BLOB * 0.5, "0, 0.5"),
        (RNG.integers(0, 16, BLOB.shape), "16 values"),
        (BLOB * RNG.integers(1, 60, BLOB.shape), "60 values, and 1.6% of it"),
        (SOFT, "nearly 0 or 1"),
        (SOFT / 2, "nearly 0 or 1"),
        ((np.round(SOFT * 255) / 255), "nearly 0 or 1"),
    ],
)
def test_few_values_or_a_map_of_probabilities_are_no_scan(values: np.ndarray, told: str) -> None:
    note = looks_like_mask(values)
    assert note is not None
    assert "--scan NAME" in note.remedy
    assert re.search(told, note.what), note.what


@pytest.mark.parametrize("name", [one for one in ScanName if one is not ScanName.ABDOMEN_ORGANS])
def test_real_scans_are_scans_in_every_unit(name: ScanName) -> None:
    values = load_scan(name).voxels
    scaled = (values - values.min()) / (values.max() - values.min())
    for one in (values, scaled, np.pad(scaled, 40), np.round(scaled * 255)):
        assert looks_like_mask(one) is None


def test_an_atlas_of_many_classes_is_no_scan() -> None:
    organs = load_scan(ScanName.ABDOMEN_ORGANS).voxels
    many = organs + 100 * (np.arange(organs.shape[0]) // 40)[:, None, None]  # as many as in a whole brain
    assert len(np.unique(many)) > 64
    note = looks_like_mask(np.where(organs > 0, many, 0))
    assert note is not None
    assert "patches" in note.what


def test_a_clipped_and_rounded_scan_is_a_scan() -> None:
    hu = load_scan(ScanName.ABDOMEN_CT).voxels
    for low, high in ((-300, 500), (-1000, 3000), (-160, 240)):
        for levels in (255, 100):
            assert looks_like_mask(np.round((hu.clip(low, high) - low) / (high - low) * levels)) is None


def test_masks_of_organs_are_no_scan_and_grown_scans_are() -> None:
    assert looks_like_mask(load_scan(ScanName.ABDOMEN_ORGANS).voxels > 4) is not None
    for dataset in Dataset:
        assert looks_like_mask(grow(PUBLIC, Subject(dataset, "x", 0), side=40).values) is None


def test_a_scan_of_seventeen_values_all_over_is_taken() -> None:
    assert looks_like_mask(RNG.integers(1, 18, BLOB.shape)) is None


def test_a_dim_scan_with_a_few_bright_voxels_and_one_of_repeated_slices_are_scans() -> None:
    body = ndimage.binary_dilation(BLOB > 0, iterations=3)
    dim = body * RNG.normal(0.07, 0.01, BLOB.shape).clip(0.02)
    dim[20, 20, 18:22] = 1
    assert looks_like_mask(dim) is None
    assert looks_like_mask(np.repeat(RNG.integers(0, 900, (5, 40, 40)), 8, axis=0)) is None
