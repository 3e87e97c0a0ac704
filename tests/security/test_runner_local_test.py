"""`mood test` on a real engine: the tested image holds its own volumes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mood_evaluator import Task
from mood_platform.errors import Misconfigured, SubmissionFault
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.execution.local_test import test_image as try_image
from mood_platform.failures import FailureReason
from mood_platform.testing.toy_set import write_toy_set

pytestmark = pytest.mark.docker

LIMITS = Limits.parse(
    {"seconds": 5, "memory": "128MiB", "tmp": "8MiB", "output": "1MiB", "shm": "8MiB", "gpus": 0}
)
COPY = b'set -e\ncp "$1/case.nii.gz" "$2/case.nii.gz"\necho copied\n'


@pytest.fixture
def toy_set(tmp_path: Path) -> Path:
    return write_toy_set(tmp_path)


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


def refusal(runtime: DockerRuntime, image: str, toy_set: Path) -> FailureReason:
    with pytest.raises(SubmissionFault) as caught:
        try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS)
    return caught.value.reason


@pytest.mark.parametrize(
    "line",
    [
        "RUN chmod 700 /workspace",
        "RUN chmod 600 /workspace/*.sh && chown 65532 /workspace/*.sh",
        "RUN chown -R 65532 /workspace && chmod -R go-rwx /workspace",
        "RUN mv /workspace /opt/kept && chmod 700 /opt/kept && ln -s opt/kept /workspace",
    ],
)
def test_an_image_that_only_its_owner_can_read_is_refused_as_intake_refuses_it(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path, line: str
) -> None:
    assert refusal(runtime, build_image(line), toy_set) is FailureReason.IMAGE_SCRIPT_UNREADABLE


def test_what_the_group_may_read_is_enough(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image("RUN chgrp -R 65532 /workspace && chmod -R o-rwx /workspace", script=COPY)
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS)
    assert not report["failed"]


def test_an_image_without_scripts_is_refused_as_intake_refuses_it(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image("RUN rm /workspace/*.sh && head -c 30000000 /dev/zero > /workspace/weights")
    assert refusal(runtime, image, toy_set) is FailureReason.IMAGE_SCRIPT_MISSING


def test_a_sparse_file_within_the_editions_limit_that_no_case_can_need_is_refused(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image(script=b'truncate -s 5M "$2/case.nii.gz"\n')
    limits = replace(LIMITS, output=2**30, memory=2**31)
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=limits)
    [case] = report["parts"][0]["cases"]
    assert (case["outcome"], case["text"]) == ("output_missing", FailureReason.OUTPUT_TOO_LARGE.text)
