"""Writes .nii.gz that tell nothing but their content: one header, one compression, no name, no time."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import header_dtype
from numpy.typing import NDArray

from mood_evaluator.nifti_header import NUMBER_TYPES
from mood_test_sets.volume import FULL, Levels

__all__ = ["encode_label", "encode_levels", "encode_values", "read_image", "read_voxels"]

COMPRESSION = 6
CODES = {name: code for code, name in NUMBER_TYPES.items()}


def encode_levels(levels: Levels, *, extent: Sequence[float]) -> bytes:
    """Grown scans: uint16 with the slope that gives 0..1; extent in mm along each axis."""
    return _encode(levels, extent=extent, slope=1 / FULL)


def encode_values(values: NDArray[np.float32], *, extent: Sequence[float]) -> bytes:
    """Imported scans: float32."""
    return _encode(values.astype(np.float32), extent=extent)


def encode_label(mask: NDArray[np.bool_], *, extent: Sequence[float]) -> bytes:
    """uint8, 1 = abnormal."""
    return _encode(mask.astype(np.uint8), extent=extent)


def _encode(voxels: NDArray[Any], *, extent: Sequence[float], slope: float = 1.0) -> bytes:
    spacing = (np.asarray(extent) / voxels.shape).astype(np.float32)  # as a reader will see it
    header = np.zeros((), dtype=header_dtype.newbyteorder("<"))
    header["sizeof_hdr"], header["vox_offset"], header["magic"] = 348, 352, b"n+1"
    header["dim"] = (3, *voxels.shape, 1, 1, 1, 1)
    header["datatype"], header["bitpix"] = CODES[voxels.dtype.str[1:]], 8 * voxels.itemsize
    header["pixdim"] = (1, *spacing, 1, 1, 1, 1)
    header["xyzt_units"] = 2  # mm
    header["scl_slope"] = slope
    header["sform_code"] = 1
    origin = (
        -spacing * (np.array(voxels.shape) - 1) / 2
    )  # the middle of the volume, whatever the scanner said
    for axis, row in enumerate(("srow_x", "srow_y", "srow_z")):
        header[row][axis], header[row][3] = spacing[axis], origin[axis]
    content = header.tobytes() + bytes(4) + voxels.astype(voxels.dtype.newbyteorder("<")).tobytes(order="F")
    return gzip.compress(content, compresslevel=COMPRESSION, mtime=0)


def read_image(path: Path) -> nib.Nifti1Image:
    """A file that was written here."""
    return nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))


def read_voxels(path: Path) -> NDArray[np.float32]:
    """The values of a file that was written here, times its slope."""
    return np.asarray(read_image(path).dataobj, dtype=np.float32)
