"""Reads a source into one array with axes towards right, anterior, superior, or says why not."""

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mood_test_sets.findings import Defect
from mood_test_sets.preparing.sources import Source, dicom_toolkit, kept_locale
from mood_test_sets.scan_file import UnusableFile, read_scan_file

__all__ = ["Raw", "read_mask", "read_source"]

THICKEST = 10.0  # mm; no scan for this purpose is coarser
FEWEST = 16  # slices
UNEVEN = 0.02  # share by which distances of slices may differ
POSITION, ORIENTATION = "0020|0032", "0020|0037"


@dataclass(frozen=True, slots=True)
class Raw:
    values: NDArray[np.float32]  # (x, y, z) towards right, anterior, superior; HU for CT
    spacing: NDArray[np.float64]  # (3,) mm


def read_source(source: Source) -> Raw:
    """Raises UnusableFile with defect, reason and remedy."""
    with kept_locale():
        values, affine = _read_dicom(source) if source.dicom else _read_nifti(source.files[0])
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise UnusableFile(
            Defect.NOT_FINITE, f"{bad} voxels are NaN or infinite.", "Replace them by numbers."
        )
    if values.min() == values.max():
        raise UnusableFile(Defect.CONSTANT, f"All voxels are {values.min():g}.", "Export the scan again.")
    raw = _canonical(values, affine)
    if raw.spacing.max() > THICKEST:
        thick = f"Its voxels are up to {raw.spacing.max():.3g} mm long."
        raise UnusableFile(Defect.SPACING, thick, f"Leave it out; at most {THICKEST:g} mm are useful.")
    if min(values.shape) < FEWEST:
        few = f"It has {min(values.shape)} slices along one axis."
        raise UnusableFile(Defect.SLICES, few, f"Leave it out, or export at least {FEWEST}.")
    return raw


def read_mask(path: Path, like: Raw, *, of_brain: bool = False) -> NDArray[np.bool_]:
    """Where it is 1, or for a brain above 0; turned as the scan. Raises UnusableFile."""
    values, affine = _read_nifti(path)
    turned = _canonical(values, affine).values
    if turned.shape != like.values.shape:
        what = f"{path.name} has {turned.shape} voxels, its scan {like.values.shape}."
        raise UnusableFile(Defect.SHAPE, what, "Draw it on the grid of the scan.")
    mask = np.asarray(turned > 0 if of_brain else np.rint(turned) == 1)
    if of_brain and not mask.any():
        raise UnusableFile(Defect.EMPTY_LABEL, f"{path.name} marks no brain.", "Extract the brain again.")
    return mask


def _canonical(values: NDArray[np.float32], affine: NDArray[np.float64]) -> Raw:
    image = nib.as_closest_canonical(nib.Nifti1Image(values, affine))  # type: ignore[no-untyped-call]
    spacing = np.linalg.norm(image.affine[:3, :3], axis=0)
    return Raw(np.ascontiguousarray(image.dataobj, dtype=np.float32), spacing)


def _read_nifti(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    scan = read_scan_file(path)
    if not scan.placed:
        what = "Its header does not say how it lies in the body."
        raise UnusableFile(Defect.NO_ORIENTATION, what, "Export it again with an sform or qform.")
    return scan.values.astype(np.float32), scan.affine


def _read_dicom(source: Source) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    sitk = dicom_toolkit()
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in source.files])
    reader.MetaDataDictionaryArrayUpdateOn()
    try:
        image = reader.Execute()
    except RuntimeError as reason:
        what = f"The series cannot be read ({str(reason).strip().splitlines()[-1]})."
        raise UnusableFile(Defect.UNREADABLE, what, "Export it again.") from None
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        what = "The series is no grey volume."
        raise UnusableFile(Defect.NOT_3D, what, "Leave out localizers and pictures in colour.")
    _check_slices(reader, len(source.files))
    values = sitk.GetArrayFromImage(image).transpose(2, 1, 0).astype(np.float32)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return values, np.diag([-1.0, -1, 1, 1]) @ affine  # DICOM counts towards left and posterior


def _check_slices(reader: object, count: int) -> None:
    """Equally far from each other and equally oriented."""
    read = reader.GetMetaData  # type: ignore[attr-defined]
    try:
        places = np.array([[float(v) for v in read(i, POSITION).split("\\")] for i in range(count)])
        turns = {
            tuple(np.round([float(v) for v in read(i, ORIENTATION).split("\\")], 3)) for i in range(count)
        }
    except RuntimeError:
        what = "Some slices do not say where they lie."
        raise UnusableFile(Defect.SLICES, what, "Export the series again with its positions.") from None
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    if len(turns) > 1:
        raise UnusableFile(
            Defect.SLICES, "Its slices lie in different directions.", "Export one series each."
        )
    if steps.size and np.ptp(steps) > UNEVEN * max(float(np.median(steps)), 1e-6):
        what = (
            f"Its slices are {steps.min():.3g} to {steps.max():.3g} mm apart: some are missing or repeated."
        )
        raise UnusableFile(Defect.SLICES, what, "Complete the series or leave it out.")
