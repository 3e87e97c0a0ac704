"""Real engines for tests and benchmarks: a PostgreSQL cluster and a Valkey server of their own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mood_platform.errors import Misconfigured
from mood_platform.machine.postgres import PostgresCluster
from mood_platform.machine.valkey import ValkeyServer

FORGETFUL = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""Nobody needs a test database after a power cut; this is most of the time of many small commits."""


@contextmanager
def running_postgres(home: Path, *, options: Sequence[str] = FORGETFUL) -> Iterator[str]:
    """The URL of an empty database in a cluster below `home`, a short path that everybody may read."""
    cluster = PostgresCluster(home)
    cluster.create()
    command = [*cluster.server_command(), *options]
    server = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL)
    try:
        wait_until((cluster.home / ".s.PGSQL.5432").exists)
        wait_until(lambda: _answers(cluster))
        yield cluster.url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


@contextmanager
def running_valkey(home: Path) -> Iterator[str]:
    valkey = ValkeyServer(home)
    server = subprocess.Popen(valkey.server_command(), stdout=subprocess.DEVNULL)
    try:
        wait_until(valkey.socket.exists)
        yield valkey.url
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until(ready: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "the engine did not start in time"
        time.sleep(0.05)


def _answers(cluster: PostgresCluster) -> bool:
    try:
        cluster.create_database()
    except Misconfigured:
        return False
    return True
