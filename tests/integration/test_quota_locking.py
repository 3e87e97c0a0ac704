"""The quota under concurrency: the Team row is locked, so the last slot is given once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import QuotaExceeded
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Challenge, Stage, Submission
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.quota import Quota, quota
from mood_platform.submissions.service import cancel, submit
from mood_support.edition import make_edition, make_image, make_participant

pytestmark = pytest.mark.integration


class World:
    """One team with an accepted image, in a challenge with quota 10 and 30 attempts."""

    def __init__(self, sessions: Sessions, store: LocalStore, folder: Path) -> None:
        self.sessions = sessions
        with transaction(sessions, FakeQueue()) as tx:
            self.challenge: Challenge = make_edition(tx, store=store, folder=folder, cases=2)
            self.team: Principal = make_participant(tx, "north")
            self.image_id: UUID = make_image(tx, principal=self.team).id

    def submit(
        self, *, task: Task = Task.PIXEL, stage: Stage = Stage.CHALLENGE, key: str | None = None
    ) -> UUID:
        with transaction(self.sessions, FakeQueue()) as tx:
            made = submit(
                tx, principal=self.team, image_id=self.image_id, task=task, stage=stage, idempotency_key=key
            )
            return made.id

    def cancel(self, submission_id: UUID) -> None:
        with transaction(self.sessions, FakeQueue()) as tx:
            cancel(tx, principal=self.team, submission_id=submission_id)

    def quota(self) -> Quota:
        with transaction(self.sessions, FakeQueue()) as tx:
            return quota(tx, team=self.team.require_team(), challenge=self.challenge)

    def race(self, *keys: str | None) -> list[UUID | None]:
        """Submit once for each key at the same moment; None where the quota refused."""
        start = Barrier(len(keys))

        def attempt(key: str | None) -> UUID | None:
            start.wait()
            try:
                return self.submit(key=key)
            except QuotaExceeded:
                return None

        with ThreadPoolExecutor(len(keys)) as pool:
            return list(pool.map(attempt, keys))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path) -> World:
    return World(sessions, store, tmp_path)


def test_toy_submissions_are_not_counted(world: World) -> None:
    for _ in range(12):
        world.submit(stage=Stage.TOY)
    assert (world.quota().used, world.quota().attempts, world.quota().left) == (0, 0, 10)


def test_twenty_attempts_at_the_tenth_slot_let_exactly_one_in(world: World) -> None:
    for _ in range(9):
        world.submit()
    entered = [made for made in world.race(*[None] * 20) if made]
    assert len(entered) == 1
    with world.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 10
        assert sorted(session.scalars(select(Submission.number))) == list(range(1, 11))


def test_twenty_repeats_of_one_request_make_one_submission(world: World) -> None:
    made = world.race(*["same key"] * 20)
    assert len(set(made)) == 1
    assert made[0] is not None
    assert world.quota().used == 1


def test_a_refund_frees_the_slot(world: World) -> None:
    last = [world.submit() for _ in range(10)][-1]
    world.cancel(last)
    assert (world.quota().used, world.quota().attempts) == (9, 10)
    world.submit()
    with pytest.raises(QuotaExceeded):
        world.submit()


def test_attempts_are_limited_even_when_all_are_refunded(world: World) -> None:
    for _ in range(30):
        world.cancel(world.submit())
    with pytest.raises(QuotaExceeded, match="30 of 30 attempts"):
        world.submit()
    assert (world.quota().used, world.quota().left) == (0, 0)
    world.submit(stage=Stage.TOY)
