"""Size and contrast of annotated anomalies, measured in the test set's own files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from mood_evaluator.placement import find_affine, volume_of_voxel
from mood_evaluator.test_set import ManifestCase
from mood_evaluator.volumes import read_image, read_label

SHELL = 3  # voxels around an anomaly that it is compared with


@dataclass(frozen=True, slots=True)
class Measures:
    """`volume` in mm³; `contrast` is |mean within - mean of the 3 voxels around|, in the image's units."""

    volume: float
    contrast: float | None  # None: nothing lies around it


def measure_cases(cases: Iterable[ManifestCase], folder: Path) -> dict[str, Measures]:
    """Measure the annotated cases; raises InvalidGroundTruth, naming the file."""
    found = {}
    for case in cases:
        if case.abnormal and case.label is not None:
            image, label = folder / case.image, folder / case.label
            mask = read_label(label, shape=case.shape)
            affine = find_affine(case.affine, image, label, shape=case.shape)
            if mask.any():
                voxel = 1.0 if affine is None else volume_of_voxel(affine)
                contrast = _contrast(read_image(image, case.shape), mask)
                found[case.id] = Measures(float(mask.sum()) * voxel, contrast)
    return found


def _contrast(image: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_]) -> float | None:
    around = ndimage.binary_dilation(mask, iterations=SHELL) & ~mask
    return abs(float(image[mask].mean() - image[around].mean())) if around.any() else None
