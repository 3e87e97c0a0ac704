"""A slot's turn on a real database with a scripted engine: what is stored, dropped, tried again."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.errors import Transient
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.limits import Limits
from mood_platform.execution.runtime import CaseJob, Collected, Execution
from mood_platform.execution.usage import Usage
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage
from mood_platform.nodes.execute import work_once
from mood_platform.nodes.reaper import reap
from mood_platform.queueing import Job
from mood_platform.runs.service import cancel_run
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.faulty import FaultyStore, system_error
from mood_platform.storage.local import LocalStore
from mood_support.edition import SHAPE
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform

pytestmark = pytest.mark.integration


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def started(platform: TinyPlatform) -> list[CaseRun]:
    with platform.open() as tx:
        return list(tx.session.scalars(select(CaseRun).where(CaseRun.attempt > 0)))


def test_without_work_a_turn_does_nothing(platform: TinyPlatform) -> None:
    assert not work_once(platform.slot(FakeRuntime()), stages=ALL_STAGES)


def test_a_turn_runs_one_case_and_stores_prediction_and_log_before_the_row(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted.writing(b"prediction", log=b"hello"))
    assert work_once(platform.slot(runtime), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert case_run.state is CaseRunState.COLLECTED
    assert (case_run.node, case_run.node_facts, case_run.exit_code) == ("node-1", {"cpu": "test"}, 0)
    folder = f"runs/{case_run.run_id}/{case_run.id}/{case_run.claim_id}"
    assert (case_run.prediction_key, case_run.log_key) == (f"{folder}/prediction", f"{folder}/log")
    assert platform.store.read(f"{folder}/prediction", limit=100) == b"prediction"
    assert platform.store.read(f"{folder}/log", limit=100) == b"hello"
    assert platform.queue.names()[-1] is Job.SCORE_CASE


def test_what_a_case_used_is_kept_with_it(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    usage = Usage(seconds=1, cpu_seconds=0.5, memory_peak=2**20)
    ran = Execution(exit_code=1, collected=Collected.MISSING, usage=usage)
    work_once(platform.slot(FakeRuntime(lambda _: Scripted(None, b"", ran))), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert case_run.usage is not None
    assert Usage.from_json(case_run.usage) == usage


def test_the_engine_is_told_nothing_but_the_claim_the_case_and_the_limits(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted.writing(b"x"))
    work_once(platform.slot(runtime, gpu="GPU-1", cpuset="0-1"), stages=ALL_STAGES)
    (job,), (case_run,) = runtime.jobs, started(platform)
    assert job.claim_id == UUID(str(case_run.claim_id)).hex
    assert (job.task, job.dataset) == (submission.task, case_run.dataset)
    assert (job.instance, job.holder_image, job.gpu, job.cpuset) == ("test", "base", "GPU-1", "0-1")
    promised = Limits.parse(platform.run_of(submission).limits)
    assert job.limits == promised.for_case(task=Task.PIXEL, shape=SHAPE)
    assert job.limits.output < promised.output
    assert not job.output.exists(), "the working folder is gone"


@pytest.mark.parametrize(
    ("execution", "state", "reason"),
    [
        (Execution(killed_at_limit=True, exit_code=137), CaseRunState.TIMED_OUT, FailureReason.TIMED_OUT),
        (Execution(oom_killed=True, exit_code=137), CaseRunState.OUT_OF_MEMORY, FailureReason.OUT_OF_MEMORY),
        (Execution(exit_code=1, collected=Collected.MISSING), CaseRunState.CRASHED, FailureReason.CRASHED),
        (
            Execution(exit_code=0, collected=Collected.MISSING),
            CaseRunState.OUTPUT_MISSING,
            FailureReason.OUTPUT_MISSING,
        ),
    ],
)
def test_a_team_fault_ends_the_case_with_its_reason_and_log(
    platform: TinyPlatform, execution: Execution, state: CaseRunState, reason: FailureReason
) -> None:
    platform.submit(platform.join("north"))
    work_once(platform.slot(FakeRuntime(lambda _: Scripted(None, b"why", execution))), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.reason, case_run.prediction_key) == (state, reason, None)
    assert case_run.log_key is not None
    assert platform.queue.sent[-1] == (Job.SCORE_RUN, {"run_id": str(case_run.run_id)})


def test_an_exit_code_after_a_prediction_is_only_flagged(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted.writing(b"x", exit_code=3))
    work_once(platform.slot(runtime), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.exit_code, case_run.flags) == (
        CaseRunState.COLLECTED,
        3,
        ["nonzero_exit"],
    )


def test_an_engine_error_puts_the_case_back(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    broken = FakeRuntime(lambda _: Scripted(None, b"", Execution(engine_error="the engine is gone")))
    work_once(platform.slot(broken), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.reason) == (CaseRunState.QUEUED, FailureReason.ENGINE_ERROR)
    assert case_run.prediction_key is None


def test_a_missing_case_or_image_is_the_platforms_fault(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted.writing(b"x"))
    slot = platform.slot(runtime)
    runtime.images.intersection_update({slot.node.holder_image})
    work_once(slot, stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.reason) == (CaseRunState.QUEUED, FailureReason.ENGINE_ERROR)
    assert runtime.jobs == []


def test_a_node_that_could_run_nothing_claims_nothing(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: Scripted.writing(b"x"))
    slot = platform.slot(runtime)
    runtime.images.discard(slot.node.holder_image)
    assert not work_once(slot, stages=ALL_STAGES)
    assert started(platform) == []
    runtime.images.add(slot.node.holder_image)
    slot.node.cache.rmdir()
    slot.node.cache.write_text("a file where the cache's folder should be")
    assert not work_once(slot, stages=ALL_STAGES)
    assert started(platform) == []
    slot.node.cache.unlink()
    assert work_once(slot, stages=ALL_STAGES)


def test_a_store_that_refuses_for_a_moment_costs_neither_result_nor_attempt(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    refusals = iter([system_error(errno.ENOSPC, "prediction")])
    store = FaultyStore(
        platform.store, lambda operation, _: next(refusals, None) if operation == "put_file" else None
    )
    runtime = FakeRuntime(lambda _: Scripted.writing(b"prediction"))
    assert work_once(platform.slot(runtime, store=store), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.attempt, len(store.refused)) == (CaseRunState.COLLECTED, 1, 1)
    assert case_run.prediction_key is not None
    assert platform.store.read(case_run.prediction_key, limit=100) == b"prediction"


def test_a_run_cancelled_meanwhile_stops_the_container_and_drops_the_result(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))

    def cancel_meanwhile(_: CaseJob) -> None:
        with platform.open() as tx:
            cancel_run(tx, run=tx.session.get_one(Run, platform.run_of(submission).id), actor="o")

    runtime = FakeRuntime(lambda _: Scripted.writing(b"x"), before_case=cancel_meanwhile)
    assert work_once(platform.slot(runtime), stages=ALL_STAGES)
    (case_run,) = started(platform)
    assert (case_run.state, case_run.prediction_key) == (CaseRunState.CANCELLED, None)
    assert platform.run_of(submission).state is RunState.CANCELLED
    assert Job.SCORE_CASE not in platform.queue.names()


def test_a_worker_that_slept_past_its_lease_overwrites_nothing_of_its_successor(
    platform: TinyPlatform,
) -> None:
    platform.submit(platform.join("north"))
    successor = platform.slot(FakeRuntime(lambda _: Scripted.writing(b"second")), name="node-2")

    def sleep_past_the_lease(_: CaseJob) -> None:
        with platform.open() as tx:
            tx.session.execute(update(CaseRun).values(lease_until=tx.now - timedelta(seconds=1)))
        assert sweep(platform.sessions, platform.queue, max_attempts=3) == 1
        while not any(case.attempt == 2 for case in started(platform)):
            assert work_once(successor, stages=ALL_STAGES)

    sleeper = FakeRuntime(lambda _: Scripted.writing(b"first"), before_case=sleep_past_the_lease)
    assert work_once(platform.slot(sleeper), stages=ALL_STAGES)
    (case_run,) = (case for case in started(platform) if case.attempt == 2)
    assert (case_run.state, case_run.node) == (CaseRunState.COLLECTED, "node-2")
    assert case_run.prediction_key is not None
    assert platform.store.read(case_run.prediction_key, limit=10) == b"second"


def test_a_toy_slot_leaves_hidden_cases_alone(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    slot = platform.slot(FakeRuntime(lambda _: Scripted.writing(b"x")))
    assert sum(work_once(slot, stages={Stage.TOY}) for _ in range(9)) == 8
    platform.open_hidden_cases(platform.run_of(submission).id)
    assert not work_once(slot, stages={Stage.TOY})


def test_the_reaper_removes_what_has_no_live_claim_and_nothing_else(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    runtime = FakeRuntime()
    dead = UUID(int=7).hex
    runtime.live = {claim.claim_id.hex: "test", dead: "test", "odd": "test", UUID(int=8).hex: "other"}
    counts = [reap(platform.door(), runtime, instance="test") for _ in range(2)]
    assert counts == [2, 0]
    assert set(runtime.live) == {claim.claim_id.hex, UUID(int=8).hex}


def test_the_reaper_removes_the_folders_of_dead_claims_of_its_instance(
    platform: TinyPlatform, tmp_path: Path
) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim()
    assert claim is not None
    dead = UUID(int=7).hex
    names = [f"case-test-{claim.claim_id.hex}", f"case-test-{dead}", f"case-test-other-{dead}", "cases"]
    for name in names:
        (tmp_path / "node" / name).mkdir(parents=True)
        (tmp_path / "node" / name / "prediction").touch()
    cache = tmp_path / "node"
    assert reap(platform.door(), FakeRuntime(), instance="test", cache=cache) == 1
    assert {path.name for path in cache.iterdir()} == set(names) - {f"case-test-{dead}"}


class Resisting(FakeRuntime):
    """One claim cannot be removed."""

    def remove_claim(self, claim_id: str) -> None:
        if claim_id == UUID(int=7).hex:
            raise Transient("The engine did not remove it.")
        super().remove_claim(claim_id)


def test_a_claim_that_cannot_be_removed_does_not_protect_the_others(platform: TinyPlatform) -> None:
    runtime = Resisting()
    runtime.live = {UUID(int=number).hex: "test" for number in (6, 7, 8)}
    reap(platform.door(), runtime, instance="test")
    assert set(runtime.live) == {UUID(int=7).hex}
