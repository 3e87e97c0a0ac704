"""What organizers decide they can take back, with a reason; and who reads which reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.accounts import service as accounts
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.reasons import READER_OF, Reader
from mood_platform.db.engine import Sessions
from mood_platform.errors import Invalid, NotFound
from mood_platform.leaderboards.service import draft
from mood_platform.models import AuditEvent, CaseRun, CaseRunState, Challenge, RunState, Team, User
from mood_platform.runs.queries import newest_run
from mood_platform.runs.service import unvoid_run, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.service import exclude, include
from mood_support.contest import Contest
from mood_support.edition import make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
SECRET = "node-7 choked on case 0f8b"
REASON = {"reason": SECRET}


class World:
    """A team and an organizer at the server's door."""

    def __init__(self, site: Site) -> None:
        self.site, self.platform = site, site.platform
        self.north = site.platform.join("north")
        with self.platform.open() as tx:
            self.olga = make_participant(tx, "olga", organizer=True)

    def decide(self, path: str, reason: str = SECRET) -> int:
        with self.site.visit(self.olga) as client:
            return client.post(f"/api/v1/admin{path}", json={"reason": reason}).status_code

    def read(self, who: Principal, submission: UUID) -> dict[str, object]:
        with self.site.visit(who) as client:
            return dict(client.get(f"/api/v1/submissions/{submission}").json())

    def all_that_the_team_reads(self, submission: UUID) -> str:
        with self.site.visit(self.north) as client:
            paths = (
                "/api/v1/submissions",
                f"/api/v1/submissions/{submission}",
                f"/submissions/{submission}",
                "/",
            )
            return "\n".join(client.get(path).text for path in paths)

    def run(self, submission: UUID) -> tuple[UUID, RunState, int]:
        with self.platform.open() as tx:
            run = newest_run(tx, submission=find_any_submission(tx, submission_id=submission))
            assert run is not None
            return run.id, run.state, run.number

    def score(self, submission: UUID) -> UUID:
        with self.platform.open() as tx:
            run = newest_run(tx, submission=find_any_submission(tx, submission_id=submission))
            assert run is not None
            for state in (RunState.RUNNING, RunState.SCORING, RunState.SCORED):
                run.advance(state, now=tx.now)
            return run.id

    def actions(self) -> list[str]:
        with self.platform.open() as tx:
            return list(tx.session.scalars(select(AuditEvent.action).where(AuditEvent.reason == SECRET)))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield World(site)


def test_excluding_ends_the_run_in_hand_and_nothing_of_it_runs_on(world: World) -> None:
    submission = world.platform.submit(world.north).id
    assert world.decide(f"/submissions/{submission}/exclude") == 200
    run, state, _ = world.run(submission)
    assert state is RunState.CANCELLED
    with world.platform.open() as tx:
        states = set(tx.session.scalars(select(CaseRun.state).where(CaseRun.run_id == run)))
    assert states == {CaseRunState.CANCELLED}


def test_an_excluded_one_is_not_run_again_before_it_is_included(world: World) -> None:
    submission = world.platform.submit(world.north).id
    world.score(submission)
    world.decide(f"/submissions/{submission}/exclude")
    assert world.decide(f"/submissions/{submission}/rerun") == 409
    assert world.decide(f"/submissions/{submission}/include") == 200
    assert world.decide(f"/submissions/{submission}/rerun") == 201


def test_including_starts_a_run_that_the_exclusion_ended_anew(world: World) -> None:
    submission = world.platform.submit(world.north).id
    world.decide(f"/submissions/{submission}/exclude")
    world.decide(f"/submissions/{submission}/include")
    _, state, number = world.run(submission)
    assert (state, number) == (RunState.QUEUED, 2)
    assert world.read(world.north, submission)["status"] == "waiting"


def test_including_runs_nothing_that_was_scored(world: World) -> None:
    submission = world.platform.submit(world.north).id
    scored = world.score(submission)
    world.decide(f"/submissions/{submission}/exclude")
    world.decide(f"/submissions/{submission}/include")
    assert world.run(submission) == (scored, RunState.SCORED, 1)


@pytest.mark.parametrize(
    "undo",
    ["/submissions/{submission}/include", "/submissions/{submission}/unprioritize", "/runs/{run}/unvoid"],
)
def test_what_was_not_done_cannot_be_taken_back(world: World, undo: str) -> None:
    submission = world.platform.submit(world.north).id
    assert world.decide(undo.format(submission=submission, run=world.score(submission))) == 409


@pytest.mark.parametrize(
    "undo",
    ["/submissions/{submission}/include", "/submissions/{submission}/unprioritize", "/runs/{run}/unvoid"],
)
def test_taking_back_wants_a_reason_as_well(world: World, undo: str) -> None:
    submission = world.platform.submit(world.north).id
    run = world.score(submission)
    world.decide(f"/submissions/{submission}/prioritize")
    world.decide(f"/submissions/{submission}/exclude")
    world.decide(f"/runs/{run}/void")
    assert world.decide(undo.format(submission=submission, run=run), reason="  ") == 422


DECISIONS = {
    "submission.exclude": ("/submissions/{submission}/exclude",),
    "submission.include": ("/submissions/{submission}/exclude?", "/submissions/{submission}/include"),
    "submission.rerun": ("score", "/submissions/{submission}/rerun"),
    "submission.prioritize": ("/submissions/{submission}/prioritize",),
    "submission.unprioritize": (
        "/submissions/{submission}/prioritize?",
        "/submissions/{submission}/unprioritize",
    ),
    "run.cancel": ("/runs/{run}/cancel",),
    "run.void": ("score", "/runs/{run}/void"),
    "run.unvoid": ("score", "/runs/{run}/void?", "/runs/{run}/unvoid"),
}


@pytest.mark.parametrize("action", DECISIONS)
def test_a_team_reads_the_reasons_that_are_meant_for_it_and_no_other(world: World, action: str) -> None:
    submission = world.platform.submit(world.north).id
    run = world.run(submission)[0]
    for step in DECISIONS[action]:
        if step == "score":
            world.score(submission)
            continue
        before = step.endswith("?")
        path = step.removesuffix("?").format(submission=submission, run=run)
        assert world.decide(path, reason="An earlier one." if before else SECRET) in {200, 201}
    assert action in world.actions()
    told = SECRET in world.all_that_the_team_reads(submission)
    assert told is (READER_OF[action] is Reader.TEAM)


def test_every_action_of_the_rule_about_submissions_and_runs_was_tried() -> None:
    """Resuming and deciding need parked cases: test_api_waiting.py."""
    mine = {action for action in READER_OF if action.startswith(("submission.", "run."))}
    assert set(DECISIONS) == mine - {"run.resume", "run.decide"}


@pytest.mark.parametrize(
    ("make", "remove", "subject"),
    [
        (
            lambda tx: accounts.make_organizer(tx, email="north@example.org"),
            lambda tx, why: accounts.remove_organizer(tx, email="north@example.org", reason=why),
            lambda tx: tx.session.scalars(
                select(User.organizer).where(User.email == "north@example.org")
            ).one(),
        ),
        (
            lambda tx: accounts.make_reference(tx, team="north"),
            lambda tx, why: accounts.remove_reference(tx, team="north", reason=why),
            lambda tx: tx.session.scalars(select(Team.reference).where(Team.handle == "north")).one(),
        ),
    ],
    ids=["organizer", "reference"],
)
def test_a_role_is_taken_back_with_a_reason_and_a_row_in_the_audit_trail(
    world: World, make: Callable, remove: Callable, subject: Callable
) -> None:
    with world.platform.open() as tx:
        with pytest.raises(NotFound):
            remove(tx, "not there yet")
        make(tx)
        assert subject(tx)
        with pytest.raises(Invalid):
            remove(tx, " ")
        remove(tx, SECRET)
        assert not subject(tx)
    assert len(world.actions()) == 1


def test_exclude_then_include_and_void_then_unvoid_leave_the_draft_as_it_was(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    contest = Contest(make_platform(sessions, store, tmp_path / "sets"), tmp_path / "sets")
    entries = {
        name: contest.enter(contest.join(name), quality=quality, task=Task.SAMPLE)
        for name, quality in (("north", 0.9), ("south", 0.4))
    }
    contest.run()

    def document() -> dict[str, Any]:
        with contest.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
            return draft(tx, challenge=challenge, task=Task.SAMPLE, store=store).to_json()

    before = document()
    run = contest.platform.run_of(entries["south"])
    with contest.platform.open() as tx:
        north = find_any_submission(tx, submission_id=entries["north"].id)
        exclude(tx, submission=north, reason=SECRET, actor="olga")
        void_run(tx, run=run, reason=SECRET, actor="olga")
    assert document()["rows"] != before["rows"]
    with contest.platform.open() as tx:
        north = find_any_submission(tx, submission_id=entries["north"].id)
        include(tx, submission=north, reason=SECRET, actor="olga")
        unvoid_run(tx, run=run, reason=SECRET, actor="olga")
    assert document() == before
