"""A place of its own for each `mood test`; where one was killed, the next of the same user cleans up.

A process holds the lock of its place as long as it lives: the kernel lets go when it dies, however it dies.
What is left then is found by the place's name: its files, and on the engine what is labelled with it.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mood_platform.errors import Transient
from mood_platform.execution.runtime import ContainerRuntime

_log = logging.getLogger(__name__)
_ALIVE, _TURN = "alive", "turn.lock"


@dataclass(frozen=True, slots=True)
class TrialPlace:
    folder: Path

    @property
    def instance(self) -> str:
        """What everything on the engine is labelled with."""
        return f"mood-test-{self.folder.name}"


@contextmanager
def trial_place(runtime: ContainerRuntime, root: Path) -> Iterator[TrialPlace]:
    """A fresh place below `root`, a folder of this user; places of dead processes there are removed first."""
    here = root / (socket.gethostname() or "localhost")  # a home may be shared by several machines
    here.mkdir(parents=True, exist_ok=True)
    with (here / _TURN).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # nobody sweeps a place that is not locked yet
        _sweep(runtime, here)
        place = TrialPlace(here / uuid.uuid4().hex)
        place.folder.mkdir()
        alive = _lock(place)
    assert alive is not None, "nobody else knows a fresh place"
    try:
        yield place
    finally:
        _remove(runtime, place)
        alive.close()


def _sweep(runtime: ContainerRuntime, here: Path) -> None:
    for folder in here.iterdir():
        if folder.is_dir():
            place = TrialPlace(folder)
            alive = _lock(place)
            if alive is not None:
                _remove(runtime, place)
                alive.close()


def _lock(place: TrialPlace) -> IO[bytes] | None:
    """The lock of a place, or None while another process lives there."""
    lock = (place.folder / _ALIVE).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _remove(runtime: ContainerRuntime, place: TrialPlace) -> None:
    """The folder goes last: as long as it is there, the next sweep tries again."""
    try:
        for claim in runtime.claims(instance=place.instance):
            runtime.remove_claim(claim)
    except Transient as fault:
        _log.warning("A later `mood test` cleans up: %s", fault)
        return
    shutil.rmtree(place.folder, ignore_errors=True)
