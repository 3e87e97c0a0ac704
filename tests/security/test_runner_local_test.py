"""`mood test` on a real engine: the tested image holds its own volumes."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import Case, Dataset, Task, TestSet, draw_batching, save_test_set
from mood_platform.errors import Misconfigured
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.execution.local_test import test_image as try_image

pytestmark = pytest.mark.docker

LIMITS = Limits.parse(
    {"seconds": 5, "memory": "128MiB", "tmp": "8MiB", "output": "1MiB", "shm": "8MiB", "gpus": 0}
)
COPY = b'set -e\ncp "$1/case.nii.gz" "$2/case.nii.gz"\necho copied\n'


@pytest.fixture
def toy_set(tmp_path: Path) -> Path:
    """One abnormal case whose image is its own label."""
    voxels = np.zeros((4, 4, 4), np.float32)
    voxels[1:3, 1:3, 1:3] = 1
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
        content = nib.Nifti1Image(voxels, np.eye(4)).to_bytes()
        (tmp_path / name / "a.nii.gz").write_bytes(gzip.compress(content))
    case = Case(
        "a",
        "images/a.nii.gz",
        "labels/a.nii.gz",
        (4, 4, 4),
        abnormal=True,
        tasks=(Task.PIXEL,),
        scope="local",
        origin="artificial",
        category="toy",
        sha256_image="0" * 64,
        sha256_label="0" * 64,
    )
    batchings = tuple(draw_batching({"a": True}, size=1, seed=seed) for seed in (1, 2))
    facts = ("toy-brain", Dataset.BRAIN, "toy", "none", "1", 1)
    save_test_set(TestSet(*facts, (case,), batchings, not_hidden=True), tmp_path)
    return tmp_path


def test_an_image_is_tested_with_itself_as_holder(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image(script=COPY)
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS)
    [part] = report["parts"]
    assert (part["ap"], part["cases"][0]["outcome"], part["cases"][0]["log"]) == (
        1.0,
        "succeeded",
        "copied\n",
    )


def test_an_image_without_sleep_is_told_so(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image("ENV PATH=/nowhere")
    with pytest.raises(Misconfigured, match="could not run `sleep`"):
        try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS)
