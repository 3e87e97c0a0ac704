"""`mood test` on a real engine: the tested image holds its own volumes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mood_evaluator import Task
from mood_platform.cli.archives import find_archive
from mood_platform.cli.problems import Exit, Problem
from mood_platform.errors import Misconfigured, NotFound, SubmissionFault
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.failures import FailureReason
from mood_platform.trial.local_test import try_image
from mood_support.toy_set import write_toy_set

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
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS).to_json()
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
        "RUN touch /workspace/w.bin && chown 65532 /workspace/w.bin && chmod 0600 /workspace/w.bin",
        "RUN mkdir /opt/m && touch /opt/m/w && chown 65532 /opt/m && chmod 0700 /opt/m",
    ],
)
def test_an_image_that_only_its_owner_can_read_is_refused_as_intake_refuses_it(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path, line: str
) -> None:
    assert refusal(runtime, build_image(line), toy_set) is FailureReason.IMAGE_SCRIPT_UNREADABLE


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("ENV LD_PRELOAD=/lib/mine.so", FailureReason.IMAGE_FORBIDDEN_ENV),
        ("WORKDIR /proc", FailureReason.IMAGE_WORKDIR),
        ("VOLUME /workspace", FailureReason.IMAGE_FORBIDDEN_VOLUME),
        ("RUN rm /etc/group && mkdir /etc/group", FailureReason.IMAGE_ACCOUNTS),
        ("RUN cd /workspace && for f in *.sh; do rm $f; ln -s $f $f; done",
         FailureReason.IMAGE_SCRIPT_MISSING),
        ("RUN rm -r /workspace && touch /workspace", FailureReason.IMAGE_SCRIPT_MISSING),
        ("RUN rm -r /workspace && ln -s loop /loop && ln -s loop /workspace",
         FailureReason.IMAGE_SCRIPT_MISSING),
        ("RUN rm -r /workspace && ln -s $(head -c 3000 /dev/zero | tr '\\0' x) /workspace",
         FailureReason.IMAGE_SCRIPT_MISSING),
    ],
)  # fmt: skip
def test_whatever_intake_refuses_is_refused_with_the_same_reason(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path, lines: str, reason: FailureReason
) -> None:
    assert refusal(runtime, build_image(lines), toy_set) is reason


def test_an_image_above_the_editions_limit_is_refused_before_its_first_case(
    runtime: DockerRuntime, image: str, instance: str
) -> None:
    with pytest.raises(SubmissionFault) as caught:
        runtime.check_image(image, instance=instance, limit=2**20)
    assert caught.value.reason is FailureReason.IMAGE_TOO_LARGE
    assert runtime.claims(instance=instance) == set()


@pytest.mark.parametrize(
    "line",
    [
        "RUN touch /opt/mine && chmod 600 /opt/mine",
        "RUN touch /tmp/mine && chown 65532 /tmp/mine && chmod 600 /tmp/mine",
        "WORKDIR /here\nRUN cd / && rmdir /here && touch /here",
        "VOLUME cache",
        "VOLUME /proc/mine",
    ],
)
def test_what_intake_takes_is_taken(
    runtime: DockerRuntime, build_image: Callable[..., str], instance: str, line: str
) -> None:
    runtime.check_image(build_image(line), instance=instance, limit=2**30)


@pytest.mark.parametrize("name", ["MyImage", ":", "no/such:image", "", "sha256:zz"])
def test_a_name_that_no_image_has_or_can_have_is_told_so(
    runtime: DockerRuntime, toy_set: Path, name: str
) -> None:
    with pytest.raises(NotFound, match="no image"):
        try_image(runtime, image=name, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS)
    with pytest.raises(Problem, match="neither a file nor an image") as caught:
        find_archive(name, limit=2**30)
    assert caught.value.code is Exit.WRONG_USE


def test_what_the_group_may_read_is_enough(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image("RUN chgrp -R 65532 /workspace && chmod -R o-rwx /workspace", script=COPY)
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=LIMITS).to_json()
    assert not report["failed"]


def test_an_image_without_scripts_is_refused_as_intake_refuses_it(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image("RUN rm /workspace/*.sh && head -c 30000000 /dev/zero > /workspace/weights")
    assert refusal(runtime, image, toy_set) is FailureReason.IMAGE_SCRIPT_MISSING


def test_a_sparse_file_within_the_editions_limit_that_no_case_can_need_is_refused(
    runtime: DockerRuntime, build_image: Callable[..., str], toy_set: Path
) -> None:
    image = build_image(script=b'truncate -s 100M "$2/case.nii.gz"\n')
    limits = replace(LIMITS, output=2**30, tmp=2**28, memory=2**31)  # below what the kernel stops: tmp's size
    report = try_image(runtime, image=image, test_sets=[toy_set], tasks=[Task.PIXEL], limits=limits).to_json()
    [case] = report["parts"][0]["cases"]
    assert (case["outcome"], case["text"]) == ("output_missing", FailureReason.OUTPUT_TOO_LARGE.text)
