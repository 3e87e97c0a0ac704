"""A supervisor that is killed itself: what it had started is found, ended, and started once again."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mood_platform.cli.machine import stop
from mood_platform.machine.installation import Installation
from mood_platform.machine.processes import end_all, processes_of, wait_until
from mood_platform.machine.programs import Program
from mood_platform.machine.supervisor import Supervisor

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="mood-test-", dir="/tmp") as name:
        place = Installation(Path(name))
        (place.home / "postgres" / "data").mkdir(parents=True)
        (place.home / "postgres" / "data" / "PG_VERSION").write_text("15")  # no cluster is made
        place.prepare(port=8030, holder_image="none")
        lines = place.settings_file.read_text()
        place.settings_file.write_text(f"{lines}MOOD_EXECUTION__DOCKER_URL=unix://{name}/no-engine.sock\n")
        yield place
        end_all(lambda: processes_of(place.home), patience=1)


@pytest.fixture
def programs(installation: Installation) -> list[Program]:
    """The real broker, a program, and one with a child of its own."""
    valkey, *_ = (one for one in installation.programs(slots=1) if one.name == "valkey")
    return [
        valkey,
        Program("single", ["sleep", "1000"], order=2),
        Program("family", ["sh", "-c", "sleep 1000 & wait"], order=3, stop="QUIT"),
    ]


def start(supervisor: Supervisor, programs: list[Program]) -> dict[str, int]:
    """Everything, as `mood up` does; the processes by program."""
    installation = supervisor.installation
    supervisor.start(programs, environment=installation.environment(dict(os.environ)))
    for program in programs[1:]:
        supervisor.start_program(program.name)
    assert wait_until(lambda: all(executes(one.pid) for one in supervisor.states()), seconds=20)
    return {one.name: one.pid for one in supervisor.states()}


def executes(pid: int) -> bool:
    """The program itself, not the supervisor's copy before it, in which a signal would get lost."""
    return pid != 0 and b"supervisord" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_killed_supervisor_left_is_ended_and_all_starts_once_again(
    installation: Installation, programs: list[Program]
) -> None:
    supervisor = Supervisor(installation)
    first = start(supervisor, programs)
    os.kill(int((installation.run_folder / "supervisord.pid").read_text()), signal.SIGKILL)
    assert wait_until(lambda: not supervisor.is_up(), seconds=10)
    assert all(alive(pid) for pid in first.values()), "they outlive it"
    stop(installation, supervisor)
    assert not any(alive(pid) for pid in first.values())
    second = start(supervisor, programs)
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())
    stop(installation, supervisor)
    assert processes_of(installation.home) == set()


def test_without_an_engine_a_stop_ends_all_the_same_and_removes_case_folders(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    instance = installation.settings()["MOOD_EXECUTION__INSTANCE"]
    left = installation.home / "files" / "cache" / f"case-{instance}-{'0' * 32}"
    left.mkdir(parents=True)
    stop(installation, Supervisor(installation))
    assert "Containers could not be checked" in capsys.readouterr().err
    assert not left.exists()
