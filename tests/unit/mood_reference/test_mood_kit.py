"""The example that participants copy keeps the contract of its own four scripts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mood_reference
from mood_reference.data import read_scan

KIT = Path(mood_reference.__file__).parents[2] / "examples" / "mood-kit"


@pytest.mark.parametrize("task", ["pixel", "sample"])
def test_the_example_scores_every_scan_of_a_folder(
    task: str, write_scans: Callable[..., Path], tmp_path: Path
) -> None:
    folder, out = write_scans(2), tmp_path / "out"
    out.mkdir()
    command = [sys.executable, str(KIT / "simple.py"), "-i", str(folder), "-o", str(out), "-mode", task]
    subprocess.run(command, check=True)
    suffix = "" if task == "pixel" else ".txt"
    assert {path.name for path in out.iterdir()} == {f"00{i}.nii.gz{suffix}" for i in range(2)}
    if task == "pixel":
        scores, _ = read_scan(out / "000.nii.gz")
        assert scores.shape == read_scan(folder / "000.nii.gz")[0].shape
        assert 0 <= scores.min() < scores.max() <= 1
    else:
        assert 0 <= float((out / "000.nii.gz.txt").read_text()) <= 1


@pytest.mark.parametrize("task", ["pixel", "sample"])
@pytest.mark.parametrize("dataset", ["brain", "abdom"])
def test_each_script_names_its_task(task: str, dataset: str) -> None:
    assert f"-mode {task}" in (KIT / f"run_{task}_{dataset}.sh").read_text()
