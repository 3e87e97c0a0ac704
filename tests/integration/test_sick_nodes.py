"""Whole nights on the real claims with a sick Node, or an Image that harms every Node: no Run is lost.

Small here; `make -C studies trial-nodes` runs them with 200 Runs on 20 slots for ten virtual hours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import func, select

from mood_platform.db.engine import Sessions
from mood_platform.failures import FailureReason
from mood_platform.models import Image, KnownNode, Run, RunState, Submission
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform
from mood_support.night import Ending, Night, night_platform, slots

pytestmark = pytest.mark.integration
FULL = "MOOD_TRIAL" in os.environ
TEAMS, RUNS, SLOTS, HIDDEN = (50, 200, 20, 10) if FULL else (4, 4, 4, 6)
SECONDS = 180.0
"""Of a case: 200 Runs of 20 cases are ten hours of 20 slots."""
ALONE = (10, 20) if FULL else (1, 1)
"""Teams and Runs on a platform with one Node."""
LONGER = 1.05 if FULL else 1.5
"""In a small night a single case is more than a twentieth."""
MINUTE, HOUR = 60.0, 3600.0
SICK = "slot3"
FAILS_AT_ONCE = Ending(seconds=1, fault=FailureReason.GPU_UNAVAILABLE)
HARMS = Ending(seconds=5, fault=FailureReason.ENGINE_ERROR, ran=True)
"""The container takes the GPU or the Engine's shim down with it; the Node is well again afterwards."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Who spends the night."""

    nodes: Sequence[ClaimingNode]
    teams: int = TEAMS
    runs: int = RUNS
    sick: str = ""
    problem: str | None = None
    """What the self-test of the sick Node finds; None: nothing, the worst case."""
    harmful: bool = False
    """One more Team, whose Image harms every Node."""


@dataclass(frozen=True, kw_only=True)
class Dawn:
    """How the night went."""

    hours: float
    """Until the last good Run was scored."""
    lost: int
    """Good Runs that were not."""
    faults: int
    quarantined: set[str]
    """Nodes that ever were."""
    held: bool

    def tell(self, what: str) -> None:
        words = f"{what}: {self.hours:.2f} h, {self.lost} lost, {self.faults} faults"
        Console(file=sys.stderr).print(f"{words}, quarantined {sorted(self.quarantined) or 'none'}")


Pass = Callable[[Plan], Dawn]


@pytest.fixture
def spend(start_afresh: Callable[[], Sessions], store: LocalStore, tmp_path: Path, database_url: str) -> Pass:
    """A night, each on an empty platform of its own."""

    def spend_one(plan: Plan) -> Dawn:
        start_afresh()
        folder = tmp_path / f"night-{len(list(tmp_path.iterdir()))}"
        with night_platform(database_url, store=store, folder=folder, hidden_cases=HIDDEN) as (
            platform,
            clock,
        ):
            harmful: set[str] = set()
            night = Night(
                platform,
                clock,
                plan.nodes,
                behaviour=lambda node, claim: _behave(plan, node, claim, harmful),
                self_test=lambda node: plan.problem if node.name == plan.sick else None,
            )
            return _pass(night, plan, harmful)

    return spend_one


def _behave(plan: Plan, node: ClaimingNode, claim: Claim, harmful: set[str]) -> Ending:
    if claim.image in harmful:
        return HARMS
    return FAILS_AT_ONCE if node.name == plan.sick else Ending(seconds=SECONDS)


def _pass(night: Night, plan: Plan, harmful: set[str]) -> Dawn:
    teams = [night.platform.join(f"team{index:02}") for index in range(plan.teams)]
    good = [night.submit(teams[index % plan.teams], toy=False) for index in range(plan.runs)]
    bad = night.submit(night.platform.join("harmful"), toy=False) if plan.harmful else None
    with night.platform.open() as tx:
        if bad is not None:
            harmful.add(str(tx.session.scalar(select(Image.digest).where(Image.id == bad.image_id))))
    while night.now < 100 * HOUR and not _all_scored(night.platform, good):
        night.run(until=night.now + 5 * MINUTE)
    return _sum_up(night, good, bad)


def _all_scored(platform: TinyPlatform, good: Sequence[Submission]) -> bool:
    with platform.open() as tx:
        mine = Run.submission_id.in_([one.id for one in good])
        scored = select(func.count()).select_from(Run).where(mine, Run.state == RunState.SCORED)
        return tx.session.scalar(scored) == len(good)


def _sum_up(night: Night, good: Sequence[Submission], bad: Submission | None) -> Dawn:
    with night.platform.open() as tx:
        runs = tx.session.scalars(select(Run).where(Run.submission_id.in_([one.id for one in good]))).all()
        held = select(Run.held_since).where(Run.submission_id == (bad.id if bad else None))
        ids = {run.id for run in runs}
        nodes = tx.session.scalars(select(KnownNode)).all()
        is_held = tx.session.scalar(held) is not None
    return Dawn(
        hours=max(one.ended for one in night.served if one.run_id in ids) / HOUR,
        lost=sum(run.state is not RunState.SCORED for run in runs),
        faults=sum(one.fault is not None for one in night.served),
        quarantined={node.name for node in nodes if node.quarantines or node.released_at},
        held=is_held,
    )


def test_a_sick_node_costs_no_run_and_is_quarantined(spend: Pass) -> None:
    nodes = slots(SLOTS)
    without = spend(Plan(nodes=[node for node in nodes if node.name != SICK]))
    without.tell(f"{SLOTS - 1} good slots")
    for problem in ("its GPU is gone", None):
        dawn = spend(Plan(nodes=nodes, sick=SICK, problem=problem))
        dawn.tell(f"and a sick one, whose self-test finds: {problem or 'nothing'}")
        assert dawn.lost == 0
        assert dawn.quarantined == {SICK}
        assert dawn.hours <= LONGER * without.hours


def test_an_image_that_harms_every_node_is_held_and_no_node_is_quarantined_for_it(spend: Pass) -> None:
    without = spend(Plan(nodes=slots(SLOTS)))
    without.tell(f"{SLOTS} slots")
    dawn = spend(Plan(nodes=slots(SLOTS), harmful=True))
    dawn.tell("and an image that harms every node")
    assert (dawn.lost, dawn.held, dawn.quarantined) == (0, True, set())
    assert dawn.hours <= LONGER * without.hours


def test_on_a_platform_with_one_node_too(spend: Pass) -> None:
    teams, runs = ALONE
    alone = slots(1)
    without = spend(Plan(nodes=alone, teams=teams, runs=runs))
    without.tell("one slot")
    dawn = spend(Plan(nodes=alone, teams=teams, runs=runs, harmful=True))
    dawn.tell("and an image that harms it")
    assert (dawn.lost, dawn.held, dawn.quarantined) == (0, True, set())
    assert dawn.hours <= LONGER * without.hours
