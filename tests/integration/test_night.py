"""The simulator of nights: real claims, records and sweeps in virtual hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, RunState, Stage
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform
from mood_support.hand_clock import HandClock
from mood_support.night import Ending, Night, night_platform, slots

pytestmark = pytest.mark.integration
HOUR = 3600.0


@pytest.fixture
def world(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str
) -> Iterator[tuple[TinyPlatform, HandClock]]:
    with night_platform(database_url, store=store, folder=tmp_path / "sets", hidden_cases=4) as made:
        yield made


def test_a_night_runs_toy_cases_then_the_report_then_the_hidden_cases_to_the_end(
    world: tuple[TinyPlatform, HandClock],
) -> None:
    night = Night(*world, nodes=slots(2))
    submission = night.submit(night.platform.join("north"))
    night.run(until=HOUR)
    toy, hidden = ([one for one in night.served if one.toy is kind] for kind in (True, False))
    assert (len(toy), len(hidden)) == (8, 8)
    assert max(one.ended for one in toy) == 4 * 30.0
    assert night.opened == {night.platform.run_of(submission).id: 4 * 30.0 + 5.0}
    assert [one.begun for one in hidden[:2]] == [125.0, 125.0]
    assert night.platform.run_of(submission).state is RunState.SCORED
    assert night.loads == 2, "each slot loads the image once"


def test_a_night_passes_without_the_time_of_its_containers(world: tuple[TinyPlatform, HandClock]) -> None:
    night = Night(*world, nodes=slots(1), behaviour=lambda _node, _claim: Ending(seconds=590))
    submission = night.submit(night.platform.join("north"), toy=False)
    night.run(until=HOUR)
    run = night.platform.run_of(submission)
    with night.platform.open() as tx:
        begun = tx.session.scalars(select(CaseRun.started_at).where(CaseRun.run_id == run.id, ~CaseRun.toy))
        assert sum(moment is not None for moment in begun) == 7
    assert [one.begun for one in night.served] == [590.0 * index for index in range(6)]


def test_a_slot_that_fails_gives_its_case_back_and_the_sweeper_brings_it_again(
    world: tuple[TinyPlatform, HandClock],
) -> None:
    attempts = count()

    def fail_once(_node: ClaimingNode, _claim: Claim) -> Ending:
        return Ending(seconds=1, fault=FailureReason.ENGINE_ERROR) if next(attempts) == 7 else Ending()

    night = Night(*world, nodes=slots(1), behaviour=fail_once)
    submission = night.submit(night.platform.join("north"), stage=Stage.TOY)
    night.run(until=HOUR)
    assert [one.fault for one in night.served] == [None] * 7 + [FailureReason.ENGINE_ERROR, None]
    run = night.platform.run_of(submission)
    with night.platform.open() as tx:
        states = Counter(tx.session.scalars(select(CaseRun.state).where(CaseRun.run_id == run.id)))
    assert (states, run.state) == ({CaseRunState.SUCCEEDED: 8}, RunState.SCORED)


def test_what_people_do_happens_at_its_hour(world: tuple[TinyPlatform, HandClock]) -> None:
    night = Night(*world, nodes=slots(2))
    north, south = (night.platform.join(name) for name in ("north", "south"))
    night.submit(north)
    night.at(2 * HOUR, lambda: night.submit(south, stage=Stage.TOY))
    night.run(until=3 * HOUR)
    late = [one for one in night.served if one.begun >= HOUR]
    assert [one.begun for one in late] == [2 * HOUR + 30 * index for index in (0, 0, 1, 1, 2, 2, 3, 3)]


def test_a_toy_slot_hears_bells_of_toy_cases_alone(world: tuple[TinyPlatform, HandClock]) -> None:
    night = Night(*world, nodes=slots(1), stages=lambda _node: {Stage.TOY})
    night.submit(night.platform.join("north"))
    night.run(until=HOUR)
    assert Counter(one.toy for one in night.served) == {True: 8}
