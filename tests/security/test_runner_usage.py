"""What a case used is read while it lives, on this machine's own cgroups; and a starved one is told apart."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import docker
import pytest

from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.execution.starvation import Lack, lack_of
from mood_support.hogs import hogs

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
Python = Callable[[str], str]
LOOP = "while :; do :; done"
HONEST = "i=0; while [ $i -lt 1500000 ]; do i=$((i+1)); done; echo 0.5 > /mnt/pred/case.nii.gz"
"""A second or more of one core."""


def lack(ran: Any, **limits: Any) -> Lack | None:
    return lack_of(ran.execution.usage, Limits.parse({"memory": "128MiB", **limits}))


def test_the_figures_of_a_case_that_ends_by_itself_are_those_of_its_last_moments(
    run_case: Run, python: Python, engine: docker.DockerClient
) -> None:
    program = "import time\nhold = bytearray(40 * 2**20)\nwhile time.process_time() < 1: pass"
    usage = run_case(python(program), seconds=60).execution.usage
    assert 0.7 < usage.cpu_seconds < 3
    assert 40 * 2**20 < usage.memory_peak <= 128 * 2**20
    assert usage.node_cores == engine.info()["NCPU"]
    assert usage.throttled_seconds >= 0


def test_an_engine_behind_tcp_is_asked_itself_and_knows_no_pressure(make_job: Callable[..., Any]) -> None:
    with forwarded("/var/run/docker.sock") as port:
        runtime = DockerRuntime(base_url=f"tcp://127.0.0.1:{port}")
        usage = runtime.execute(make_job(LOOP, seconds=3, cpus=0.5), should_stop=lambda: False).usage
    assert usage is not None
    assert usage.cpu_seconds is not None
    assert usage.memory_peak is not None
    assert 0 < usage.cpu_seconds < 3
    assert (usage.cpu.full, usage.node_cpu_some) == (None, None)
    assert usage.node_cases is not None
    assert usage.node_cases >= 1


@contextmanager
def forwarded(path: str) -> Iterator[int]:
    """A port of this machine whose connections go on to a unix socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_forward_all, args=(server, path), daemon=True).start()
        yield int(server.getsockname()[1])


def _forward_all(server: socket.socket, path: str) -> None:
    with suppress(OSError):  # closed: the test is over
        while True:
            here, _ = server.accept()
            there = socket.socket(socket.AF_UNIX)
            there.connect(path)
            for one, other in ((here, there), (there, here)):
                Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("program", [LOOP, "sleep 60"], ids=["an endless loop", "a sleeper"])
def test_who_gets_what_its_limits_allow_is_not_starved(run_case: Run, program: str) -> None:
    """With a twentieth of a core, which a busy machine gives too."""
    ran = run_case(program, seconds=2, cpus=0.05)
    assert ran.execution.killed_at_limit
    assert lack(ran, seconds=2, cpus=0.05) is None


def test_a_thousand_busy_threads_starve_themselves_which_does_not_count(
    run_case: Run, python: Python
) -> None:
    program = (
        "import threading\n"
        "def work():\n"
        "    while True: pass\n"
        "threading.stack_size(65536)\n"
        "for _ in range(1000): threading.Thread(target=work, daemon=True).start()\n"
        "work()"
    )
    ran = run_case(python(program), seconds=4, cpus=0.05, pids=1100)
    assert ran.execution.killed_at_limit
    assert lack(ran, seconds=4, cpus=0.05) is None


def test_a_sleeper_beside_hogs_is_not_starved(
    run_case: Run, engine: docker.DockerClient, base_image: str
) -> None:
    with hogs(engine, image=base_image):
        ran = run_case("sleep 60", seconds=4)
    assert ran.execution.killed_at_limit
    assert lack(ran, seconds=4) is None


def test_an_honest_case_beside_hogs_is_starved_and_without_them_it_is_done(
    run_case: Run, engine: docker.DockerClient, base_image: str
) -> None:
    with hogs(engine, image=base_image):
        ran = run_case(HONEST, seconds=4)
    assert ran.execution.killed_at_limit
    assert lack(ran, seconds=4) is Lack.CPU
    assert run_case(HONEST, seconds=60).execution.collected is not None
