"""MOOD's own layout, there and back, and refusals that name file and remedy."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.test_set import Dataset, Task, load_test_set
from mood_test_sets.checking import find_problems
from mood_test_sets.errors import FolderOccupied, ImportRefused
from mood_test_sets.exchange import Description, export_mood, import_folder, import_mood
from mood_test_sets.streams import Streams

RNG = np.random.default_rng(0)
KEY = Streams(key=bytes(range(16)), hidden=True)
TOY = Description(
    name="toy", dataset=Dataset.BRAIN, purpose="toy", origin="artificial", batch_size=4, public=True
)
HIDDEN = Description(
    name="mine", dataset=Dataset.ABDOM, purpose="test", origin="natural", batch_size=2, public=False
)
SPHERE = np.zeros((6, 7, 8))
SPHERE[2:4, 2:4, 2:4] = 1


def write(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(voxels.astype(np.float32), np.diag([2.0, 2.0, 3.0, 1.0]))
    image.header["descrip"] = b"Jane Doe"
    image.to_filename(path)


def write_case(source: Path, name: str, flag: str, mask: np.ndarray | None) -> None:
    write(source / "toy" / f"{name}.nii.gz", RNG.random((6, 7, 8)))
    text = source / "toy_label" / "sample" / f"{name}.nii.gz.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text(flag)
    if mask is not None:
        write(source / "toy_label" / "pixel" / f"{name}.nii.gz", mask)


@pytest.fixture
def mood(tmp_path: Path) -> Path:
    write_case(tmp_path / "mood", "toy_0", "1\n", SPHERE)
    write_case(tmp_path / "mood", "toy_1", "0", SPHERE * 0)
    write_case(tmp_path / "mood", "toy_2", "1", None)
    return tmp_path / "mood"


def test_moods_layout_becomes_a_sound_test_set(mood: Path, tmp_path: Path) -> None:
    test_set = import_mood(mood, tmp_path / "out", description=TOY, streams=KEY)
    assert find_problems(tmp_path / "out") == []
    assert load_test_set(tmp_path / "out").digest == test_set.digest
    assert sorted((case.abnormal, case.scope or "") for case in test_set.cases) == [
        (False, ""), (True, "global"), (True, "local"),
    ]  # fmt: skip
    assert len(test_set.for_task(Task.PIXEL)) == 2
    assert len(test_set.batchings) == 2
    assert test_set.not_hidden


def test_headers_and_names_are_scrubbed(mood: Path, tmp_path: Path) -> None:
    import_mood(mood, tmp_path / "out", description=TOY, streams=KEY)
    for path in (tmp_path / "out" / "images").iterdir():
        image = nib.Nifti1Image.from_filename(path)
        assert "toy" not in path.name
        assert image.header["descrip"].item() == b""
        assert image.header.get_zooms() == (2, 2, 3)


def test_export_and_import_give_the_same_voxels_and_truth(mood: Path, tmp_path: Path) -> None:
    first = import_mood(mood, tmp_path / "first", description=TOY, streams=KEY)
    assert export_mood(tmp_path / "first", tmp_path / "mood2") == 3
    second = import_mood(tmp_path / "mood2", tmp_path / "second", description=TOY, streams=KEY)
    truth = [
        sorted((case.sha256_image, case.sha256_label, case.abnormal, case.scope) for case in one.cases)
        for one in (first, second)
    ]
    assert truth[0] == truth[1]


def test_export_writes_an_empty_mask_for_normal_cases_and_none_for_global_ones(
    mood: Path, tmp_path: Path
) -> None:
    test_set = import_mood(mood, tmp_path / "first", description=TOY, streams=KEY)
    export_mood(tmp_path / "first", tmp_path / "out")
    for case in test_set.cases:
        pixel = tmp_path / "out" / "toy_label" / "pixel" / f"{case.id}.nii.gz"
        flag = tmp_path / "out" / "toy_label" / "sample" / f"{case.id}.nii.gz.txt"
        assert flag.read_text() == f"{int(case.abnormal)}\n"
        assert pixel.exists() == (case.scope != "global")
        if not case.abnormal:
            assert not nib.Nifti1Image.from_filename(pixel).get_fdata().any()


def test_export_refuses_a_folder_in_use(mood: Path, tmp_path: Path) -> None:
    import_mood(mood, tmp_path / "first", description=TOY, streams=KEY)
    with pytest.raises(FolderOccupied, match="not empty"):
        export_mood(tmp_path / "first", mood)


def test_any_folder_of_images_and_masks_can_be_imported(tmp_path: Path) -> None:
    write(tmp_path / "images" / "one.nii.gz", RNG.random((6, 7, 8)))
    write(tmp_path / "images" / "two.nii", RNG.random((6, 7, 8, 1)))
    write(tmp_path / "labels" / "one.nii.gz", SPHERE * 0.7)  # rounds to 1
    (tmp_path / "labels" / "two.nii.txt").write_text("0")
    arguments = (tmp_path / "images", tmp_path / "labels", tmp_path / "out")
    test_set = import_folder(*arguments, description=HIDDEN, streams=KEY)
    assert find_problems(tmp_path / "out") == []
    assert {case.origin for case in test_set.cases} == {"natural", "none"}
    assert test_set.secret_sha256 == KEY.secret_sha256


def test_all_refusals_are_listed_at_once_and_nothing_is_left_behind(mood: Path, tmp_path: Path) -> None:
    write_case(mood, "toy_3", "0", SPHERE)
    write_case(mood, "toy_4", "1", SPHERE * 0)
    write_case(mood, "toy_5", "maybe", None)
    write_case(mood, "toy_6", "1", SPHERE[:3])
    write(mood / "toy" / "toy_7.nii.gz", np.full((4, 4, 4), np.nan))
    write(mood / "toy" / "toy_8.nii.gz", np.zeros((4, 4, 4)))
    (mood / "toy" / "toy_9.nii.gz").write_bytes(b"no nifti")
    with pytest.raises(ImportRefused) as refused:
        import_mood(mood, tmp_path / "out", description=TOY, streams=KEY)
    lines = str(refused.value).splitlines()
    expected = ("says 0", "marks no voxel", "'maybe'", "Resample", "not finite", "no truth", "cannot be read")
    assert len(lines) == len(expected)
    for number, (line, words) in enumerate(zip(lines, expected, strict=True), start=3):
        assert f"toy_{number}" in line
        assert words in line
    assert not list(tmp_path.glob("*out*"))


def test_a_folder_that_is_not_moods_layout_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="toy_label"):
        import_mood(tmp_path, tmp_path / "out", description=TOY, streams=KEY)


def test_an_import_never_overwrites(mood: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderOccupied, match="exists already"):
        import_mood(mood, mood, description=TOY, streams=KEY)
