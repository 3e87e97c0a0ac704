"""The smallest whole submission: scores scans by their distance from grey. Replace the two rules.

python3 simple.py -i IN -o OUT -mode pixel     writes OUT/name.nii.gz, one score for each voxel
python3 simple.py -i IN -o OUT -mode sample    writes OUT/name.nii.gz.txt, one score for the scan
"""

# ruff: noqa: INP001 - participants copy this file alone, it is no package

import argparse
from pathlib import Path

import nibabel as nib
import numpy as np


def score_voxels(scan: np.ndarray) -> np.ndarray:
    """Your pixel rule: an array of the scan's shape, each value in [0, 1], higher is more abnormal."""
    return np.where(scan < 0.01, 0, 2 * np.abs(scan - 0.5))


def score_scan(scan: np.ndarray) -> float:
    """Your sample rule: one number in [0, 1]."""
    return float(np.quantile(score_voxels(scan), 0.99))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-i", "--input", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("-mode", "--mode", choices=["pixel", "sample"], required=True)
    options = parser.parse_args()
    for path in sorted(options.input.glob("*.nii.gz")):
        image = nib.load(path)
        scan = np.clip(np.nan_to_num(image.get_fdata(dtype=np.float32)), 0, 1)
        if options.mode == "pixel":
            scores = score_voxels(scan).astype(np.float32)
            nib.save(nib.Nifti1Image(scores, image.affine), options.output / path.name)
        else:
            (options.output / f"{path.name}.txt").write_text(f"{score_scan(scan)}\n")


if __name__ == "__main__":
    main()
