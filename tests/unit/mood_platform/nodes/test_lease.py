"""The heartbeat thread: it beats while the block runs, tells a loss, and survives a silent platform."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from mood_platform.errors import Unreachable
from mood_platform.nodes.lease import kept_alive


def test_it_beats_until_the_block_ends() -> None:
    beats = threading.Semaphore(0)

    def beat() -> bool:
        beats.release()
        return True

    with kept_alive(beat, every_seconds=0.01) as lost:
        for _ in range(3):
            assert beats.acquire(timeout=10)
        assert not lost.is_set()
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}


def test_a_claim_that_is_lost_is_told_at_once() -> None:
    with kept_alive(lambda: False, every_seconds=0.01) as lost:
        assert lost.wait(timeout=10)


def test_a_platform_that_does_not_answer_is_no_loss() -> None:
    answers: Iterator[bool] = iter([True, True, False])
    asked = 0

    def beat() -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Unreachable("It does not answer.", remedy="Ask again.")
        return next(answers)

    with kept_alive(beat, every_seconds=0.01) as lost:
        assert lost.wait(timeout=10)
    assert asked == 4
