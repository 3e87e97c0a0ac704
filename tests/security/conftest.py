"""Real containers on a real engine: one image whose case is the program it runs."""

import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from rich.console import Console
from rich.table import Table

from mood_evaluator import Dataset, Task
from mood_platform.execution.container_options import CLAIM_LABEL
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.execution.runtime import CaseJob, Execution
from mood_support.image_builder import image_builder

BUILD_BASE = Path(__file__).parents[2] / "infra" / "base-image" / "build.sh"
RUN_THE_CASE = b'cp "$1/case.nii.gz" /tmp/program && exec sh /tmp/program "$@"\n'


@dataclass(frozen=True)
class Ran:
    claim_id: str
    execution: Execution
    output: Path
    log: str


RunCase = Callable[..., Ran]


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image(engine: docker.DockerClient) -> str:
    """The platform's base image; built if this engine does not have it."""
    done = subprocess.run([str(BUILD_BASE)], check=True, capture_output=True, text=True)
    tag = next(word for word in done.stdout.split() if word.startswith("mood-base:"))
    return str(engine.images.get(tag).id)


@pytest.fixture(scope="session")
def build_image(engine: docker.DockerClient, base_image: str) -> Iterator[Callable[..., str]]:
    """Builds an image from the base: scripts that run the case itself, and lines of a Dockerfile."""
    with image_builder(engine, base=base_image) as builder:
        yield lambda *lines, script=RUN_THE_CASE: builder.build(*lines, script=script)


@pytest.fixture(scope="session")
def image(build_image: Callable[..., str]) -> str:
    return build_image()


@pytest.fixture(scope="session")
def runtime() -> DockerRuntime:
    return DockerRuntime()


@pytest.fixture
def instance() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_job(tmp_path: Path, image: str, base_image: str, instance: str) -> Callable[..., CaseJob]:
    """A CaseJob whose case is the given program (sh); small limits, each of which may be changed."""

    def make(program: str, **changes: Any) -> CaseJob:
        names = set(Limits.__dataclass_fields__) - {"image"}
        limits = {
            "seconds": 10,
            "memory": "128MiB",
            "tmp": "16MiB",
            "output": "1MiB",
            "shm": "8MiB",
            "pids": 32,
        }
        limits |= {name: changes.pop(name) for name in set(changes) & names}
        case = tmp_path / "input"
        case.write_text(program)
        given: dict[str, Any] = {
            "claim_id": uuid.uuid4().hex, "image": image, "task": Task.PIXEL, "dataset": Dataset.BRAIN,
            "case": case, "output": tmp_path / "output", "log": tmp_path / "log",
            "limits": Limits.parse(limits), "holder_image": base_image, "instance": instance,
        } | changes  # fmt: skip
        return CaseJob(**given)

    return make


@pytest.fixture
def run_case(
    runtime: DockerRuntime, engine: docker.DockerClient, make_job: Callable[..., CaseJob]
) -> Iterator[RunCase]:
    """Runs a program as a case. After every test nothing may be left: no container, no volume."""
    claims: list[str] = []

    def run(program: str, *, should_stop: Callable[[], bool] = lambda: False, **changes: Any) -> Ran:
        job = make_job(program, **changes)
        claims.append(job.claim_id)
        execution = runtime.execute(job, should_stop=should_stop)
        return Ran(
            job.claim_id,
            execution,
            job.output,
            job.log.read_text(errors="replace") if job.log.exists() else "",
        )

    yield run
    mounts = Path("/proc/self/mountinfo").read_text()
    for claim in claims:
        assert not engine.containers.list(all=True, filters={"name": claim})
        assert not engine.containers.list(all=True, filters={"label": f"{CLAIM_LABEL}={claim}"})
        assert not engine.volumes.list(filters={"name": claim})
        assert claim not in mounts


@pytest.fixture
def python() -> Callable[[str], str]:
    """A program in Python as the sh program that runs it."""
    return lambda code: f"exec python3 - \"$@\" <<'END_OF_PROGRAM'\n{code}\nEND_OF_PROGRAM\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--attack-table", action="store_true", help="run every attack and print the table")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--attack-table", default=False):
        return
    table = Table("attack", "outcome", "noticed", "seconds", title="Attacks by containers")
    for report in terminalreporter.stats.get("passed", []):
        for _, (name, ending, notes, seconds) in report.user_properties:
            table.add_row(name, ending, notes, f"{seconds:.2f}")
    Console(width=120).print(table)
