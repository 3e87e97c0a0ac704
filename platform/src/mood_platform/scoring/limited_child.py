"""Runs one function in a forked child with bounded memory, CPU and time; hostile bytes are read in it.

Whose fault an end is depends on where the child was: `work` is handed a function that it calls when it begins
with the input, and from then on whatever ends it is the input's doing. Ours are what came before (the start,
the limits, the label), a kill from outside, the wall limit, and a disk that cannot be read.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from mood_evaluator import prepare_kernels
from mood_platform.characters import plain
from mood_platform.errors import Transient

CHUNK = 2**16
DIE_WITH_PARENT = 1
"""prctl(PR_SET_PDEATHSIG): a killed worker leaves no child behind."""
RAISE_LIMITS = (
    "Raise MOOD_EXECUTION__SCORING_MEMORY or MOOD_EXECUTION__SCORING_SECONDS, or look at the label."
)
LONGEST_TOLD = 4_000
"""Characters kept of what was raised: its end says the most."""
_NATIVE_CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE})
_BEGUN, _ANSWER, _MEMORY, _RAISED, _DISK = b"P", b"=", b"M", b"!", b"S"

Begin = Callable[[], None]
Work = Callable[[Begin], bytes]


class End(StrEnum):
    """How an input ended the child that read it."""

    MEMORY = "memory"
    TIME = "time"
    CRASH = "crash"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Unread:
    """The input's fault, which nobody foresaw: what is foreseen is an answer."""

    end: End
    told: str
    """For organizers: what happened, with a traceback where there is one."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    memory: int
    """Bytes on top of what the process has mapped when the work begins."""
    cpu_seconds: int
    wall_seconds: float

    def for_cases(self, count: int) -> ChildLimits:
        """The memory of one, and the time of as many as are read one after the other."""
        return replace(self, cpu_seconds=self.cpu_seconds * count, wall_seconds=self.wall_seconds * count)


def run_limited(work: Work, limits: ChildLimits) -> bytes | Unread:
    """The bytes that `work` returns, or how its input ended it; other ends are ours: Transient, OSError."""
    prepare_kernels()  # the child inherits what it would else compile under its limits
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
        said = _read_until(stream.fileno(), time.monotonic() + limits.wall_seconds)
    if said is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    if said is None:
        raise _ours("It took longer than it may by the clock on the wall.", remedy="It is tried again.")
    return _understand(said, status, cpu_used_up=usage.ru_utime + usage.ru_stime >= limits.cpu_seconds)


def _run_in_child(work: Work, limits: ChildLimits, writer: int) -> NoReturn:
    """Never returns: nothing of the parent (pools, handlers, locks) is unwound here."""
    try:
        answer = _answer(work, limits, writer)
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
    finally:
        os._exit(0)


def _answer(work: Work, limits: ChildLimits, writer: int) -> bytes:
    def begin() -> None:
        os.write(writer, _BEGUN)

    try:
        _confine(limits)
        return _ANSWER + work(begin)
    except MemoryError:
        return _MEMORY
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told to the parent
        if isinstance(error, OSError) and error.errno not in {None, errno.ENOMEM}:
            return _DISK + f"{error.errno}\n{error}".encode(errors="replace")
        return _RAISED + traceback.format_exc().encode(errors="replace")


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


def _understand(said: bytes, status: int, *, cpu_used_up: bool) -> bytes | Unread:
    begun = said.startswith(_BEGUN)
    kind, content = said[begun : begun + 1], said[begun + 1 :]
    if os.WIFSIGNALED(status):
        found = _understand_signal(os.WTERMSIG(status), cpu_used_up=cpu_used_up)
    elif kind == _ANSWER:
        return content
    elif kind == _DISK:
        number, _, text = content.decode().partition("\n")
        raise OSError(int(number), text)
    elif kind == _RAISED:
        found = Unread(End.EXCEPTION, plain(content.decode())[-LONGEST_TOLD:])  # it may quote the input
    else:  # not even enough left to say so, perhaps
        found = Unread(End.MEMORY, "It used up its memory.")
    if not begun:
        raise _ours(found.told, remedy=RAISE_LIMITS)
    return found


def _understand_signal(ended_by: int, *, cpu_used_up: bool) -> Unread:
    """A kill may be the kernel's at the hard limit of CPU time, a second after the soft one was ignored."""
    if ended_by == signal.SIGXCPU or (ended_by == signal.SIGKILL and cpu_used_up):
        return Unread(End.TIME, "It used up its CPU time.")
    if ended_by in _NATIVE_CRASHES:
        return Unread(End.CRASH, f"It crashed in native code ({signal.Signals(ended_by).name}).")
    raise _ours(f"It was killed from outside (signal {ended_by}).", remedy="It is tried again.")


def _ours(told: str, *, remedy: str) -> Transient:
    return Transient(f"Scoring failed: {told}", remedy=remedy)
