"""Export of a test set in MOOD's own layout (toy/, toy_label/), which an import reads back."""

import shutil
from pathlib import Path

import numpy as np

from mood_evaluator.test_set import ManifestCase, Task, load_test_set
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.nifti import encode_label
from mood_test_sets.reading.scan_file import read_scan_file

__all__ = ["export_mood"]


def export_mood(folder: Path, out: Path) -> int:
    """Write a test set in MOOD's layout below `out`; returns the number of cases."""
    test_set = load_test_set(folder)
    if out.exists() and any(out.iterdir()):
        raise FolderOccupied(f"{out} is not empty. Choose another folder.")
    images, sample, pixel = out / "toy", out / "toy_label" / "sample", out / "toy_label" / "pixel"
    for directory in (images, sample, pixel):
        directory.mkdir(parents=True)
    for case in test_set.cases:
        name = Path(case.image).name
        shutil.copyfile(folder / case.image, images / name)
        (sample / f"{name}.txt").write_text(f"{int(case.abnormal)}\n", encoding="ascii")
        if Task.PIXEL in case.tasks:
            (pixel / name).write_bytes(_mood_label(folder, case))
    return len(test_set.cases)


def _mood_label(folder: Path, case: ManifestCase) -> bytes:
    """MOOD stores an empty mask with every normal case."""
    if case.label is not None:
        return (folder / case.label).read_bytes()
    extent = read_scan_file(folder / case.image).extent
    return encode_label(np.zeros(case.shape, dtype=np.bool_), extent=extent)
