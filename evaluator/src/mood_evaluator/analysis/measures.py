"""Size and contrast of annotated anomalies, measured in the test set's own files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from mood_evaluator.errors import InvalidGroundTruth
from mood_evaluator.objects.scan import volume_of_voxel
from mood_evaluator.test_set import Case
from mood_evaluator.volumes import read_label_and_affine

SHELL = 3  # voxels around an anomaly that it is compared with


@dataclass(frozen=True, slots=True)
class Measures:
    """`volume` in mm³; `contrast` is |mean within - mean of the 3 voxels around|, in the image's units."""

    volume: float
    contrast: float | None  # None: nothing lies around it


def measure_cases(cases: Iterable[Case], folder: Path) -> dict[str, Measures]:
    """Measure the annotated cases; raises InvalidGroundTruth, naming the file."""
    found = {}
    for case in cases:
        if case.abnormal and case.label is not None:
            mask, affine = read_label_and_affine(folder / case.label, shape=case.shape)
            if mask.any():
                contrast = _contrast(read_image(folder / case.image, case.shape), mask)
                found[case.id] = Measures(float(mask.sum()) * volume_of_voxel(affine), contrast)
    return found


def _contrast(image: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_]) -> float | None:
    around = ndimage.binary_dilation(mask, iterations=SHELL) & ~mask
    return abs(float(image[mask].mean() - image[around].mean())) if around.any() else None


def read_image(path: Path, shape: tuple[int, int, int]) -> npt.NDArray[np.float64]:
    """Return the voxels of a test set's image; raises InvalidGroundTruth."""
    try:
        return np.asarray(nib.Nifti1Image.from_filename(path).dataobj, np.float64).reshape(shape)
    except (OSError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise InvalidGroundTruth(
            f"The image {path} cannot be read ({error}). Build the set again."
        ) from error
