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
from mood_platform.failures import FailureReason
from mood_platform.models import CaseTurn, Stage, Team, TeamShare
from mood_platform.runs.claims import Claim, ClaimingNode
from mood_platform.runs.service import cancel_run, start_analysis
from mood_platform.storage.local import LocalStore
from mood_platform.testing.factories import TinyPlatform
from mood_platform.testing.hand_clock import HandClock
from mood_platform.testing.night import Ending, Night, night_platform, slots

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
    assert [begun[run] for run in runs[:2]] == [0, 0]
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
    order = [runs[one.run_id].require_team().slug for one in night.served[8:]]
    assert sorted(order[:6]) in (["north"] * 3 + ["south"] * 3, ["north"] * 2 + ["south"] * 4)
