"""What a Team is charged for, on real claims in virtual time: its own turns, and none that we lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.execution.starvation import Lack
from mood_platform.failures import FailureReason
from mood_platform.models import CaseTurn, Stage, Submission, Team, TeamShare
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.runs.queries import newest_attempts
from mood_platform.runs.schedule import waiting_cases
from mood_platform.runs.service import cancel_run, start_analysis
from mood_platform.runs.waits import Wait, read_waits
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.priority import let_go_first, let_take_turns
from mood_support.factories import TinyPlatform
from mood_support.hand_clock import HandClock
from mood_support.night import Ending, Night, night_platform, slots

pytestmark = pytest.mark.integration
HOUR = 3600.0
World = tuple[TinyPlatform, HandClock]


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    with night_platform(database_url, store=store, folder=tmp_path / "sets", hidden_cases=4) as made:
        yield made


def spent(night: Night, team: Principal) -> float:
    """Once the next claim has looked: what has ended by then is on the account."""
    night.platform.claim(Stage.TOY)
    with night.platform.open() as tx:
        share = tx.session.get(TeamShare, team.require_team().id)
        return 0.0 if share is None else share.spent


def test_a_team_is_charged_the_slot_seconds_of_its_cases(world: World) -> None:
    night = Night(*world, nodes=slots(3))
    north = night.platform.join("north")
    night.submit(north, toy=False)
    night.run(until=HOUR)
    assert spent(night, north) == 8 * 30


def test_nominal_seconds_of_a_fast_node_are_more(world: World) -> None:
    night = Night(*world, nodes=[ClaimingNode(name="fast", facts={}, speed=2.5)])
    north = night.platform.join("north")
    night.submit(north, toy=False)
    night.run(until=HOUR)
    assert spent(night, north) == 8 * 30 * 2.5


def test_attempts_lost_by_our_fault_are_not_charged(world: World) -> None:
    ended: Counter[UUID] = Counter()

    def fail_first(_: ClaimingNode, claim: Claim) -> Ending:
        ended[claim.case_run_id] += 1
        lost = ended[claim.case_run_id] == 1
        return Ending(seconds=200, fault=FailureReason.ENGINE_ERROR) if lost else Ending()

    night = Night(*world, nodes=slots(2), behaviour=fail_first)
    north = night.platform.join("north")
    night.submit(north, toy=False)
    night.run(until=HOUR)
    assert Counter(one.fault is None for one in night.served) == {False: 8, True: 8}
    assert spent(night, north) == 8 * 30


def test_a_starved_case_is_charged_once_as_its_first_attempt_and_keeps_its_teams_pace(world: World) -> None:
    ended: Counter[UUID] = Counter()

    def starve_first(_: ClaimingNode, claim: Claim) -> Ending:
        ended[claim.case_run_id] += 1
        starved = len(ended) == 1 and ended[claim.case_run_id] == 1
        return Ending(seconds=200, lack=Lack.CPU) if starved else Ending(seconds=60)

    night = Night(*world, nodes=slots(1), behaviour=starve_first)
    north = night.platform.join("north")
    night.submit(north, toy=False)
    night.run(until=HOUR)
    assert spent(night, north) == 200 + 7 * 60
    with night.platform.open() as tx:
        share = tx.session.get_one(TeamShare, north.require_team().id)
        assert share.pace == pytest.approx((200 + 7 * 60) / 8)


def test_what_a_cancelled_run_has_used_is_charged(world: World) -> None:
    night = Night(*world, nodes=slots(2), behaviour=lambda _node, _claim: Ending(seconds=500))
    north = night.platform.join("north")
    submission = night.submit(north, toy=False)
    run = night.platform.run_of(submission)

    def stop() -> None:
        with night.platform.open() as tx:
            cancel_run(tx, run=tx.session.merge(run), actor="north@example.org")

    night.at(120, stop)
    night.run(until=HOUR)
    assert spent(night, north) == 2 * 120


def test_organizers_runs_are_on_nobodys_account_and_come_last(world: World) -> None:
    night = Night(*world, nodes=slots(1))
    north = night.platform.join("north")
    submission = night.submit(north, toy=False)
    with night.platform.open() as tx:
        run = start_analysis(
            tx, submission=submission, test_set_names=["test-brain"], actor="organizer@example.org"
        )
    night.watch(run)
    night.run(until=HOUR)
    assert [one.run_id == run.id for one in night.served] == [False] * 8 + [True] * 4
    assert spent(night, north) == 8 * 30


def test_a_third_toy_run_waits_until_one_of_the_first_two_is_over(world: World) -> None:
    night = Night(*world, nodes=slots(20))
    north = night.platform.join("north")
    runs = [night.platform.run_of(night.submit(north, stage=Stage.TOY)).id for _ in range(3)]
    night.run(until=HOUR)
    begun = {run: min(one.begun for one in night.served if one.run_id == run) for run in runs}
    ended = {run: max(one.ended for one in night.served if one.run_id == run) for run in runs}
    assert max(begun[run] for run in runs[:2]) < 1
    assert begun[runs[2]] >= min(ended[run] for run in runs[:2])


def test_no_turn_is_left_open_once_all_has_ended(world: World) -> None:
    night = Night(*world, nodes=slots(4))
    for name in ("north", "south", "east"):
        night.submit(night.platform.join(name))
    night.run(until=HOUR)
    assert night.platform.claim() is None
    with night.platform.open() as tx:
        assert tx.session.scalar(select(func.count()).select_from(CaseTurn)) == 0


def test_a_claim_does_not_wait_for_whoever_holds_the_row_of_a_team(world: World) -> None:
    night = Night(*world, nodes=slots(1))
    north = night.platform.join("north")
    night.submit(north, toy=False)
    with night.platform.sessions() as other:
        other.scalars(select(Team).with_for_update(key_share=True)).all()
        assert night.platform.claim() is not None
        other.rollback()


def test_a_team_of_yesterday_and_a_new_one_begin_at_the_same_place(world: World) -> None:
    night = Night(*world, nodes=slots(1))
    north, south = (night.platform.join(name) for name in ("north", "south"))
    night.submit(north, toy=False)
    night.run(until=HOUR)
    runs = {night.platform.run_of(night.submit(team, toy=False)).id: team for team in (north, south)}
    night.run(until=2 * HOUR)
    order = [runs[one.run_id].require_team().handle for one in night.served[8:]]
    assert sorted(order[:6]) in (["north"] * 3 + ["south"] * 3, ["north"] * 2 + ["south"] * 4)


def waits_of(night: Night, *submissions: Submission) -> list[Wait | None]:
    with night.platform.open() as tx:
        attempts = newest_attempts(tx, submission_ids=[one.id for one in submissions])
        known = [tx.session.get_one(Submission, one.id) for one in submissions]
        waits = read_waits(tx, runs={key: attempt.run for key, attempt in attempts.items()}, of=known)
        return [waits.get(one.id) for one in submissions]


def test_a_submission_with_priority_gets_the_next_slots_until_that_is_taken_back(world: World) -> None:
    night = Night(*world, nodes=slots(1))
    for name in ("north", "south"):
        night.submit(night.platform.join(name), toy=False)
    late = night.submit(night.platform.join("late"), stage=Stage.TOY)
    act = {"reason": "a demonstration", "actor": "olga@example.org"}
    with night.platform.open() as tx:
        let_go_first(tx, submission=tx.session.get_one(Submission, late.id), **act)
    assert waits_of(night, late) == [Wait.PRIOR]
    night.run(until=4 * 30 - 1)
    run = night.platform.run_of(late).id
    assert [one.run_id == run for one in night.served] == [True] * 3
    with night.platform.open() as tx:
        let_take_turns(tx, submission=tx.session.get_one(Submission, late.id), **act)
    assert waits_of(night, late) == [None]
    with night.platform.open() as tx:
        assert not any(one.prior for one in waiting_cases(tx))


def test_a_run_that_waits_for_other_toy_runs_of_its_team_says_so(world: World) -> None:
    night = Night(*world, nodes=slots(1))
    north, south = (night.platform.join(name) for name in ("north", "south"))
    mine = [night.submit(north, stage=Stage.TOY) for _ in range(3)]
    other = night.submit(south, stage=Stage.TOY)
    assert waits_of(night, *mine, other) == [Wait.TURN, Wait.TURN, Wait.TOY_RUNS, Wait.TURN]
    night.run(until=10)
    assert waits_of(night, mine[0], mine[2]) == [None, Wait.TOY_RUNS]
