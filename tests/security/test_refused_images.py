"""Images that no engine can start: the team's fault, told so, and never tried for ever at our cost."""

from collections.abc import Callable
from typing import Any

import pytest

from mood_platform.execution.outcome import Outcome, outcome
from mood_platform.failures import FailureReason as Why

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
Build = Callable[..., str]

REFUSED = {
    "the entry point is not there": ('ENTRYPOINT ["/no/such/program"]', "/no/such/program"),
    "the entry point is a folder": ('ENTRYPOINT ["/workspace"]', "/workspace"),
    "there is no sh": ("RUN rm /bin/sh", "sh"),
    "a file where the input goes": ("RUN rm -rf /mnt/data && touch /mnt/data", "/mnt/data"),
    "a link to /proc where the input goes": ("RUN rm -rf /mnt/data && ln -s /proc /mnt/data", "/proc"),
    "a file where /tmp goes": ("RUN rm -rf /tmp && touch /tmp", "/tmp"),
    "the folder to work in is a file": ("WORKDIR /here\nRUN cd / && rmdir /here && touch /here", "/here"),
    "a VOLUME that is not absolute": ("VOLUME cache", "cache"),
    "a VOLUME inside the input": ("VOLUME /mnt/data/mine", "/mnt/data/mine"),
    "a VOLUME inside /proc": ("VOLUME /proc/mine", "/proc/mine"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_the_teams_fault_when(what: str, run_case: Run, build_image: Build) -> None:
    lines, named = REFUSED[what]
    ran = run_case("true", image=build_image(lines))
    assert outcome(ran.execution) == Outcome("crashed", Why.NOT_STARTED), ran.execution
    assert ran.log.startswith("The container did not start: ")
    assert named in ran.log
    assert "/var/lib" not in ran.log


def test_an_image_that_is_not_there_is_the_platforms_fault(run_case: Run) -> None:
    ran = run_case("true", image="sha256:" + "0" * 64)
    assert outcome(ran.execution) == Outcome("platform_fault", Why.ENGINE_ERROR)


def test_a_gpu_that_is_not_there_is_the_platforms_fault(run_case: Run) -> None:
    ran = run_case("true", gpu="GPU-00000000-0000-0000-0000-000000000000")
    assert outcome(ran.execution) == Outcome("platform_fault", Why.GPU_UNAVAILABLE)


def test_cores_that_are_not_there_are_the_platforms_fault(run_case: Run) -> None:
    assert outcome(run_case("true", cpuset="4095").execution) == Outcome("platform_fault", Why.ENGINE_ERROR)


def test_even_a_bad_image_is_not_blamed_for_a_sick_engine(run_case: Run, build_image: Build) -> None:
    ran = run_case("true", image=build_image('ENTRYPOINT ["/no/such/program"]'), cpuset="4095")
    assert outcome(ran.execution) == Outcome("platform_fault", Why.ENGINE_ERROR)


def test_a_holder_without_sleep_is_named(run_case: Run, build_image: Build) -> None:
    ran = run_case("true", holder_image=build_image("ENV PATH=/nowhere"))
    assert "could not run `sleep`" in ran.execution.engine_error
