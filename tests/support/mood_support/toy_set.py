"""The smallest public test set: one abnormal case, whose image is its own label."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np

from mood_evaluator import Dataset, Manifest, ManifestCase, Task, draw_batching, save_test_set


def write_toy_set(folder: Path) -> Path:
    voxels = np.zeros((4, 4, 4), np.float32)
    voxels[1:3, 1:3, 1:3] = 1
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
        content = nib.Nifti1Image(voxels, np.eye(4)).to_bytes()  # type: ignore[no-untyped-call]
        (folder / name / "a.nii.gz").write_bytes(gzip.compress(content))
    case = ManifestCase(
        "a",
        "images/a.nii.gz",
        "labels/a.nii.gz",
        (4, 4, 4),
        abnormal=True,
        tasks=(Task.PIXEL,),
        scope="local",
        origin="artificial",
        category="toy",
        sha256_image="0" * 64,
        sha256_label="0" * 64,
    )
    batchings = tuple(draw_batching({"a": True}, size=1, seed=seed) for seed in (1, 2))
    facts = ("toy-brain", Dataset.BRAIN, "toy", "none", "1", 1)
    save_test_set(Manifest(*facts, (case,), batchings, not_hidden=True), folder)
    return folder
