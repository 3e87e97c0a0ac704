"""The child that reads hostile bytes: whose fault its end is, what it may use, that it leaves nothing."""

from __future__ import annotations

import errno
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mood_platform.errors import Transient
from mood_platform.scoring.limited_child import Begin, ChildLimits, End, Unread, Work, run_limited

ROOMY = ChildLimits(memory=4 * 2**30, cpu_seconds=20, wall_seconds=30.0)
ONE_SECOND = ChildLimits(memory=4 * 2**30, cpu_seconds=1, wall_seconds=30.0)


def test_the_answer_comes_back_whole() -> None:
    content = os.urandom(3_000_000)
    assert run_limited(lambda _begin: content, ROOMY) == content


@pytest.mark.parametrize("content", [b"", b"P", b"=", b"M"])
def test_every_answer_is_an_answer(content: bytes) -> None:
    def work(begin: Begin) -> bytes:
        begin()
        return content

    assert run_limited(lambda _begin: content, ROOMY) == content
    assert run_limited(work, ROOMY) == content


def test_what_the_child_changes_stays_in_the_child() -> None:
    seen: list[int] = []
    run_limited(lambda _begin: bytes(seen.append(1) or 0), ROOMY)
    assert seen == []


def eat_memory() -> bytes:
    return bytes(np.ones(2**33, np.uint8)[:1])


def spin() -> bytes:
    while True:
        pass


def spin_deaf() -> bytes:
    """Deaf to the soft limit, as a library may be: the hard one kills it."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    return spin()


def stumble() -> bytes:
    raise RecursionError("nobody foresaw \x1b[31m\x00 this")


def leave() -> bytes:
    raise SystemExit(3)


def end_by(number: int) -> Callable[[], bytes]:
    def end() -> bytes:
        os.kill(os.getpid(), number)
        return b""

    return end


def vanish() -> bytes:
    os._exit(0)


HOSTILE = {
    "memory": (eat_memory, ROOMY, End.MEMORY),
    "CPU time": (spin, ONE_SECOND, End.TIME),
    "CPU time, deaf": (spin_deaf, ONE_SECOND, End.TIME),
    "an exception": (stumble, ROOMY, End.EXCEPTION),
    "an exit": (leave, ROOMY, End.EXCEPTION),
    "a crash": (end_by(signal.SIGSEGV), ROOMY, End.CRASH),
    "an abort": (end_by(signal.SIGABRT), ROOMY, End.CRASH),
    "a silent end": (vanish, ROOMY, End.MEMORY),
}


@pytest.mark.parametrize(("act", "limits", "end"), HOSTILE.values(), ids=HOSTILE)
def test_whatever_ends_it_after_the_input_was_begun_is_the_inputs_fault(
    act: Callable[[], bytes], limits: ChildLimits, end: End
) -> None:
    found = run_limited(begun(act), limits)
    assert isinstance(found, Unread)
    assert found.end is end
    assert found.told


@pytest.mark.parametrize(("act", "limits", "end"), HOSTILE.values(), ids=HOSTILE)
def test_the_same_before_the_input_is_ours(act: Callable[[], bytes], limits: ChildLimits, end: End) -> None:
    with pytest.raises(Transient, match="Scoring failed"):
        run_limited(lambda _begin: act(), limits)


def begun(act: Callable[[], bytes]) -> Work:
    def work(begin: Begin) -> bytes:
        begin()
        return act()

    return work


def test_what_nobody_foresaw_is_told_with_its_traceback_and_without_control_characters() -> None:
    found = run_limited(begun(stumble), ROOMY)
    assert isinstance(found, Unread)
    assert "RecursionError: nobody foresaw �[31m� this" in found.told
    assert "in stumble" in found.told


def test_a_kill_from_outside_is_ours() -> None:
    with pytest.raises(Transient, match="from outside"):
        run_limited(begun(end_by(signal.SIGKILL)), ROOMY)


def test_a_child_that_sleeps_past_the_wall_limit_is_ours() -> None:
    limits = ChildLimits(memory=4 * 2**30, cpu_seconds=5, wall_seconds=0.3)
    with pytest.raises(Transient, match="by the clock on the wall"):
        run_limited(begun(lambda: bytes(time.sleep(60) or 0)), limits)


def test_a_disk_that_cannot_be_read_is_ours() -> None:
    def fail() -> bytes:
        raise OSError(errno.EIO, "Input/output error", "prediction")

    with pytest.raises(OSError, match="Input/output error") as caught:
        run_limited(begun(fail), ROOMY)
    assert caught.value.errno == errno.EIO


def test_an_allocation_that_fails_as_an_error_of_the_system_is_the_inputs_fault() -> None:
    def fail() -> bytes:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    assert isinstance(run_limited(begun(fail), ROOMY), Unread)


def test_a_limit_that_cannot_be_set_is_ours() -> None:
    with pytest.raises(Transient, match="Scoring failed"):
        run_limited(begun(lambda: b""), ChildLimits(memory=2**70, cpu_seconds=1, wall_seconds=20.0))


def test_a_child_that_cannot_be_started_is_ours() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            run_limited(begun(lambda: b""), ROOMY)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_child_is_left_behind() -> None:
    before = children()
    run_limited(lambda _begin: b"", ROOMY)
    assert children() == before


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()
