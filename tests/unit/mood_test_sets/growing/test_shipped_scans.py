"""The vendored scans are the ones that NOTICE.md names."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from mood_test_sets.growing.shipped_scans import SHA256, ScanName, load_scan

FOLDER = files("mood_test_sets.growing") / "scans"


@pytest.mark.parametrize("name", ScanName)
def test_each_scan_has_the_hash_that_the_notice_states(name: ScanName) -> None:
    found = hashlib.sha256((FOLDER / f"{name}.nii.gz").read_bytes()).hexdigest()
    assert found == SHA256[name]
    assert f"`{name}.nii.gz`" in (FOLDER / "NOTICE.md").read_text()
    assert found in (FOLDER / "NOTICE.md").read_text()


def test_no_scan_is_shipped_that_the_package_does_not_use() -> None:
    shipped = {entry.name for entry in FOLDER.iterdir()}
    assert shipped == {"NOTICE.md", *(f"{name}.nii.gz" for name in ScanName)}


def test_the_scans_stay_below_the_agreed_size() -> None:
    assert sum(len(entry.read_bytes()) for entry in FOLDER.iterdir()) < 13e6


def test_the_ct_is_in_hounsfield_units_on_the_grid_of_its_organs() -> None:
    ct, organs = load_scan(ScanName.ABDOMEN_CT), load_scan(ScanName.ABDOMEN_ORGANS)
    assert ct.voxels.shape == organs.voxels.shape == (122, 101, 112)
    assert ct.spacing == 3.0
    assert 20 < np.median(ct.voxels[organs.voxels == 5]) < 120  # liver
