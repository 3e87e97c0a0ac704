"""Runs one function in a forked child with bounded memory, CPU and time; hostile bytes are read in it."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from mood_platform.errors import Transient

CHUNK = 2**16
DIE_WITH_PARENT = 1
"""prctl(PR_SET_PDEATHSIG): a killed worker leaves no child behind."""


class Exhausted(StrEnum):
    """What the child used up: the input's fault, not ours."""

    MEMORY = "memory"
    TIME = "time"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class ChildLimits:
    memory: int
    """Bytes on top of what the process has mapped when the work begins."""
    cpu_seconds: int
    wall_seconds: float


def run_limited(work: Callable[[], bytes], limits: ChildLimits) -> bytes | Exhausted:
    """The bytes that `work` returns, or what it exhausted; an exception inside is ours: Transient."""
    reader, writer = os.pipe()
    libc, parent = ctypes.CDLL(None), os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reader)
        libc.prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it died before that was said
            os._exit(0)
        _run_in_child(work, limits, writer)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as stream:
        answer = _read_until(stream.fileno(), time.monotonic() + limits.wall_seconds)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return Exhausted.TIME if answer is None else _understand(answer, status)


def _run_in_child(work: Callable[[], bytes], limits: ChildLimits, writer: int) -> NoReturn:
    """Never returns: nothing of the parent (pools, handlers, locks) is unwound here."""
    try:
        answer = _answer(work, limits)
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
    finally:
        os._exit(0)


def _answer(work: Callable[[], bytes], limits: ChildLimits) -> bytes:
    try:
        _confine(limits)
        return b"=" + work()
    except MemoryError:
        return b"M"
    except BaseException:  # noqa: BLE001 - whatever it is, it is told to the parent, which raises
        return b"!" + traceback.format_exc().encode()


def _confine(limits: ChildLimits) -> None:
    """A limit that this process may not set is our fault, and is told like one."""
    faulthandler.disable()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    address_space = _mapped_bytes() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _read_until(reader: int, deadline: float) -> bytes | None:
    """All the child says until it closes the pipe; None when the time is over."""
    chunks: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            return None
        chunk = os.read(reader, CHUNK)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    return None


def _understand(answer: bytes, status: int) -> bytes | Exhausted:
    kind, content = answer[:1], answer[1:]
    if kind == b"=":
        return content
    if kind == b"M":
        return Exhausted.MEMORY
    if kind == b"!":
        raise Transient(f"Scoring failed: {content.decode(errors='replace')}")
    return _understand_death(status)


def _understand_death(status: int) -> Exhausted:
    if not os.WIFSIGNALED(status):
        return Exhausted.MEMORY  # not even enough left to say so
    ended_by = os.WTERMSIG(status)
    if ended_by == signal.SIGXCPU:
        return Exhausted.TIME
    if ended_by in {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}:
        return Exhausted.CRASH
    raise Transient(
        f"The scoring child died without an answer (signal {ended_by}).", remedy="It is tried again."
    )
