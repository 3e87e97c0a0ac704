"""Every kind of damage is found and named."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, load_test_set, save_test_set
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.nifti import encode_label, encode_levels, encode_values

EXTENT = (8.0, 8.0, 8.0)
LEVELS = np.arange(512, dtype=np.uint16).reshape(8, 8, 8)


def store(path: Path, content: bytes) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = store(tmp_path / "images" / "a.nii.gz", encode_levels(LEVELS, extent=EXTENT))
    label = store(tmp_path / "labels" / "a.nii.gz", encode_label(LEVELS > 500, extent=EXTENT))
    case = ManifestCase(
        id="a",
        image="images/a.nii.gz",
        label="labels/a.nii.gz",
        shape=(8, 8, 8),
        abnormal=True,
        tasks=(Task.PIXEL,),
        scope="local",
        origin="artificial",
        sha256_image=image,
        sha256_label=label,
    )
    save(tmp_path, case)
    return tmp_path


def save(folder: Path, *cases: ManifestCase) -> None:
    test_set = Manifest(
        name="one",
        dataset=Dataset.BRAIN,
        purpose="test",
        recipe="by hand",
        generator_version="1",
        source_subjects=1,
        cases=cases,
    )
    save_test_set(test_set, folder)


def load_case(folder: Path) -> ManifestCase:
    return load_test_set(folder).cases[0]


def test_a_sound_folder_has_no_problem(folder: Path) -> None:
    assert find_problems(folder) == []


def test_a_missing_manifest_is_one_problem(tmp_path: Path) -> None:
    (problem,) = find_problems(tmp_path)
    assert "test_set.json" in problem


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "images" / "a.nii.gz").unlink()
    (problem,) = find_problems(folder)
    assert "a.nii.gz is missing" in problem


def test_a_changed_file_and_a_stray_one_are_reported_together(folder: Path) -> None:
    store(folder / "images" / "a.nii.gz", encode_levels(LEVELS + 1, extent=EXTENT))
    store(folder / "images" / "b.nii.gz", b"")
    problems = find_problems(folder)
    assert any("SHA-256 differs" in problem for problem in problems)
    assert any("b.nii.gz is not in the manifest" in problem for problem in problems)


def test_a_truncated_file_is_unreadable(folder: Path) -> None:
    content = encode_levels(LEVELS, extent=EXTENT)[:200]
    sha256 = store(folder / "images" / "a.nii.gz", content)
    save(folder, replace(load_case(folder), sha256_image=sha256))
    assert any("cannot be read" in problem for problem in find_problems(folder))


def test_another_shape_is_found(folder: Path) -> None:
    sha256 = store(folder / "images" / "a.nii.gz", encode_levels(LEVELS[:4], extent=EXTENT))
    save(folder, replace(load_case(folder), sha256_image=sha256))
    assert any("shape (4, 8, 8) differs" in problem for problem in find_problems(folder))


def test_an_empty_label_is_found(folder: Path) -> None:
    sha256 = store(folder / "labels" / "a.nii.gz", encode_label(LEVELS < 0, extent=EXTENT))
    save(folder, replace(load_case(folder), sha256_label=sha256))
    assert any("at least one 1" in problem for problem in find_problems(folder))


def test_an_image_of_another_data_type_is_found(folder: Path) -> None:
    content = encode_values(LEVELS.astype(np.float32), extent=EXTENT)
    sha256 = store(folder / "images" / "b.nii.gz", content)
    first = load_case(folder)
    second = replace(
        first,
        id="b",
        image="images/b.nii.gz",
        label=None,
        abnormal=False,
        scope=None,
        origin="none",
        sha256_image=sha256,
        sha256_label=None,
    )
    save(folder, first, second)
    assert any("2 different data types" in problem for problem in find_problems(folder))


def test_a_file_that_tells_more_than_its_voxels_is_found(folder: Path) -> None:
    content = gzip.compress(gzip.decompress(encode_levels(LEVELS, extent=EXTENT)), mtime=1)
    sha256 = store(folder / "images" / "a.nii.gz", content)
    save(folder, replace(load_case(folder), sha256_image=sha256))
    (problem,) = find_problems(folder)
    assert "a.nii.gz: its gzip header holds a name or a date" in problem


def test_an_image_that_is_no_scan_at_all_is_one_problem(folder: Path) -> None:
    sha256 = store(folder / "images" / "a.nii.gz", b"no gzip")
    save(folder, replace(load_case(folder), sha256_image=sha256))
    (problem,) = find_problems(folder)
    assert "a.nii.gz cannot be read as NIfTI" in problem
