"""Loops that take the cores of this machine away from other containers, for tests of what is starved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker

SHARES = 32768
"""CPU shares against a case's 1024: beside a loop with these it gets a thirtieth of a core."""
LONGEST_SECONDS = "60"
COMMAND = ["timeout", LONGEST_SECONDS, "sh", "-c", "while :; do :; done"]


@contextmanager
def hogs(engine: docker.DockerClient, *, image: str) -> Iterator[None]:
    """One for each core, in containers of no installation; for a minute, should the test be killed."""
    made = [
        engine.containers.run(
            image, COMMAND, entrypoint=[], cpu_shares=SHARES, network_mode="none", detach=True
        )
        for _ in range(int(engine.info()["NCPU"]))
    ]
    try:
        yield
    finally:
        for one in made:
            one.remove(force=True)
