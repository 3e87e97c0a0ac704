"""Decisions that meet at one moment: one waits for the other, and the board agrees with their times."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select, text

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.leaderboards.selection import select_contenders
from mood_platform.leaderboards.service import publish
from mood_platform.models import AuditEvent, Challenge, Leaderboard, RunState, Submission
from mood_platform.runs.queries import counting_run, newest_run
from mood_platform.runs.service import rerun, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.service import exclude, submit, withdraw
from mood_support.contest import Contest
from mood_support.edition import DOCUMENT, make_image
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration
ORGANIZER = "organizer@example.org"
Act = Callable[[Transaction], object]


class World:
    """A platform, and transactions that are held open until a test lets them commit."""

    def __init__(self, platform: TinyPlatform, contest: Contest) -> None:
        self.platform, self.contest = platform, contest
        self.teams: dict[str, tuple[Principal, Submission]] = {}

    def enter(self, *names: str) -> None:
        for place, name in enumerate(names):
            team = self.contest.join(name)
            quality = 0.9 - place / 10
            self.teams[name] = (team, self.contest.enter(team, quality=quality, task=Task.SAMPLE))
        self.contest.run()

    def publish(self, tx: Transaction) -> Leaderboard:
        challenge = tx.session.get_one(Challenge, self.platform.challenge.id)
        return publish(
            tx,
            challenge=challenge,
            task=Task.SAMPLE,
            actor=ORGANIZER,
            store=self.platform.store,
            before_close=True,
        )

    def withdraw(self, name: str) -> Act:
        team, submission = self.teams[name]
        return lambda tx: withdraw(tx, principal=team, submission_id=submission.id)

    def exclude(self, name: str) -> Act:
        return lambda tx: exclude(tx, submission=self.row(tx, name), reason="Rules.", actor=ORGANIZER)

    def rerun(self, name: str) -> Act:
        return lambda tx: rerun(tx, submission=self.row(tx, name), reason="Node.", actor=ORGANIZER)

    def void(self, name: str) -> Act:
        def act(tx: Transaction) -> None:
            run = counting_run(tx, submission=self.row(tx, name))
            assert run is not None
            void_run(tx, run=run, reason="Node.", actor=ORGANIZER)

        return act

    def row(self, tx: Transaction, name: str) -> Submission:
        return find_any_submission(tx, submission_id=self.teams[name][1].id)

    def do(self, act: Act) -> Any:
        with self.platform.open() as tx:
            return act(tx)

    def wait_for_locks(self, count: int) -> None:
        """Until so many transactions wait for a lock."""
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        deadline = monotonic() + 15
        with self.platform.sessions() as session:
            while (session.scalar(waiting) or 0) < count:
                assert monotonic() < deadline, "nobody waits for the other"
                session.rollback()
                sleep(0.02)

    def while_held(self, held: list[Act], later: list[Act]) -> list[Future[Any]]:
        """`later` begins, each in its own transaction, while all of `held` are done and not committed."""
        with ThreadPoolExecutor(len(later)) as pool:
            with ExitStack() as open_ones:
                for act in held:
                    act(open_ones.enter_context(self.platform.open()))
                futures = [pool.submit(self.do, act) for act in later]
                self.wait_for_locks(len(later))
            return futures

    def times(self, action: str) -> list[Any]:
        with self.platform.open() as tx:
            query = select(AuditEvent.at).where(AuditEvent.action == action).order_by(AuditEvent.at)
            return list(tx.session.scalars(query))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path) -> World:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    return World(platform, Contest(platform, tmp_path / "sets"))


def test_what_is_decided_before_a_publication_is_in_it(world: World) -> None:
    world.enter("east", "north", "south", "west")
    held = [world.withdraw("north"), world.exclude("south"), world.void("west")]
    (published,) = world.while_held(held, [world.publish])
    rows = {row["team"]: (row["standing"], row["rank"]) for row in published.result().document["rows"]}
    assert rows == {"east": ("ranked", 1), "south": ("excluded", None)}
    decided = [world.times(f"{one}")[0] for one in ("submission.withdraw", "submission.exclude", "run.void")]
    assert max(decided) < published.result().published_at


def test_what_comes_during_a_publication_waits_for_it_and_a_team_is_refused(world: World) -> None:
    world.enter("east", "north", "south", "west")
    later = [world.withdraw("north"), world.exclude("south"), world.void("west")]
    withdrawn, excluded, voided = world.while_held([world.publish], later)
    with pytest.raises(Conflict, match="is published"):
        withdrawn.result()
    excluded.result()
    voided.result()
    with world.platform.open() as tx:
        board = tx.session.scalars(select(Leaderboard)).one()
    assert {row["team"]: row["standing"] for row in board.document["rows"]} == dict.fromkeys(
        ("east", "north", "south", "west"), "ranked"
    )
    assert board.published_at < min(world.times("submission.exclude") + world.times("run.void"))
    assert {row["team"] for row in world.do(world.publish).document["rows"]} == {"east", "north", "south"}


def test_publications_at_the_same_moment_are_a_chain(world: World) -> None:
    world.enter("east", "north")
    with ThreadPoolExecutor(4) as pool:
        boards = sorted(pool.map(lambda _: world.do(world.publish), range(4)), key=lambda row: row.version)
    assert [row.version for row in boards] == [1, 2, 3, 4]
    assert [row.previous_digest for row in boards] == [None, *(row.digest for row in boards[:-1])]
    moments = [row.published_at for row in boards]
    assert moments == sorted(set(moments))


def test_a_run_again_that_would_count_is_waited_for_or_comes_after(world: World) -> None:
    world.enter("east", "north")
    world.do(world.void("north"))
    (refused,) = world.while_held([world.rerun("north")], [world.publish])
    with pytest.raises(Conflict, match="north #1"):
        refused.result()
    world.contest.run()
    (after,) = world.while_held([world.publish], [world.rerun("east")])
    with world.platform.open() as tx:
        assert after.result().created_at > tx.session.scalars(select(Leaderboard.published_at)).one()


def test_a_submission_that_is_just_run_again_is_not_withdrawn_over_its_head(world: World) -> None:
    team = world.platform.join("north")
    world.teams["north"] = (team, world.platform.submit(team))
    with world.platform.open() as tx:
        run = newest_run(tx, submission=world.row(tx, "north"))
        assert run is not None
        run.advance(RunState.FAILED, now=tx.now)
    (refused,) = world.while_held([world.rerun("north")], [world.withdraw("north")])
    with pytest.raises(Conflict, match="just run it again"):
        refused.result()
    world.do(world.withdraw("north"))
    with world.platform.open() as tx:
        run = newest_run(tx, submission=world.row(tx, "north"))
        assert run is not None
        assert (run.number, run.state) == (2, RunState.CANCELLED)


def test_of_two_submissions_the_later_number_counts_whichever_request_came_first(world: World) -> None:
    team = world.platform.join("north")
    with world.platform.open() as slow:
        image = make_image(slow, principal=team)
        first = world.platform.submit(team)
        second = submit(
            slow, principal=team, image_id=image.id, task=Task.PIXEL, stage=first.stage, idempotency_key=None
        )
        assert slow.now < first.submitted_at
    assert (first.number, second.number) == (1, 2)
    assert second.submitted_at >= first.submitted_at


def test_a_submission_beside_a_change_of_the_deadline_stands_as_the_new_rules_say(world: World) -> None:
    team = world.platform.join("north")
    with world.platform.open() as tx:
        moved = tx.now - timedelta(hours=1)
        timeline = DOCUMENT["timeline"] | {"closes": f"{moved:%Y-%m-%dT%H:%M:%SZ}", "upload_grace": "0s"}
        config = ChallengeConfig.parse({**DOCUMENT, "timeline": timeline})
        apply_challenge(tx, config=config, reason="A test.")
        submission = world.platform.submit(team)
    with world.platform.open() as tx:
        run = newest_run(tx, submission=submission)
        assert run is not None
        for state in (RunState.RUNNING, RunState.SCORING, RunState.SCORED):
            run.advance(state, now=tx.now)
    with world.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, world.platform.challenge.id)
        (entry,) = select_contenders(tx, challenge=challenge, task=Task.PIXEL)
        assert str(entry.standing) == "late"
    with pytest.raises(Conflict, match="closed at"):
        world.platform.submit(team)
