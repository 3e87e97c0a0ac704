"""The folder that participants copy is a submission that keeps the contract, and travels with the package."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder

import mood_platform
from mood_platform.cli.main import COMMANDS

KIT = Path(mood_platform.__file__).parent / "starter_kit"
PLATFORM = Path(__file__).parents[3] / "platform"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.nii.gz", "b.nii.gz"):
        voxels = rng.random((5, 6, 7)).astype(np.float32)
        voxels[0, 0, :2] = (np.nan, 0)
        nib.Nifti1Image(voxels, np.diag([1, 2, 3, 1])).to_filename(folder / name)
    return folder


@pytest.mark.parametrize("task", ["pixel", "sample"])
def test_it_scores_every_scan_of_a_folder(task: str, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ["-i", str(scans), "-o", str(out), "-mode", task, "-dataset", "brain"]
    subprocess.run([sys.executable, str(KIT / "predict.py"), *words], check=True)
    suffix = "" if task == "pixel" else ".txt"
    assert {path.name for path in out.iterdir()} == {f"{name}.nii.gz{suffix}" for name in "ab"}
    if task == "pixel":
        image = nib.Nifti1Image.from_filename(out / "a.nii.gz")
        scores = image.get_fdata()
        assert scores.shape == (5, 6, 7)
        assert np.array_equal(image.affine, np.diag([1, 2, 3, 1]))
        assert 0 == scores.min() < scores.max() <= 1
    else:
        assert 0 <= float((out / "a.nii.gz.txt").read_text()) <= 1


@pytest.mark.parametrize("task", ["pixel", "sample"])
@pytest.mark.parametrize("dataset", ["brain", "abdom"])
def test_each_script_names_its_task_and_dataset(task: str, dataset: str) -> None:
    script = (KIT / f"run_{task}_{dataset}.sh").read_text()
    assert f'-i "$1" -o "$2" -mode {task} -dataset {dataset}\n' in script


def test_the_dockerfile_copies_everything_but_itself_and_the_readme() -> None:
    copied = re.findall(r"^COPY (.*) /workspace/$", (KIT / "Dockerfile").read_text(), re.MULTILINE)
    present = {path.name for path in KIT.iterdir() if path.is_file()}
    assert set(copied[0].split()) == present - {"Dockerfile", "README.md"}


def test_its_readme_names_commands_and_files_that_exist() -> None:
    text = (KIT / "README.md").read_text()
    names = {name for commands in COMMANDS.values() for name in commands}
    assert set(re.findall(r"\bmood ([a-z]+) ", text)) <= names
    assert all((KIT / name).is_file() for name in re.findall(r"`(\w+\.py|Dockerfile)`", text))


def test_the_wheel_of_the_platform_carries_it(tmp_path: Path) -> None:
    [wheel] = WheelBuilder(str(PLATFORM)).build(directory=str(tmp_path), versions=["standard"])
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {f"mood_platform/starter_kit/{path.name}" for path in KIT.iterdir() if path.is_file()} <= packed
