"""What a container wrote is looked at: one file, the scan's shape, scores from 0 to 1."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_reference.methods import MethodName, Profile
from mood_studies.driving.stages import StepFailed
from mood_studies.reference.check_images import check_output
from mood_studies.reference.images import Builder, tag_of


def write(path: Path, *, shape: tuple[int, int, int] = (3, 4, 5), value: float = 0.5) -> Path:
    nib.Nifti1Image(np.full(shape, value, np.float32), np.eye(4)).to_filename(path)
    return path


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write(tmp_path / "scan.nii.gz")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_what_the_contract_asks_for_passes(scan: Path, out: Path) -> None:
    write(out / "case.nii.gz")
    check_output(out, "pixel", scan)
    (out / "case.nii.gz").unlink()
    (out / "case.nii.gz.txt").write_text("0.25\n")
    check_output(out, "sample", scan)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"shape": (3, 4, 6)}, "the map has shape"),
        ({"value": 1.5}, "scores from 1.5 to 1.5"),
        ({"value": float("nan")}, "scores from nan"),
    ],
)
def test_a_wrong_map_is_refused(change: dict[str, float], complaint: str, scan: Path, out: Path) -> None:
    write(out / "case.nii.gz", **change)  # type: ignore[arg-type]
    with pytest.raises(StepFailed, match=complaint):
        check_output(out, "pixel", scan)


def test_nothing_or_more_than_one_file_is_refused(scan: Path, out: Path) -> None:
    with pytest.raises(StepFailed, match=r"not case\.nii\.gz alone"):
        check_output(out, "pixel", scan)
    write(out / "case.nii.gz")
    (out / "more.txt").touch()
    with pytest.raises(StepFailed, match=r"not case\.nii\.gz alone"):
        check_output(out, "pixel", scan)


def test_an_image_of_another_profile_than_the_cpus_is_told_apart() -> None:
    assert tag_of(MethodName.PCA, Profile.CPU) == "mood-reference-pca"
    assert tag_of(MethodName.PCA, Profile.TINY) == "mood-reference-pca:tiny"


def test_an_image_without_weights_is_not_built(tmp_path: Path) -> None:
    builder = Builder("base", tmp_path, Profile.CPU)
    with pytest.raises(StepFailed, match="make -C studies weights METHOD=pca"):
        builder.build(MethodName.PCA)
