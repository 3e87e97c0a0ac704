"""A PostgreSQL that was killed comes back, whatever it left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mood_platform.machine.postgres import PostgresCluster
from mood_platform.machine.processes import end_all, postgres_processes, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresCluster]:
    """Below a folder that only its owner may enter, as a home folder is."""
    made = PostgresCluster(tmp_path_factory.mktemp("pg") / "postgres")
    made.create()
    yield made
    assert end_all(lambda: postgres_processes(made.data), patience=5) == set()


def start(cluster: PostgresCluster) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mood_platform.machine.run_postgres", str(cluster.home)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    assert wait_until(cluster.is_ready, seconds=20), "the server did not start"
    return process


def test_a_killed_server_starts_again_with_its_data(cluster: PostgresCluster) -> None:
    first = start(cluster)
    cluster.create_database()
    first.kill()
    first.wait()
    second = start(cluster)
    cluster.create_database()  # finds what was made before the kill
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=20) == 0


def test_a_pid_file_that_names_a_stranger_does_not_prevent_the_start(cluster: PostgresCluster) -> None:
    first = start(cluster)
    first.kill()
    first.wait()
    pid_file = cluster.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    second = start(cluster)
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=20) == 0


def test_only_its_own_account_may_connect(cluster: PostgresCluster) -> None:
    server = start(cluster)
    [socket] = cluster.home.glob(".s.PGSQL.*[0-9]")
    assert socket.stat().st_mode & 0o077 == 0
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=20) == 0
