"""The real scans that ship with the package (scans/NOTICE.md), verified by hash before every use."""

import gzip
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mood_test_sets.errors import DamagedScan

__all__ = ["SHA256", "Scan", "ScanName", "load_scan"]


class ScanName(StrEnum):
    ABDOMEN_CT = "abdomen_ct"
    ABDOMEN_ORGANS = "abdomen_organs"
    COLIN27_HEAD = "colin27_head"
    COLIN27_BRAIN = "colin27_brain"
    ICBM152_BRAIN = "icbm152_brain"


SHA256 = {
    ScanName.ABDOMEN_CT: "dbd3ae6d614d1d7ef3a46925c30c70038ed52da6b37fdd6afdc7b9b71387e3e1",
    ScanName.ABDOMEN_ORGANS: "e8097758e56e73099075b6caaebce23ef11bc6fad66a4ec3753b9406846558c7",
    ScanName.COLIN27_HEAD: "a009051127f64dc3dd554d5f5b589870ea72106d9642c21b4e7093e478cfc309",
    ScanName.COLIN27_BRAIN: "592a2d20abdf36eefcb540ca8958428040edffc1bc1a18ba1dcfbabac77c5dd1",
    ScanName.ICBM152_BRAIN: "5fc7a81b333000f7ca5b4922b9d51b018987256b209ef71986f72855a5c64506",
}


@dataclass(frozen=True, slots=True)
class Scan:
    voxels: NDArray[np.float32]  # (x, y, z), axes towards right, anterior, superior; HU for CT
    spacing: float  # mm, the same along all three axes
    origin: NDArray[np.float64]  # (3,) mm, place of voxel (0, 0, 0)


def load_scan(name: ScanName) -> Scan:
    file = files("mood_test_sets.growing") / "scans" / f"{name}.nii.gz"
    compressed = file.read_bytes()
    if hashlib.sha256(compressed).hexdigest() != SHA256[name]:
        raise DamagedScan(f"{file} is not the scan it should be (wrong SHA-256). Install the package again.")
    image = nib.Nifti1Image.from_bytes(gzip.decompress(compressed))
    return Scan(
        voxels=np.asarray(image.dataobj, dtype=np.float32),
        spacing=float(np.abs(image.affine[0, 0])),
        origin=np.asarray(image.affine[:3, 3], dtype=np.float64),
    )
