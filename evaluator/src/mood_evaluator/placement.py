"""Where the voxels of a scan lie: told by the test set, never by a prediction."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidInput, InvalidPrediction
from mood_evaluator.nifti_stream import Shape, open_nifti

Affine = tuple[tuple[float, float, float, float], ...]
"""The three upper rows of the matrix that takes voxel indices to mm."""


def find_affine(known: Affine | npt.NDArray[Any] | None, *paths: Path | None, shape: Shape) -> Affine | None:
    """Return `known`, else that of the first file (image, then label) whose header has a usable one.

    `known` is a matrix (3 or 4, 4) of any kind, as nibabel has it; raises InvalidInput for another.
    """
    own = None if known is None else as_affine(known)
    found = [] if own is None else [own]
    found += [one for path in paths if not found and (one := _read_affine(path, shape)) is not None]
    return found[0] if found else None


def as_affine(rows: Sequence[Sequence[float]] | npt.NDArray[Any]) -> Affine | None:
    """Return the rows (3 or 4, 4) as they are stored; None for a matrix that gives voxels no volume.

    Raises InvalidInput for anything else.
    """
    try:
        matrix = np.asarray(rows, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"affine is no matrix of numbers ({error}). Give three rows of four.") from error
    if matrix.shape not in ((3, 4), (4, 4)):
        raise InvalidInput(f"affine has the shape {matrix.shape}. Give three or four rows of four numbers.")
    volume = abs(np.linalg.det(matrix[:3, :3])) if np.isfinite(matrix).all() else 0.0
    if not 0 < volume < math.inf:
        return None
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in matrix[:3])


def spacing_of(affine: Affine) -> tuple[float, float, float]:
    """Return the distances of neighbouring voxels along the three axes, in mm."""
    x, y, z = np.linalg.norm(np.array(affine)[:, :3], axis=0)
    return float(x), float(y), float(z)


def volume_of_voxel(affine: Affine) -> float:
    """Return the volume of a voxel in mm³."""
    return abs(float(np.linalg.det(np.array(affine)[:, :3])))


def differs(stated: npt.NDArray[Any] | None, affine: Affine) -> bool:
    """Whether the matrix (4, 4) of a prediction places voxels elsewhere; one that makes no sense does."""
    return stated is None or not np.allclose(stated[:3], np.array(affine), rtol=1e-4, atol=1e-3)


def _read_affine(path: Path | None, shape: Shape) -> Affine | None:
    if path is None:
        return None
    try:
        with open_nifti(path, shape=shape) as stream:
            return None if stream.affine is None else as_affine(stream.affine)
    except (InvalidPrediction, OSError):
        return None
