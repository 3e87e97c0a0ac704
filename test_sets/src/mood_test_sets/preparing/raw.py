"""Reads a source into one array with axes towards right, anterior, superior, or says why not."""

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.findings import Defect, Note
from mood_test_sets.preparing.dicom_volume import read_series, said_tilt
from mood_test_sets.preparing.masks import marked_by
from mood_test_sets.reading.geometry import obliquity, sheared_by, skewed_by, straighten, turn_between
from mood_test_sets.reading.scan_file import UnusableFile, read_scan_file

__all__ = ["Raw", "read_brain", "read_mask", "read_source"]

THICKEST = 10.0  # mm; no scan for this purpose is coarser
FEWEST = 16  # slices
TILTED, OBLIQUE = 0.5, 1.0  # degrees that are corrected, and told
APART = 0.5  # voxels that a mask may lie away from its scan


@dataclass(frozen=True, slots=True)
class Raw:
    values: NDArray[np.float32]  # (x, y, z) towards right, anterior, superior; HU for CT
    spacing: NDArray[np.float64]  # (3,) mm
    affine: NDArray[np.float64] | None = None  # (4, 4) voxel to mm
    notes: tuple[Note, ...] = ()


def read_source(source: Source) -> Raw:
    """Raises UnusableFile with defect, reason and remedy."""
    values, affine, notes = _read(source)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise UnusableFile(
            Defect.NOT_FINITE, f"{bad} voxels are NaN or infinite.", "Replace them by numbers."
        )
    if values.min() == values.max():
        raise UnusableFile(Defect.CONSTANT, f"All voxels are {values.min():g}.", "Export the scan again.")
    if (skew := skewed_by(affine)) > TILTED:
        what = f"Its rows and columns are {skew:.1f}° from perpendicular."
        raise UnusableFile(Defect.TILTED, what, "Resample it on perpendicular axes.")
    tilt = sheared_by(affine)
    if tilt > TILTED:
        values, affine = straighten(values, affine)
        what = f"Its slices are tilted by {tilt:.1f}° (gantry): each was moved back within its plane."
        notes.append(Note(Defect.TILTED, what, "Look at it in the gallery."))
    raw = _canonical(values, affine, (*notes, *_tell_oblique(affine, values.shape)))
    if raw.spacing.max() > THICKEST:
        thick = f"Its voxels are up to {raw.spacing.max():.3g} mm long."
        raise UnusableFile(Defect.SPACING, thick, f"Leave it out; at most {THICKEST:g} mm are useful.")
    if min(values.shape) < FEWEST:
        few = f"It has {min(values.shape)} slices along one axis."
        raise UnusableFile(Defect.SLICES, few, f"Leave it out, or export at least {FEWEST}.")
    return raw


def _read(source: Source) -> tuple[NDArray[np.float32], NDArray[np.float64], list[Note]]:
    if source.dicom:
        values, affine = read_series(source.files)
        return values, affine, _tell_tilt(said_tilt(source.files[0]), sheared_by(affine))
    return _read_nifti(source.files[0])


def _tell_tilt(said: float, seen: float) -> list[Note]:
    if abs(said - seen) <= TILTED or said <= TILTED:
        return []
    what = f"Its header says that the gantry was tilted by {said:.1f}°, its slices lie as of {seen:.1f}°."
    return [Note(Defect.TILTED, what, "Look at it from the side in the gallery.")]


def _read_nifti(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64], list[Note]]:
    scan = read_scan_file(path)
    if not scan.placed:
        what = "Its header does not say how it lies in the body."
        raise UnusableFile(Defect.NO_ORIENTATION, what, "Export it again with an sform or qform.")
    notes = []
    if scan.conflict is not None:
        what = f"Its sform and qform differ ({scan.conflict}); the sform is taken."
        notes.append(
            Note(Defect.FORMS_DIFFER, what, "Correct the one that is wrong; look at left and right.")
        )
    return scan.values.astype(np.float32), scan.affine, notes


def _tell_oblique(affine: NDArray[np.float64], shape: tuple[int, ...]) -> list[Note]:
    turn = obliquity(affine, shape)
    if turn.degrees <= OBLIQUE:
        return []
    what = f"It is oblique ({turn}): it is turned to the nearest axes and not resampled."
    return [Note(Defect.OBLIQUE, what, "Nothing, or resample it along the axes of the body.")]


def read_mask(mask: Mask, like: Raw) -> tuple[NDArray[np.bool_], list[Note]]:
    """What is abnormal; turned as the scan. Raises UnusableFile."""
    turned, notes = _turned(mask.path, like)
    return marked_by(mask, turned), notes


def read_brain(path: Path, like: Raw) -> NDArray[np.bool_]:
    """Above 0; turned as the scan. Raises UnusableFile."""
    brain = np.asarray(_turned(path, like)[0] > 0)
    if not brain.any():
        raise UnusableFile(Defect.EMPTY_LABEL, f"{path.name} marks no brain.", "Extract the brain again.")
    return brain


def _turned(path: Path, like: Raw) -> tuple[NDArray[np.float32], list[Note]]:
    values, affine, _ = _read_nifti(path)
    notes = []
    if sheared_by(affine) > TILTED:
        values, affine = straighten(values, affine, order=0)
    raw = _canonical(values, affine)
    if raw.values.shape != like.values.shape:
        shapes = (" x ".join(map(str, one.values.shape)) for one in (raw, like))
        what = "{} has {} voxels, its scan {}.".format(path.name, *shapes)
        raise UnusableFile(Defect.SHAPE, what, "Draw it on the grid of the scan.")
    if raw.affine is not None and like.affine is not None:
        turn = turn_between(raw.affine, like.affine, raw.values.shape)
        if turn.mm > APART * like.spacing.min():
            what = f"By its header {path.name} lies elsewhere than its scan ({turn}): paired by index."
            notes.append(Note(Defect.SHIFTED, what, "Correct its header, and look at it in the gallery."))
    return raw.values, notes


def _canonical(values: NDArray[np.float32], affine: NDArray[np.float64], notes: tuple[Note, ...] = ()) -> Raw:
    image = nib.as_closest_canonical(nib.Nifti1Image(values, affine))  # type: ignore[no-untyped-call]
    spacing = np.linalg.norm(image.affine[:3, :3], axis=0)
    return Raw(np.ascontiguousarray(image.dataobj, dtype=np.float32), spacing, image.affine, notes)
