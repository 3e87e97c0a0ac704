"""Finding and ending an installation's processes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mood_platform.machine.processes import MARK, end_all, postgres_processes, processes_of, wait_until

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(["sh", "-c", STUBBORN], mark=tmp_path)
    yield process
    process.kill()
    process.wait()


def start(command: list[str], *, mark: Path, cwd: Path | None = None) -> subprocess.Popen[str]:
    environment = {"PATH": "/usr/bin:/bin", MARK: str(mark)}
    process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_process_is_found_by_its_mark_and_by_no_other(
    marked: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert marked.pid in processes_of(tmp_path)
    assert marked.pid not in processes_of(tmp_path / "other")


def test_a_longer_path_with_the_same_beginning_is_another_installation(
    marked: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert marked.pid not in processes_of(Path(str(tmp_path)[:-1]))


def test_what_ignores_the_polite_signal_is_killed(marked: subprocess.Popen[str], tmp_path: Path) -> None:
    left = end_all(lambda: {pid for pid in processes_of(tmp_path) if marked.poll() is None}, patience=0.2)
    assert left == set()
    assert marked.wait() == -9


@pytest.mark.parametrize("folder", ["postgres/data", "valkey"])
def test_servers_are_found_by_their_data_folder(folder: str, tmp_path: Path) -> None:
    data = tmp_path / folder
    data.mkdir(parents=True)
    process = start(["sh", "-c", "echo ready; exec sleep 30"], mark=tmp_path / "unmarked", cwd=data)
    assert process.pid in postgres_processes(data)
    assert process.pid in processes_of(tmp_path)
    assert process.pid not in processes_of(tmp_path / "other")
    process.kill()
    process.wait()


def test_waiting_ends_when_the_condition_holds_or_the_time_is_up() -> None:
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), seconds=5, every=0)
    assert not wait_until(lambda: False, seconds=0, every=0)
