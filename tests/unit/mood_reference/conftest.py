"""Small synthetic scans: a bright ellipsoid with a darker core that varies from scan to scan."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

Volume = NDArray[np.float32]
AFFINE = np.diag([2.0, 2.0, 3.0, 1.0])


def grow_scan(seed: int, side: int = 32) -> Volume:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, side)] * 3, indexing="ij"))
    radius = np.sqrt(((grid / rng.uniform(0.75, 0.85, (3, 1, 1, 1))) ** 2).sum(axis=0))
    scan = np.where(radius < 0.5, rng.uniform(0.3, 0.4), rng.uniform(0.6, 0.7)) + rng.normal(
        0, 0.02, radius.shape
    )
    return np.where(radius < 1, scan, 0).astype(np.float32)


def add_sphere(scan: Volume, *, centre: tuple[int, int, int], radius: float, value: float) -> Volume:
    places = np.indices(scan.shape).reshape(3, -1).T - centre
    inside = (np.linalg.norm(places, axis=1) < radius).reshape(scan.shape)
    return np.where(inside, np.float32(value), scan)


@pytest.fixture
def scan() -> Volume:
    return grow_scan(100)


@pytest.fixture
def abnormal() -> tuple[Volume, NDArray[np.bool_]]:
    """A scan with a bright sphere in its core, and the sphere's voxels."""
    normal = grow_scan(100)
    changed = add_sphere(normal, centre=(16, 16, 20), radius=3.5, value=1.0)
    return changed, changed != normal


@pytest.fixture
def write_scans(tmp_path: Path) -> Callable[..., Path]:
    def write(count: int, *, side: int = 32) -> Path:
        folder = tmp_path / f"scans-{count}-{side}" / "images"
        folder.mkdir(parents=True)
        for seed in range(count):
            Nifti1Image(grow_scan(seed, side), AFFINE).to_filename(folder / f"{seed:03}.nii.gz")
        return folder

    return write
