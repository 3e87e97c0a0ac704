"""Finds and ends the processes of one installation by what the kernel says about them, never by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MARK = "MOOD_MACHINE"
"""Environment variable that every process of an installation inherits; its value is the home folder."""


def processes_of(home: Path) -> set[int]:
    """Processes that carry the mark of `home`, and its servers, which overwrite their environment."""
    mark = f"{MARK}={home.resolve()}".encode()
    servers = (home.resolve() / "postgres" / "data", home.resolve() / "valkey")
    found = {
        pid
        for pid in _all()
        if mark in _read(pid, "environ").split(b"\0") or any(_works_in(pid, folder) for folder in servers)
    }
    return found - {os.getpid(), os.getppid()}


def postgres_processes(data: Path) -> set[int]:
    """Every process whose working directory is this cluster's data folder."""
    return {pid for pid in _all() if _works_in(pid, data.resolve())}


def end_all(find: Callable[[], set[int]], *, patience: float) -> set[int]:
    """SIGTERM, wait, SIGKILL until `find` finds nothing more; returns what would not die."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10.0)):
        for pid in find():
            _signal(pid, sign)
        if wait_until(lambda: not find(), seconds=seconds):
            return set()
    return find()


def wait_until(true: Callable[[], bool], *, seconds: float, every: float = 0.1) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return
