"""Attacks the running platform of docker-compose.yml from inside: what may not be read, reached or lost.

    check.py [--env-file FILE]      as its operator, on the machine it runs on; every service is killed once

Each line is a promise; the exit code is 1 when one is broken.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SLOTS = ("slot", "toy", "reaper")
PATIENCE_SECONDS = 180.0
CONNECT = "import socket; socket.create_connection(('postgres', 5432), timeout=4)"
NO_PASSWORD = """
import redis, sys
try:
    redis.Redis("broker").ping()
except redis.AuthenticationError:
    sys.exit(0)
sys.exit(1)
"""
WRONG_PASSWORD = """
import psycopg, sys
try:
    psycopg.connect("host=postgres dbname=mood user=mood password=wrong")
except psycopg.OperationalError as error:
    sys.exit("password authentication failed" not in str(error))
sys.exit(1)
"""
Promise = tuple[str, bool]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def compose(*words: str) -> subprocess.CompletedProcess[str]:
    command = [*shlex.split(os.environ.get("COMPOSE", "docker-compose")), *sys.argv[1:], *words]
    return run(*command)


def works(service: str, *words: str) -> bool:
    """Whether a command succeeds inside a service's container."""
    return run("docker", "exec", container(service), *words).returncode == 0


@cache
def container(service: str) -> str:
    """Its id, which a restart keeps."""
    found = compose("ps", "-q", service).stdout.split()
    if not found:
        sys.exit(f"compose check: {service} does not run. Start it with make compose-up.")
    return found[0]


def state(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "inspect", container(service)).stdout)[0]
    return found


def services() -> list[str]:
    """Those that are meant to stay."""
    names = compose("config", "--services").stdout.split()
    return [name for name in names if name not in {"migrate", "admin"}]


def secrets() -> list[str]:
    """Every password and address there is, one a file."""
    mounts = [one for name in ("api", "postgres", "broker") for one in state(name)["Mounts"]]
    files = {one["Source"] for one in mounts if one["Destination"].startswith("/run/secrets/")}
    return [Path(file).read_text().split()[-1] for file in sorted(files)]


def reading() -> Iterator[Promise]:
    labels = ["sh", "-c", "find /var/lib/mood/labels -type f | grep -q ."]
    yield "labels are there (evaluate reads one)", works("evaluate", *labels)
    yield "keeper sees no label", not works("keeper", *labels)
    for service in (*SLOTS, "upkeep", "beat"):
        yield f"{service} sees no label", not works(service, *labels)
        yield f"{service} cannot change an image", not works(service, "touch", "/var/lib/mood/images/x")
    for service in ("api", "evaluate", "keeper", "upkeep", "beat"):
        yield f"{service} has no Engine", not works(service, "test", "-e", "/var/run/docker.sock")


def secrecy() -> Iterator[Promise]:
    known = secrets()
    for service in services():
        shown = json.dumps(state(service))
        shown += run("docker", "top", container(service), "-eo", "pid,args").stdout
        yield f"{service} shows no secret in inspect or arguments", not any(one in shown for one in known)


def reaching() -> Iterator[Promise]:
    for promise, program in (
        ("the broker refuses who has no password", NO_PASSWORD),
        ("the database refuses a wrong password", WRONG_PASSWORD),
        ("a slot reaches the database", CONNECT),
    ):
        yield promise, works("slot", "python", "-c", program)
    for service in services():
        published = [pair for pair in (state(service)["NetworkSettings"]["Ports"] or {}).values() if pair]
        local = all(one["HostIp"] == "127.0.0.1" for pair in published for one in pair)
        if service != "api":
            networks = state(service)["NetworkSettings"]["Networks"]
            yield f"{service} is in no network with a way out", all(is_internal(name) for name in networks)
        yield f"{service} has no port to other machines", local and (service == "api" or not published)


@cache
def is_internal(network: str) -> bool:
    return run("docker", "network", "inspect", "-f", "{{.Internal}}", network).stdout.strip() == "true"


def recovery() -> Iterator[Promise]:
    """A kill from inside is a crash to the Engine; `docker kill` would count as a wish."""
    for service in services():
        before = state(service)["RestartCount"]
        begun = time.monotonic()
        works(service, "sh", "-c", "kill -9 -1")
        back = wait(service, before) and answers(service)
        yield f"{service} is back {time.monotonic() - begun:5.1f} s after kill -9", back
    yield "everything answers in the end", all(answers(service) for service in services())


def wait(service: str, restarts: int) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        now = state(service)
        if now["RestartCount"] > restarts and now["State"]["Running"]:
            return True
        time.sleep(0.5)
    return False


def answers(service: str) -> bool:
    """Asked now, as the health check would ask; what has none must still run."""
    kind, *words = state(service)["Config"].get("Healthcheck", {"Test": ["CMD", "true"]})["Test"]
    if kind == "CMD-SHELL":
        words = ["sh", "-c", *words]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not works(service, *words):
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


def main() -> int:
    broken = 0
    for part in (reading, secrecy, reaching, recovery):
        for promise, kept in part():
            print(f"  {'kept  ' if kept else 'BROKEN'}  {promise}", flush=True)
            broken += not kept
    print(f"{broken} promises are broken" if broken else "all promises are kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
