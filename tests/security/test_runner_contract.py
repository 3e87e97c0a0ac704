"""What every ContainerRuntime keeps to: the same tests over the real engine and the fake."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Dataset, Task
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import outcome
from mood_platform.execution.runtime import CaseJob, ContainerRuntime, Execution

PROGRAMS = {
    "writes": "echo 0.5 > /mnt/pred/case.nii.gz; echo hello",
    "writes, then fails": "echo 0.5 > /mnt/pred/case.nii.gz; exit 3",
    "fails": "echo hello; exit 3",
    "does nothing": "echo hello",
    "runs forever": "sleep 600",
}
SCRIPTS = {
    "writes": Scripted.writing(b"0.5\n", log=b"hello\n"),
    "writes, then fails": Scripted.writing(b"0.5\n", exit_code=3),
    "fails": Scripted.ending(3, log=b"hello\n"),
    "does nothing": Scripted.ending(0, log=b"hello\n"),
    "runs forever": Scripted(execution=Execution(exit_code=137, killed_at_limit=True, seconds=1)),
}


@dataclass
class Bench:
    runtime: ContainerRuntime
    job: Callable[[str], CaseJob]


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "docker":
        make_job = request.getfixturevalue("make_job")
        return Bench(request.getfixturevalue("runtime"), lambda what: make_job(PROGRAMS[what], seconds=1))

    def job(what: str) -> CaseJob:
        paths = {name: tmp_path / name for name in ("case", "output", "log")}
        paths["case"].write_text(what)
        given: dict[str, Any] = {"task": Task.PIXEL, "dataset": Dataset.BRAIN, "limits": Limits(seconds=1)}
        return CaseJob(claim_id="c1", image="i", holder_image="h", instance="here", **paths, **given)

    return Bench(FakeRuntime(lambda job: SCRIPTS[job.case.read_text()]), job)


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("what", "state", "exit_code"),
    [
        ("writes", "collected", 0),
        ("writes, then fails", "collected", 3),
        ("fails", "crashed", 3),
        ("does nothing", "output_missing", 0),
        ("runs forever", "timed_out", 137),
    ],
)
def test_a_case_that(bench: Bench, what: str, state: str, exit_code: int) -> None:
    job = bench.job(what)
    execution = bench.runtime.execute(job, should_stop=never)
    assert (outcome(execution).state_name, execution.exit_code) == (state, exit_code)
    assert job.output.exists() == (state == "collected")


def test_the_log_is_written_as_bytes(bench: Bench) -> None:
    job = bench.job("fails")
    bench.runtime.execute(job, should_stop=never)
    assert job.log.read_bytes() == b"hello\n"


def test_a_stop_ends_the_case_without_a_result(bench: Bench) -> None:
    job = bench.job("runs forever")
    assert outcome(bench.runtime.execute(job, should_stop=lambda: True)).state_name == "cancelled"
    assert not job.output.exists()


def test_a_claim_is_seen_while_it_runs_and_gone_after(bench: Bench) -> None:
    job, seen = bench.job("runs forever"), []

    def look() -> bool:
        seen.append(bench.runtime.claims(instance=job.instance))
        return True

    bench.runtime.execute(job, should_stop=look)
    assert seen[0] == {job.claim_id}
    assert bench.runtime.claims(instance=job.instance) == set()


def test_claims_of_others_are_not_seen(bench: Bench) -> None:
    job, seen = bench.job("runs forever"), []
    bench.runtime.execute(
        job, should_stop=lambda: seen.append(bench.runtime.claims(instance="other")) is None
    )
    assert seen == [set()]


def test_removing_a_claim_that_is_not_there_is_no_error(bench: Bench) -> None:
    bench.runtime.remove_claim("never-was")


def test_an_image_that_is_not_there_is_not_there(bench: Bench) -> None:
    image = "sha256:" + "0" * 64
    assert not bench.runtime.has_image(image)
    assert not bench.runtime.hold_image(image, instance="here")
    bench.runtime.remove_image(image, instance="here")
