"""A starved time-out on the real database: run again alone, charged to nobody, and that outcome counts."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.outcome import Outcome, OutcomeFlag
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.execution.starvation import Lack
from mood_platform.execution.usage import Pressure, Usage
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, Event, Stage, Submission
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.runs.claims import record
from mood_platform.runs.decisions import resume
from mood_platform.runs.service import stop_run
from mood_platform.storage.local import LocalStore
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform

pytestmark = pytest.mark.integration

TIMED_OUT = Outcome("timed_out", FailureReason.TIMED_OUT)
KILLED = Execution(exit_code=137, killed_at_limit=True, seconds=600)
DONE = Execution(collected=Collected.PRESENT, exit_code=0, seconds=30)
FAULT = Outcome("platform_fault", FailureReason.ENGINE_ERROR)
A1, A2, B1 = (ClaimingNode(name=name, machine=name[0], facts={"cpu": "test"}) for name in ("a1", "a2", "b1"))


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def end(platform: TinyPlatform, claim: Claim | None, *, starved: bool = False, fault: bool = False) -> None:
    assert claim is not None
    outcome = FAULT if fault else TIMED_OUT if starved else Outcome("collected")
    with platform.open() as tx:
        assert record(
            tx,
            claim_id=claim.claim_id,
            outcome=outcome,
            execution=KILLED if starved else DONE,
            lack=Lack.CPU if starved else None,
        )


def case_of(platform: TinyPlatform, claim: Claim | None) -> CaseRun:
    assert claim is not None
    with platform.open() as tx:
        return tx.session.get_one(CaseRun, claim.case_run_id)


def test_a_starved_time_out_is_queued_again_and_what_was_seen_is_kept(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(node=A1)
    end(platform, claim, starved=True)
    case = case_of(platform, claim)
    assert (case.state, case.reason) == (CaseRunState.QUEUED, FailureReason.STARVED)
    assert (case.alone, case.alone_on, case.failed_on) == (True, "a", [])
    assert case.first_run == {"lack": "cpu", "node": "a1", "machine": "a", "seconds": 600, "usage": None}
    with platform.open() as tx:
        events = tx.session.scalars(select(Event).where(Event.subject_id == case.id)).all()
    assert [event.after for event in events] == ["running", "queued"]


def test_the_second_run_waits_until_its_machine_is_empty_and_has_it_alone(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    starved, other = platform.claim(node=A1), platform.claim(node=A2)
    end(platform, starved, starved=True)
    assert platform.claim(node=A1) is None, "another case runs on its machine"
    elsewhere = platform.claim(node=B1)
    assert elsewhere is not None, "other machines go on"
    end(platform, other)
    again = platform.claim(node=A2)
    assert starved is not None
    assert again is not None
    assert again.case_run_id == starved.case_run_id
    assert platform.claim(node=A1) is None, "nothing is started beside it"
    end(platform, again)
    assert platform.claim(node=A1) is not None


def test_a_slot_whose_machine_waits_for_a_second_run_leaves_its_bell_to_others(
    platform: TinyPlatform,
) -> None:
    platform.submit(platform.join("north"))
    starved, _ = platform.claim(node=A1), platform.claim(node=A2)
    end(platform, starved, starved=True)
    platform.queue.pending.clear()
    assert platform.claim(node=A1) is None
    assert [job for job, _ in platform.queue.pending] == [Job.WORK]


@pytest.mark.parametrize("starved_again", [False, True])
def test_the_second_outcome_counts_and_organizers_see_that_it_ran_twice(
    platform: TinyPlatform, starved_again: bool
) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(node=A1)
    end(platform, claim, starved=True)
    end(platform, platform.claim(node=A1), starved=starved_again)
    case = case_of(platform, claim)
    assert case.state is (CaseRunState.TIMED_OUT if starved_again else CaseRunState.COLLECTED)
    assert case.flags == [OutcomeFlag.RAN_TWICE]
    assert case.first_run is not None
    assert (case.alone, case.alone_on, case.attempt) == (False, None, 2)


def test_beyond_a_twentieth_of_a_runs_cases_organizers_decide(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))  # of so few cases that one may run twice
    first = platform.claim(node=A1)
    end(platform, first, starved=True)
    end(platform, platform.claim(node=A1))
    second = platform.claim(node=A1)
    end(platform, second, starved=True)
    case = case_of(platform, second)
    assert (case.state, case.reason) == (CaseRunState.PARKED, FailureReason.STARVED)
    assert platform.queue.sent.count((Job.SEND_MAIL, {"kind": "run_parked", "run": str(case.run_id)})) == 1
    assert platform.claim(node=A1) is not None, "the rest of the run goes on"
    with platform.open() as tx:
        resume(tx, run=platform.run_of(submission), actor="olga@example.org")
    case = case_of(platform, second)
    assert (case.state, case.alone) == (CaseRunState.QUEUED, True)


def test_a_fault_of_ours_in_a_second_run_is_no_outcome(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(node=A1)
    end(platform, claim, starved=True)
    end(platform, platform.claim(node=A1), fault=True)
    case = case_of(platform, claim)
    assert (case.state, case.alone, case.failed_on) == (CaseRunState.QUEUED, True, ["a1"])
    assert platform.claim(node=A1) is not None, "while it rests its machine works"


def test_another_machine_adopts_a_second_run_whose_own_is_gone(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"))
    claim = platform.claim(node=A1, lease_seconds=0)
    end(platform, claim, starved=True)
    again = platform.claim(node=B1, lease_seconds=0)
    assert claim is not None
    assert again is not None
    assert again.case_run_id == claim.case_run_id
    assert case_of(platform, again).alone_on == "b"


def test_a_run_that_is_cancelled_gives_its_reserved_machine_back(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    platform.submit(platform.join("south"))
    starved, _ = platform.claim(node=A1), platform.claim(node=A2)
    end(platform, starved, starved=True)
    assert platform.claim(node=A1) is None
    with platform.open() as tx:
        stop_run(tx, run=platform.run_of(submission), reason="a test", actor="olga@example.org")
    assert platform.claim(node=A1) is not None


def test_a_slot_tells_a_starved_time_out_from_one_of_the_teams_own(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    seconds = limit_of(platform, submission)
    quiet = Usage(seconds=seconds, cpu_seconds=0.1, throttled_seconds=0, node_cores=2)
    waiting = Pressure(0.9 * seconds, 0.9 * seconds)
    looks = iter([Usage(seconds=seconds, cpu_seconds=0.1, cpu=waiting, node_cores=2), quiet])

    def script(_: object) -> Scripted:
        return Scripted(None, b"", Execution(exit_code=137, killed_at_limit=True, usage=next(looks)))

    slot = platform.slot(FakeRuntime(script))
    assert work_once(slot, stages=ALL_STAGES)
    [case_id] = ids_in(platform, CaseRun.first_run.is_not(None))
    assert work_once(slot, stages=ALL_STAGES)
    with platform.open() as tx:
        assert tx.session.get_one(CaseRun, case_id).state is CaseRunState.TIMED_OUT


def limit_of(platform: TinyPlatform, submission: Submission) -> float:
    return float(platform.run_of(submission).limits["seconds"])


def ids_in(platform: TinyPlatform, condition: object) -> list[UUID]:
    with platform.open() as tx:
        return list(tx.session.scalars(select(CaseRun.id).where(condition)))  # type: ignore[arg-type]
