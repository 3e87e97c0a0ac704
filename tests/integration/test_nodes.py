"""Sick Nodes and harmful Images: who gets which case, who is quarantined, who is held, who is asked."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict, Invalid
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, Health, Image, KnownNode, Run, RunState
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.queueing import Job
from mood_platform.runs.claims import record
from mood_platform.runs.decisions import decide_ours, decide_team, resume
from mood_platform.runs.node_health import is_test_due
from mood_platform.runs.suspicion import report_self_test
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration

OLGA = "olga@example.org"
ENGINE, GPU = FailureReason.ENGINE_ERROR, FailureReason.GPU_UNAVAILABLE


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def node(name: str, machine: str | None = None) -> ClaimingNode:
    return ClaimingNode(name=name, facts={}, machine=machine or f"machine-of-{name}")


A, B, C, D = (node(name) for name in "ABCD")


def take(platform: TinyPlatform, by: ClaimingNode) -> Claim:
    claim = platform.claim(node=by)
    assert claim is not None, f"{by.name} gets nothing"
    return claim


def fail(platform: TinyPlatform, claim: Claim, reason: FailureReason = ENGINE, *, ran: bool = False) -> None:
    """The case fails for our reasons; its rest is over at once."""
    facts = Execution(engine_error="broken", ran=ran)
    with platform.open() as tx:
        assert record(tx, claim_id=claim.claim_id, outcome=Outcome("platform_fault", reason), execution=facts)
        tx.session.get_one(CaseRun, claim.case_run_id).lease_until = None


def collect(platform: TinyPlatform, claim: Claim) -> None:
    done = Execution(collected=Collected.PRESENT, exit_code=0, seconds=1, ran=True)
    with platform.open() as tx:
        assert record(tx, claim_id=claim.claim_id, outcome=Outcome("collected"), execution=done)


def prove(platform: TinyPlatform, *nodes: ClaimingNode, problem: str | None = None) -> None:
    for one in nodes:
        with platform.open() as tx:
            report_self_test(tx, name=one.name, problem=problem, lease_seconds=60)


def known(platform: TinyPlatform, one: ClaimingNode) -> KnownNode:
    with platform.open() as tx:
        return tx.session.scalars(select(KnownNode).where(KnownNode.name == one.name)).one()


def case_of(platform: TinyPlatform, claim: Claim) -> CaseRun:
    with platform.open() as tx:
        return tx.session.get_one(CaseRun, claim.case_run_id)


def states(platform: TinyPlatform, run_id: UUID) -> Counter[CaseRunState]:
    with platform.open() as tx:
        return Counter(tx.session.scalars(select(CaseRun.state).where(CaseRun.run_id == run_id)))


def mails(platform: TinyPlatform) -> list[str]:
    return [arguments["kind"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL]


def show(platform: TinyPlatform, *nodes: ClaimingNode) -> None:
    """Nodes that live and are well: each has asked once, before there was anything to do."""
    for one in nodes:
        assert platform.claim(node=one) is None
    prove(platform, *nodes)


def harm(platform: TinyPlatform, by: ClaimingNode) -> Claim:
    """A container makes its Node fail, which is well afterwards."""
    claim = take(platform, by)
    fail(platform, claim, ran=True)
    prove(platform, by)
    return claim


def test_a_case_does_not_go_back_to_a_node_that_failed_it_while_another_lives(platform: TinyPlatform) -> None:
    show(platform, A, B)
    platform.submit(platform.join("north"))
    first = take(platform, A)
    fail(platform, first)
    assert take(platform, A).case_run_id != first.case_run_id
    assert take(platform, B).case_run_id == first.case_run_id


def test_a_case_goes_back_where_all_who_live_have_failed_it(platform: TinyPlatform) -> None:
    show(platform, A, B)
    platform.submit(platform.join("north"))
    first = take(platform, A)
    fail(platform, first)
    with platform.open() as tx:
        long_ago = update(KnownNode).where(KnownNode.name == "B")
        tx.session.execute(long_ago.values(seen_at=tx.now - timedelta(hours=1)))
    assert take(platform, A).case_run_id == first.case_run_id


def test_three_nodes_that_failed_a_case_park_it_and_organizers_are_told_once(platform: TinyPlatform) -> None:
    show(platform, A, B, C)
    submission = platform.submit(platform.join("north"))
    for number in range(2):
        tried = {}
        for one in (A, B, C):
            claim = take(platform, one)
            tried[claim.case_run_id] = claim
            fail(platform, claim)
        assert len(tried) == 1, "the same case each time"
        assert [case_of(platform, claim).state for claim in tried.values()] == [CaseRunState.PARKED]
        assert states(platform, platform.run_of(submission).id)[CaseRunState.PARKED] == number + 1
    assert platform.run_of(submission).state is RunState.RUNNING
    assert mails(platform) == ["run_parked"]


def test_a_node_whose_self_test_fails_after_a_fault_gets_nothing_until_it_passes(
    platform: TinyPlatform,
) -> None:
    show(platform, A, B)
    platform.submit(platform.join("north"))
    fail(platform, take(platform, A), GPU)
    prove(platform, A, problem="GPU-1 did not answer.")
    sick = known(platform, A)
    assert (sick.health, sick.test_problem) == (Health.QUARANTINED, "GPU-1 did not answer.")
    assert platform.claim(node=A) is None
    assert mails(platform) == ["node_quarantined"]
    prove(platform, A)
    assert known(platform, A).health is Health.WELL
    assert platform.claim(node=A) is not None


def test_three_faults_in_a_row_quarantine_a_node_if_they_are_of_several_teams(platform: TinyPlatform) -> None:
    show(platform, A, B)
    platform.submit(platform.join("north"))
    for _ in range(4):
        fail(platform, take(platform, A))
        prove(platform, A)
    assert known(platform, A).health is Health.WELL, "all of one team"
    while (claim := platform.claim(node=B)) is not None:
        collect(platform, claim)
    platform.submit(platform.join("south"))
    fail(platform, take(platform, A))
    assert known(platform, A).health is Health.QUARANTINED


def test_after_a_fault_a_node_gets_another_teams_case_which_tells_who_is_sick(platform: TinyPlatform) -> None:
    show(platform, A, B)
    first, second = (platform.run_of(platform.submit(platform.join(name))) for name in ("north", "south"))
    claims = [take(platform, A)]
    for _ in range(2):
        fail(platform, claims[-1])
        prove(platform, A)
        claims.append(take(platform, A))
    assert [claim.run_id for claim in claims[:2]] == [first.id, second.id]
    fail(platform, claims[-1])
    assert known(platform, A).health is Health.QUARANTINED


def test_a_good_case_between_forgives_the_faults_before(platform: TinyPlatform) -> None:
    show(platform, A, B)
    for name in ("north", "south"):
        platform.submit(platform.join(name))
    for _ in range(3):
        for _ in range(2):
            fail(platform, take(platform, A))
            prove(platform, A)
        collect(platform, take(platform, A))
    assert known(platform, A).health is Health.WELL


def test_the_rest_before_the_next_test_grows_with_each_quarantine_in_a_row(platform: TinyPlatform) -> None:
    show(platform, A)
    waits = []
    for _ in range(3):
        prove(platform, A, problem="no GPU")
        assert not _due_after(platform, timedelta(seconds=50))
        waits.append(next(minutes for minutes in (1, 4, 16, 60) if _due_after(platform, _minutes(minutes))))
        prove(platform, A)
    assert waits == [1, 4, 16]
    assert mails(platform) == ["node_quarantined"], "told once until it has run a case"


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number, seconds=1)


def _due_after(platform: TinyPlatform, wait: timedelta) -> bool:
    with platform.open() as tx:
        sick = tx.session.scalars(select(KnownNode)).one()
        tx.now += wait
        return is_test_due(tx, sick)


def test_an_image_that_fails_two_well_nodes_runs_one_case_at_a_time(platform: TinyPlatform) -> None:
    show(platform, A, B, C, D)
    platform.submit(platform.join("bad"))
    harm(platform, A)
    assert take(platform, B)
    fail(platform, take(platform, B), ran=True)
    prove(platform, B)
    with platform.open() as tx:
        assert tx.session.scalars(select(Image.suspect_since)).one() is not None
    assert platform.claim(node=C) is None, "one of its cases still runs on B"


def test_the_third_such_fault_holds_its_run_and_no_node_is_quarantined_for_it(platform: TinyPlatform) -> None:
    show(platform, A, B, C)
    bad, good = (platform.run_of(platform.submit(platform.join(name))) for name in ("bad", "good"))
    for one in (A, B, C):
        claim = take(platform, one)
        assert claim.run_id == bad.id
        fail(platform, claim, ran=True)
        prove(platform, one)
    with platform.open() as tx:
        held = tx.session.get_one(Run, bad.id)
        assert (held.state, held.held_since is None) == (RunState.RUNNING, False)
        assert "A, B, C" in held.held_why
    assert states(platform, bad.id) == {CaseRunState.PARKED: 16}
    assert mails(platform)[-1] == "run_held"
    assert [known(platform, one).health for one in (A, B, C)] == [Health.WELL] * 3
    assert take(platform, A).run_id == good.id


def test_on_a_platform_with_one_node_too(platform: TinyPlatform) -> None:
    show(platform, A)
    bad = platform.run_of(platform.submit(platform.join("bad")))
    for _ in range(3):
        harm(platform, A)
    assert states(platform, bad.id) == {CaseRunState.PARKED: 16}
    assert known(platform, A).health is Health.WELL


def test_a_fault_among_many_good_cases_of_an_image_accuses_nobody(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=10)
    show(platform, A)
    platform.open_hidden_cases(platform.run_of(platform.submit(platform.join("north"))).id)
    for _ in range(20):
        collect(platform, take(platform, A))
    harm(platform, A)
    with platform.open() as tx:
        assert tx.session.scalars(select(Image.suspect_since)).one() is None


def test_slots_of_one_machine_that_fail_together_met_one_incident(platform: TinyPlatform) -> None:
    """The restart of an Engine fails what runs on it, and that may all be of one team."""
    together = [node(name, "one") for name in ("slot1", "slot2", "slot3", "slot4")]
    show(platform, *together)
    platform.submit(platform.join("north"))
    claims = [take(platform, one) for one in together]
    for claim in claims:
        fail(platform, claim, ran=True)
    prove(platform, *together)
    with platform.open() as tx:
        image = tx.session.scalars(select(Image)).one()
    assert (len(image.blamed), image.suspect_since) == (1, None)


def test_a_container_that_never_started_accuses_no_image(platform: TinyPlatform) -> None:
    show(platform, A, B, C)
    platform.submit(platform.join("north"))
    for one in (A, B, C):
        fail(platform, take(platform, one), GPU, ran=False)
        prove(platform, one)
    with platform.open() as tx:
        assert tx.session.scalars(select(Image)).one().blamed == []


def _held(platform: TinyPlatform) -> Run:
    show(platform, A)
    bad = platform.run_of(platform.submit(platform.join("bad")))
    for _ in range(3):
        harm(platform, A)
    return bad


def test_organizers_decide_that_the_image_is_at_fault(platform: TinyPlatform) -> None:
    bad = _held(platform)
    with platform.open() as tx, pytest.raises(Conflict, match="held"):
        resume(tx, run=bad, actor=OLGA)
    with platform.open() as tx, pytest.raises(Invalid, match="reason"):
        decide_team(tx, run=bad, actor=OLGA, reason=" ")
    with platform.open() as tx:
        assert decide_team(tx, run=bad, actor=OLGA, reason="it resets the GPU") == 16
    assert states(platform, bad.id) == {CaseRunState.CRASHED: 16}
    assert platform.queue.sent[-1] == (Job.SCORE_RUN, {"run_id": str(bad.id)})


def test_organizers_decide_that_the_fault_is_ours(platform: TinyPlatform) -> None:
    bad = _held(platform)
    with platform.open() as tx:
        assert decide_ours(tx, run=bad, actor=OLGA, reason="the power failed") == 16
    assert states(platform, bad.id) == {CaseRunState.QUEUED: 16}
    collect(platform, take(platform, A))
    with platform.open() as tx, pytest.raises(Conflict, match="not held"):
        decide_ours(tx, run=bad, actor=OLGA, reason="again")


def test_a_resumed_case_is_tried_as_if_it_had_never_failed(platform: TinyPlatform) -> None:
    show(platform, A)
    run = platform.run_of(platform.submit(platform.join("north")))
    for _ in range(3):
        fail(platform, take(platform, A))
    with platform.open() as tx:
        assert resume(tx, run=run, actor=OLGA, reason="new cable") == 1
        assert tx.session.scalars(select(CaseRun.failed_on)).all() == [[]] * 16
    with platform.open() as tx, pytest.raises(Conflict, match="waits for no decision"):
        resume(tx, run=run, actor=OLGA)


def test_a_parked_case_returns_by_itself_when_its_node_is_well_again_but_only_once(
    platform: TinyPlatform,
) -> None:
    show(platform, A)
    run = platform.run_of(platform.submit(platform.join("north")))

    def park_one() -> None:
        for _ in range(3):
            fail(platform, take(platform, A))
        prove(platform, A, problem="no GPU")
        assert states(platform, run.id)[CaseRunState.PARKED] == 1
        sweep(platform.sessions, platform.queue, max_attempts=3)
        assert states(platform, run.id)[CaseRunState.PARKED] == 1, "the node is sick still"
        prove(platform, A)
        sweep(platform.sessions, platform.queue, max_attempts=3)

    park_one()
    assert states(platform, run.id)[CaseRunState.PARKED] == 0
    park_one()
    assert states(platform, run.id)[CaseRunState.PARKED] == 1, "after that an organizer resumes it"


def test_limits_that_an_engine_refuses_park_their_run_at_once_and_no_node_is_suspected(
    platform: TinyPlatform,
) -> None:
    show(platform, A, B)
    first, second = (platform.submit(platform.join(name)) for name in ("north", "south"))
    for _ in range(2):
        fail(platform, take(platform, A), FailureReason.LIMITS_REFUSED)
    for submission in (first, second):
        run = platform.run_of(submission)
        assert set(states(platform, run.id)) == {CaseRunState.PARKED}, "what waits would be refused too"
        assert (run.state.live, run.held_since) == (True, None)
    assert platform.claim(node=B) is None
    node = known(platform, A)
    assert (node.health, node.fault_teams, node.unproven) == (Health.WELL, [], None)
    assert mails(platform) == ["run_parked", "run_parked"]


def test_a_run_whose_limits_were_refused_is_tried_again_when_organizers_resume_it(
    platform: TinyPlatform,
) -> None:
    show(platform, A)
    submission = platform.submit(platform.join("north"))
    fail(platform, take(platform, A), FailureReason.LIMITS_REFUSED)
    with platform.open() as tx:
        assert resume(tx, run=platform.run_of(submission), actor="olga@example.org") > 1
    collect(platform, take(platform, A))
