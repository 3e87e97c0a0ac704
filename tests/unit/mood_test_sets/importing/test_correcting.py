"""A corrected version keeps scans, ids and, where it can, batches; it says what it changed."""

from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, load_test_set
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.importing.correcting import correct_set
from mood_test_sets.importing.folder import Description, import_set
from mood_test_sets.importing.layout import find_layout
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.streams import Streams

KEY = Streams(key=bytes(range(16)), hidden=True)
SHAPE = (5, 5, 5)
DESCRIPTION = Description(
    name="test-brain", dataset=Dataset.BRAIN, purpose="test", origin="natural", batch_size=3, public=False
)


def write(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels.astype(np.float32), np.eye(4)).to_filename(path)


def ball(size: int) -> np.ndarray:
    voxels = np.zeros(SHAPE)
    voxels[:size, :size, :size] = 1
    return voxels


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Manifest]:
    """Six cases, every second one with a local anomaly."""
    for index in range(6):
        write(tmp_path / "in" / "images" / f"{index}.nii.gz", np.random.default_rng(index).random(SHAPE))
        write(tmp_path / "in" / "labels" / f"{index}.nii.gz", ball(2) * (index % 2))
    imported = import_set(
        find_layout(tmp_path / "in"), tmp_path / "old", description=DESCRIPTION, streams=KEY
    )
    assert imported.test_set is not None
    content = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    yield imported.test_set
    assert {path: path.read_bytes() for path in content} == content, "the version in use was changed"


def pick(test_set: Manifest, *, abnormal: bool) -> ManifestCase:
    return next(case for case in test_set.cases if case.abnormal is abnormal)


def test_a_corrected_mask_changes_one_label_and_nothing_else(before: Manifest, tmp_path: Path) -> None:
    case = pick(before, abnormal=True)
    write(tmp_path / "new" / f"{case.id}.nii.gz", ball(3))
    made = correct_set(tmp_path / "old", tmp_path / "out", labels=tmp_path / "new")
    assert (made.changed, made.dropped) == ((case.id,), ())
    after = load_test_set(tmp_path / "out")
    assert after == made.test_set
    assert find_problems(tmp_path / "out") == []
    assert (after.name, after.batchings, after.secret_sha256) == (
        before.name, before.batchings, before.secret_sha256,
    )  # fmt: skip
    assert after.digest != before.digest
    assert [(one.id, one.sha256_image) for one in after.cases] == [
        (one.id, one.sha256_image) for one in before.cases
    ]
    others = [one for one in after.cases if one.id != case.id]
    assert others == [one for one in before.cases if one.id != case.id]


def test_a_case_can_become_normal_abnormal_or_global(before: Manifest, tmp_path: Path) -> None:
    [first, second, *_] = [case for case in before.cases if case.abnormal]
    normal = pick(before, abnormal=False)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / f"{first.id}.txt").write_text("0\n")
    (tmp_path / "new" / f"{second.id}.txt").write_text("1\n")
    write(tmp_path / "new" / f"{normal.id}.nii.gz", ball(1))
    made = correct_set(tmp_path / "old", tmp_path / "out", labels=tmp_path / "new")
    assert made.test_set is not None
    now = {case.id: case for case in made.test_set.cases}
    assert (now[first.id].abnormal, now[first.id].label, now[first.id].origin) == (False, None, "none")
    assert (now[second.id].scope, now[second.id].tasks) == ("global", (Task.SAMPLE,))
    assert (now[normal.id].scope, now[normal.id].origin) == ("local", "natural")
    assert find_problems(tmp_path / "out") == []


def test_a_dropped_case_leaves_every_batch(before: Manifest, tmp_path: Path) -> None:
    case = pick(before, abnormal=False)
    made = correct_set(tmp_path / "old", tmp_path / "out", drop=[case.id])
    assert made.test_set is not None
    assert case.id not in {one.id for one in made.test_set.cases}
    assert all(case.id not in batching.case_ids for batching in made.test_set.batchings)
    assert find_problems(tmp_path / "out") == []


def test_a_wrong_correction_is_reported_like_an_import(before: Manifest, tmp_path: Path) -> None:
    case = pick(before, abnormal=True)
    write(tmp_path / "new" / f"{case.id}.nii.gz", ball(2)[:3])
    made = correct_set(tmp_path / "old", tmp_path / "out", labels=tmp_path / "new")
    assert [(one.defect, one.file) for one in made.findings] == [(Defect.SHAPE, f"{case.id}.nii.gz")]
    assert made.test_set is None
    assert not (tmp_path / "out").exists()


def test_corrections_that_correct_nothing_are_refused(before: Manifest, tmp_path: Path) -> None:
    case = pick(before, abnormal=True)
    write(tmp_path / "new" / f"{case.id}.nii.gz", ball(2))
    with pytest.raises(ImportRefused, match="changes nothing"):
        correct_set(tmp_path / "old", tmp_path / "out", labels=tmp_path / "new")
    with pytest.raises(ImportRefused, match="no case 'nobody'"):
        correct_set(tmp_path / "old", tmp_path / "out", drop=["nobody"])
    assert not list(tmp_path.glob("*out*"))
