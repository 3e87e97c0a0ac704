"""Random walks over a real database: claims, deaths, late records, double bells, changes of mind.

Three processes walk at once, and die in the middle of much of what they do. At rest, every promise holds.
"""

from __future__ import annotations

import json
import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import joinedload

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Run, RunState
from mood_platform.storage.local import LocalStore
from mood_support.edition import make_image
from mood_support.explorer import Explorer
from mood_support.factories import TinyPlatform, make_platform
from mood_support.invariants import breaches
from mood_support.live import what_counts

pytestmark = pytest.mark.integration

WALKERS, STEPS = 3, 40


@dataclass(frozen=True)
class World:
    platform: TinyPlatform
    teams: list[Principal]
    database_url: str

    def explorer(self, seed: int) -> Explorer:
        return Explorer(self.platform, self.teams, random.Random(seed))

    def walk(self, seed: int) -> None:
        """In a process of its own, whose connections and messages are its own too, and are lost with it."""
        sessions = make_sessions(make_engine(self.database_url))
        lonely = replace(self, platform=replace(self.platform, sessions=sessions, queue=FakeQueue()))
        lonely.explorer(seed).walk(STEPS)


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> World:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    teams = [platform.join(name) for name in ("north", "south", "east")]
    with platform.open() as tx:
        for team in teams:
            make_image(tx, principal=team)
    return World(platform, teams, database_url)


@pytest.fixture
def deadlocks(database_engine: Engine) -> Iterator[None]:
    """The database counts them; a retry would hide them."""
    query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with database_engine.connect() as connection:
        before = connection.scalar(query)
    yield
    with database_engine.connect() as connection:
        assert connection.scalar(query) == before


def assert_all_promises_hold(world: World, seed: int) -> None:
    explorer = world.explorer(seed)
    explorer.come_to_rest()
    with world.platform.open() as tx:
        assert breaches(tx.session, world.platform.store) == [], f"seed {seed}"
        scored = tx.session.scalars(
            select(Run).where(Run.state == RunState.SCORED).options(joinedload(Run.submission))
        ).all()
    assert scored, "nothing was scored at all"
    seen: dict[tuple[object, ...], object] = {}
    for run in scored:
        results = what_counts(json.loads(world.platform.store.read(run.results_key or "", limit=2**24)))
        equal = (run.submission.image_id, run.submission.task, run.stage)
        assert seen.setdefault(equal, results) == results, f"seed {seed}: equal runs differ"


def test_one_walker_whose_steps_are_interrupted_by_others_breaks_no_promise(world: World) -> None:
    seed = 1
    explorer = world.explorer(seed)
    explorer.walk(2 * STEPS)
    assert_all_promises_hold(world, seed)


@pytest.mark.usefixtures("deadlocks")
def test_three_processes_that_walk_and_die_at_once_break_no_promise(world: World) -> None:
    seed = 3
    fork = multiprocessing.get_context("fork")
    walkers = [fork.Process(target=world.walk, args=(seed + number,)) for number in range(WALKERS)]
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    assert [walker.exitcode for walker in walkers] == [0] * WALKERS
    assert_all_promises_hold(world, seed)
