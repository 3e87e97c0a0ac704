"""Starts PostgreSQL in place of this process, also after a kill -9: `python -m … FOLDER`.

A killed server leaves a pid file whose number may by now belong to somebody else, and backends that
hold its shared memory; either would make the next start refuse. The supervisor runs one server per
folder, so whatever still works in the data folder when this starts is a leftover.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from mood_platform.machine.postgres import PostgresCluster
from mood_platform.machine.processes import end_all, postgres_processes


def clear_leftovers(cluster: PostgresCluster) -> set[int]:
    """End orphaned backends, remove stale pid files; returns processes that would not die."""
    stuck = end_all(lambda: postgres_processes(cluster.data), patience=2)
    if not stuck:
        for stale in (cluster.data / "postmaster.pid", *cluster.home.glob(".s.PGSQL.*.lock")):
            stale.unlink(missing_ok=True)
    return stuck


def main(folder: str) -> None:
    cluster = PostgresCluster(Path(folder))
    stuck = clear_leftovers(cluster)
    if stuck:
        sys.exit(f"These processes still use {cluster.data} and would not end: {sorted(stuck)}.")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = cluster.server_command()
    os.execvp(command[0], command)  # noqa: S606 - the supervisor must see the server as its own child


if __name__ == "__main__":
    main(sys.argv[1])
