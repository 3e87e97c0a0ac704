"""The child that reads hostile bytes: what it returns, what it may not use up, and that it leaves nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from mood_platform.errors import Transient
from mood_platform.runs.limited_child import ChildLimits, Exhausted, run_limited

ROOMY = ChildLimits(memory=4 * 2**30, cpu_seconds=20, wall_seconds=30.0)


def test_the_answer_comes_back_whole() -> None:
    content = os.urandom(3_000_000)
    assert run_limited(lambda: content, ROOMY) == content


def test_an_empty_answer_is_an_answer() -> None:
    assert run_limited(lambda: b"", ROOMY) == b""


def test_what_the_child_changes_stays_in_the_child() -> None:
    seen: list[int] = []
    run_limited(lambda: bytes(seen.append(1) or 0), ROOMY)
    assert seen == []


def test_too_much_memory_ends_the_child_only() -> None:
    assert run_limited(lambda: bytes(np.ones(2**33, np.uint8)[:1]), ROOMY) is Exhausted.MEMORY


def test_an_endless_loop_meets_the_cpu_limit() -> None:
    def spin() -> bytes:
        while True:
            pass

    limits = ChildLimits(memory=4 * 2**30, cpu_seconds=1, wall_seconds=20.0)
    assert run_limited(spin, limits) is Exhausted.TIME


def test_a_child_that_sleeps_meets_the_wall() -> None:
    limits = ChildLimits(memory=4 * 2**30, cpu_seconds=5, wall_seconds=0.3)
    started = time.monotonic()
    assert run_limited(lambda: bytes(time.sleep(20) or 0), limits) is Exhausted.TIME
    assert time.monotonic() - started < 5


def test_a_crash_in_native_code_is_told_apart() -> None:
    def crash() -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    assert run_limited(crash, ROOMY) is Exhausted.CRASH


def test_an_exception_inside_is_ours_and_names_itself() -> None:
    def stumble() -> bytes:
        raise ValueError("the label is odd")

    with pytest.raises(Transient, match="the label is odd"):
        run_limited(stumble, ROOMY)


def test_a_limit_that_cannot_be_set_is_ours_and_not_the_predictions() -> None:
    with pytest.raises(Transient, match="Scoring failed"):
        run_limited(lambda: b"", ChildLimits(memory=2**70, cpu_seconds=1, wall_seconds=20.0))


def test_a_child_killed_from_outside_is_nobodys_fault() -> None:
    def die() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(Transient, match="signal 9"):
        run_limited(die, ROOMY)


def test_no_child_is_left_behind() -> None:
    before = children()
    run_limited(lambda: b"", ROOMY)
    assert children() == before


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()
