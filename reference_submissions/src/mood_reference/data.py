"""Reads folders of NIfTI scans and writes score maps and sample scores beside each other."""

from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Image

from mood_reference.volumes import Volume, resize

SUFFIX = ".nii.gz"


def list_scans(folder: Path) -> list[Path]:
    """Return the scans of a folder, sorted by name."""
    scans = sorted(folder.glob(f"*{SUFFIX}"))
    if not scans:
        raise FileNotFoundError(f"{folder} holds no *{SUFFIX} file; name the folder of the scans themselves.")
    return scans


def read_scan(path: Path) -> tuple[Volume, Any]:
    """Return the voxels as float32 (X, Y, Z) and the image they came from, which carries the affine."""
    image = Nifti1Image.from_filename(path)
    volume = np.asarray(image.dataobj, dtype=np.float32)
    if volume.ndim != 3:
        raise ValueError(f"{path} has shape {volume.shape}; a scan must have exactly three axes.")
    return np.nan_to_num(volume), image


def read_training_scans(folder: Path, size: int) -> Volume:
    """Return all scans of a folder resized to (N, size, size, size), in the order of their names."""
    return np.stack([resize(read_scan(path)[0], (size,) * 3) for path in list_scans(folder)])


def write_map(path: Path, scores: Volume, like: Any) -> None:
    """Write a score map as float32 on the grid of the image `like`."""
    Nifti1Image(scores.astype(np.float32), like.affine).to_filename(path)


def write_sample_score(path: Path, score: float) -> None:
    """Write one number, with all the digits that it has."""
    path.write_text(f"{score!r}\n", encoding="ascii")
