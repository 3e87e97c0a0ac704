"""A reference image runs with fewer rights than the platform gives: unknown user, nothing writable at all."""

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_reference.learning.training import Order, train_method
from mood_reference.methods import MethodName, Profile
from mood_reference.shipping.contexts import DATASETS
from mood_reference.shipping.images import build_image
from mood_reference.weights import save_weights
from mood_studies.reference.check_images import run_hostile

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders toy-brain and toy-abdom with three scans each."""
    folder = tmp_path_factory.mktemp("toys")
    rng = np.random.default_rng(0)
    for dataset in DATASETS:
        images = folder / f"toy-{dataset}" / "images"
        images.mkdir(parents=True)
        for number in range(3):
            voxels = np.pad(rng.uniform(0.3, 0.6, (10, 11, 12)), 2).astype(np.float32)
            nib.Nifti1Image(voxels, np.eye(4)).to_filename(images / f"{number}.nii.gz")
    return folder


@pytest.fixture(scope="module")
def reference_image(base_image: str, toys: Path) -> Iterator[str]:
    """PCA, trained in a second; its runtime is built if this Engine does not have it."""
    tag = f"mood-test-reference:{uuid.uuid4().hex[:8]}"
    for dataset in DATASETS:
        data = toys / f"toy-{dataset}" / "images"
        order = Order(method=MethodName.PCA, dataset=dataset, data=data, profile=Profile.TINY)
        save_weights(toys / "weights" / f"{dataset}.npz", train_method(order))
    build_image(method=MethodName.PCA, weights=toys / "weights", base=base_image, tag=tag)
    yield tag
    subprocess.run(["docker", "rmi", tag], check=True, capture_output=True)


@pytest.mark.parametrize("task", ["sample", "pixel"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_reference_image_needs_no_right_at_all(
    task: str, dataset: str, reference_image: str, toys: Path
) -> None:
    run_hostile(reference_image, task, toys / f"toy-{dataset}")
