"""The self-test of a Node on a real Engine: a well one passes, one whose GPU is gone does not."""

from __future__ import annotations

import docker
import pytest

from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.runtime import SelfTest

pytestmark = pytest.mark.docker

BASE = "mood-base:bookworm"


def leftovers() -> list[str]:
    client = docker.from_env()
    found = client.containers.list(all=True, filters={"name": "mood-test-"}, ignore_removed=True)
    client.close()
    return [str(one.name) for one in found]


def test_a_node_that_can_run_cases_passes_and_leaves_nothing() -> None:
    assert DockerRuntime().self_test(SelfTest(holder_image=BASE, instance="t", engine_free_bytes=1)) is None
    assert leftovers() == []


def test_a_gpu_that_is_not_there_fails_it_and_leaves_nothing() -> None:
    problem = DockerRuntime().self_test(SelfTest(holder_image=BASE, instance="t", gpu="GPU-8a5f0000-dead"))
    assert problem is not None
    assert leftovers() == []


def test_an_engine_without_room_fails_it() -> None:
    problem = DockerRuntime().self_test(SelfTest(holder_image=BASE, instance="t", engine_free_bytes=2**62))
    assert "data root" in (problem or "")


def test_the_engine_says_how_much_room_it_has() -> None:
    assert (DockerRuntime().free_bytes() or 0) > 0
