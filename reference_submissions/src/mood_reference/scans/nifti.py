"""Reads folders of NIfTI scans and writes score maps and sample scores beside each other."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.nifti1 import Nifti1Image
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from mood_reference.scans.volumes import Volume, resize

SUFFIX = ".nii.gz"
LIMIT = 1e4  # intensities of MOOD lie in [0, 1]; Hounsfield units fit too


def list_scans(folder: Path) -> list[Path]:
    """Return the scans of a folder, sorted by name."""
    scans = sorted(folder.glob(f"*{SUFFIX}"))
    if not scans:
        raise FileNotFoundError(f"{folder} holds no *{SUFFIX} file; name the folder of the scans themselves.")
    return scans


def read_scan(path: Path) -> tuple[Volume, Any]:
    """Return the voxels as float32 (X, Y, Z) and the image they came from, which carries affine and shape.

    Axes of length 1 after the third are dropped. What is no number becomes 0, and what lies beyond LIMIT is
    cut off there, so that no mean or deviation overflows.
    """
    try:
        image = Nifti1Image.from_filename(path)
        volume = np.asarray(image.dataobj, dtype=np.float32)
    except (
        ImageFileError,
        HeaderDataError,
        WrapStructError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
    ) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is not a readable NIfTI image ({error}); write it with nibabel.") from error
    if volume.ndim < 3 or any(size != 1 for size in volume.shape[3:]):
        raise ValueError(f"{path} has shape {volume.shape}; a scan must have exactly three axes.")
    if volume.size == 0:
        raise ValueError(f"{path} has shape {volume.shape} and no voxel at all.")
    return np.clip(np.nan_to_num(volume.reshape(volume.shape[:3])), -LIMIT, LIMIT), image


def read_training_scans(folder: Path, size: int) -> Volume:
    """Return all scans of a folder resized to (N, size, size, size), in the order of their names."""
    return np.stack([resize(read_scan(path)[0], (size,) * 3) for path in list_scans(folder)])


def write_map(path: Path, scores: Volume, like: Any) -> None:
    """Write a score map as float32 on the grid of the image `like`, in its own shape."""
    Nifti1Image(scores.astype(np.float32).reshape(like.shape), like.affine).to_filename(path)


def write_sample_score(path: Path, score: float) -> None:
    """Write one number, with all the digits that it has."""
    path.write_text(f"{score!r}\n", encoding="ascii")
