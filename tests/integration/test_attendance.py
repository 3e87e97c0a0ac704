"""What a slot does with a bell that it must leave to others, and when it is tested."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import Execution
from mood_platform.models import CaseRun, Health, KnownNode, Stage
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job, ScoreRun, Work
from mood_platform.runs.claims import heartbeat
from mood_platform.runs.door import hears_again
from mood_platform.storage.local import LocalStore
from mood_platform.worker.presence import show
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform

pytestmark = pytest.mark.integration

BELL = (Job.WORK, {"stage": "toy"})
HUGE = 2**62


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def hear(platform: TinyPlatform, runtime: FakeRuntime, **changes: object) -> bool:
    """The slot takes the one bell that hangs there."""
    platform.queue.pending.clear()
    return work_once(platform.slot(runtime, **changes), stages=ALL_STAGES)


def row(platform: TinyPlatform) -> KnownNode:
    with platform.open() as tx:
        return tx.session.scalars(select(KnownNode)).one()


def attempts(platform: TinyPlatform) -> int:
    with platform.open() as tx:
        return sum(tx.session.scalars(select(CaseRun.attempt)))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cache_free_bytes": HUGE}, "MOOD_EXECUTION__CACHE_FREE_BYTES"),
        ({"holder_image": "nobody-has-it"}, "base image nobody-has-it"),
    ],
)
def test_an_unfit_slot_leaves_its_bell_to_others_and_says_why(
    platform: TinyPlatform, changes: dict[str, object], why: str
) -> None:
    platform.submit(platform.join("north"))
    assert not hear(platform, FakeRuntime(), **changes)
    assert platform.queue.pending == [BELL]
    assert attempts(platform) == 0
    assert why in row(platform).unfit


def test_an_engine_whose_disk_is_full_makes_its_slot_unfit(platform: TinyPlatform) -> None:
    class Full(FakeRuntime):
        def free_bytes(self) -> int | None:
            return 10

    platform.submit(platform.join("north"))
    assert not hear(platform, Full(), engine_free_bytes=HUGE)
    assert "MOOD_EXECUTION__ENGINE_FREE_BYTES" in row(platform).unfit


def test_a_new_slot_whose_self_test_fails_takes_no_case_at_all_and_leaves_the_bell(
    platform: TinyPlatform,
) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime()
    runtime.unwell = "GPU-1 did not answer"
    assert not hear(platform, runtime)
    assert not hear(platform, runtime)
    assert (attempts(platform), runtime.tests) == (0, 1)
    assert platform.queue.pending == [BELL]
    assert row(platform).health is Health.QUARANTINED


def test_a_slot_is_tested_once_and_then_after_each_fault(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    broken = Scripted(None, b"", Execution(engine_error="the engine is gone"))
    scripts = iter([Scripted.writing(b"1"), Scripted.writing(b"2"), broken, Scripted.writing(b"3")])
    runtime, tests = FakeRuntime(lambda _: next(scripts)), []
    for _ in range(4):
        assert hear(platform, runtime)
        tests.append(runtime.tests)
    assert tests == [1, 1, 2, 2]


def test_a_slot_that_fell_sick_hands_the_bell_on_and_its_presence_ends_the_quarantine(
    platform: TinyPlatform,
) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted(None, b"", Execution(engine_error="gone")))
    hear(platform, runtime)
    runtime.unwell = "no GPU"
    hear(platform, runtime)
    assert row(platform).health is Health.QUARANTINED
    assert not hear(platform, runtime)
    runtime.unwell = None
    with platform.open() as tx:
        sick = tx.session.scalars(select(KnownNode)).one()
        sick.tested_at = sick.health_since = tx.now.replace(year=2020)
    show(platform.slot(runtime), ALL_STAGES)
    assert row(platform).health is Health.WELL


def test_a_slot_at_work_is_not_tested_and_its_heartbeat_says_that_it_lives(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    with platform.open() as tx:
        tx.session.scalars(select(KnownNode)).one().seen_at = tx.now.replace(year=2020)
    runtime = FakeRuntime()
    slot = platform.slot(runtime)
    with slot.turn:
        show(slot, ALL_STAGES)
    assert (row(platform).seen_at.year, runtime.tests) == (2020, 0)
    with platform.open() as tx:
        assert heartbeat(tx, claim_id=claim.claim_id, lease_seconds=60)
    assert row(platform).seen_at.year > 2020


def test_only_a_bell_that_the_slot_itself_would_hear_makes_it_rest() -> None:
    rung = [Work(Stage.CHALLENGE)]
    assert hears_again(rung, {Stage.CHALLENGE, Stage.TOY})
    assert not hears_again(rung, {Stage.TOY})
    assert not hears_again([ScoreRun(uuid4())], ALL_STAGES)
