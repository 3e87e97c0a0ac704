"""Limits that an Engine refuses: neither the image is to blame nor the Node; and none of ours is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import Outcome, outcome
from mood_platform.execution.runtime import Collected
from mood_platform.failures import FailureReason as Why

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
SMALL = Limits(seconds=10, memory=128 * 2**20, tmp=2**20, output=2**20, shm=2**20, pids=32, gpus=0)
FAR = dict.fromkeys(Limits.__dataclass_fields__, 1e308)
WRITES = "echo x > $2/case.nii.gz"


@pytest.mark.parametrize("name", sorted(FAR))
def test_the_engine_takes_the_largest_that_an_edition_may_say_of(name: str, run_case: Run) -> None:
    largest = getattr(Limits.restore({name: FAR[name]}), name)
    ran = run_case(WRITES, limits=replace(SMALL, **{name: largest}))
    assert ran.execution.collected is Collected.PRESENT, ran.execution


def test_the_engine_takes_all_the_largest_together(run_case: Run) -> None:
    ran = run_case(WRITES, limits=Limits.restore(FAR))
    assert ran.execution.collected is Collected.PRESENT, ran.execution


def test_with_one_process_more_than_the_most_it_starts_nothing_and_the_limits_are_at_fault(
    run_case: Run, build_image: Callable[..., str]
) -> None:
    beyond = replace(SMALL, pids=Limits.restore(FAR).pids + 1)
    ran = run_case(WRITES, limits=beyond)
    assert outcome(ran.execution) == Outcome("platform_fault", Why.LIMITS_REFUSED), ran.execution
    assert "pids" in ran.execution.engine_error
    assert not ran.execution.ran
    broken = build_image('ENTRYPOINT ["/no/such/program"]')
    assert outcome(run_case(WRITES, image=broken, limits=beyond).execution).reason is Why.LIMITS_REFUSED


def test_what_the_node_lacks_is_not_blamed_on_limits(run_case: Run) -> None:
    beyond = replace(SMALL, pids=Limits.restore(FAR).pids + 1)
    cores = run_case(WRITES, limits=beyond, cpuset="4095")
    assert outcome(cores.execution) == Outcome("platform_fault", Why.ENGINE_ERROR)
    gpu = run_case(WRITES, limits=beyond, gpu="GPU-00000000-0000-0000-0000-000000000000")
    assert outcome(gpu.execution) == Outcome("platform_fault", Why.GPU_UNAVAILABLE)
