"""Submissions: what may be submitted when, repeated requests, cancel, withdraw, exclude."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.queries import config_of
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import (
    AlreadyExists,
    Conflict,
    Invalid,
    NotFound,
    PlatformError,
    StageClosed,
    SubmissionFault,
)
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import (
    AuditEvent,
    CaseRun,
    CaseRunState,
    Challenge,
    Image,
    ImageState,
    Leaderboard,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
    Upload,
)
from mood_platform.runs.service import rerun
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission, find_submission, list_submissions
from mood_platform.submissions.service import cancel, exclude, submit, withdraw
from mood_support.edition import make_edition, make_image, make_participant

pytestmark = pytest.mark.integration


class World:
    """An open challenge, two teams, and one accepted image of the first."""

    def __init__(self, sessions: Sessions, store: LocalStore, folder: Path) -> None:
        self.sessions, self.queue = sessions, FakeQueue()
        with transaction(sessions, self.queue) as tx:
            self.challenge = make_edition(tx, store=store, folder=folder, cases=2)
            self.north, self.south = make_participant(tx, "north"), make_participant(tx, "south")
            self.image = make_image(tx, principal=self.north)

    def submit(
        self, *, by: Principal | None = None, image: Image | None = None, **changes: Any
    ) -> Submission:
        wanted = {"task": Task.PIXEL, "stage": Stage.CHALLENGE, **changes}
        with transaction(self.sessions, self.queue) as tx:
            return submit(tx, principal=by or self.north, image_id=(image or self.image).id, **wanted)

    def refusal(self, **changes: Any) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            self.submit(**changes)
        with self.sessions() as session:
            assert session.scalar(select(func.count()).select_from(Run)) == session.scalar(
                select(func.count()).select_from(Submission)
            )
        return caught.value

    def change_image(self, **values: Any) -> None:
        with transaction(self.sessions, self.queue) as tx:
            image = tx.session.get_one(Image, self.image.id)
            for name, value in values.items():
                setattr(image, name, value)

    def close(self, *, ago: timedelta, begun_before: timedelta) -> None:
        """The deadline was `ago`; the image's upload began `begun_before` it."""
        with transaction(self.sessions, self.queue) as tx:
            challenge = tx.session.get_one(Challenge, self.challenge.id)
            challenge.closes = tx.now - ago
            tx.session.get_one(Image, self.image.id).upload_begun_at = challenge.closes - begun_before


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path) -> World:
    return World(sessions, store, tmp_path)


def start_first_case(tx: Transaction, submission: Submission) -> None:
    run = tx.session.scalars(select(Run).where(Run.submission_id == submission.id)).one()
    run.advance(RunState.RUNNING, now=tx.now)
    tx.session.scalars(select(CaseRun).where(CaseRun.run_id == run.id)).first().advance(
        CaseRunState.RUNNING, now=tx.now
    )


def test_a_submission_starts_its_run_with_toy_cases_and_rings(world: World) -> None:
    submission = world.submit(name="first  try")
    assert (submission.number, submission.name, submission.counted) == (1, "first try", True)
    with transaction(world.sessions, world.queue) as tx:
        run = tx.session.scalars(select(Run)).one()
        assert (run.stage, run.state, run.limits["seconds"]) == (Stage.CHALLENGE, RunState.QUEUED, 3)
        toy = tx.session.scalars(select(CaseRun.toy)).all()
        assert sorted(toy) == [False] * 4 + [True] * 4
    assert {job for job, _ in world.queue.sent} == {"case.work"}


@pytest.mark.parametrize("name", ["a\u202eb", "\u3164", "A" + "\u0301" * 60, "x" * 81])
def test_a_name_that_a_reader_cannot_see_starts_nothing(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="Field name"):
        world.submit(name=name)


def test_numbers_count_up_inside_a_team(world: World) -> None:
    assert [world.submit(stage=Stage.TOY).number for _ in range(3)] == [1, 2, 3]
    assert not world.submit(stage=Stage.TOY).counted


def test_a_repeated_request_is_the_same_submission(world: World) -> None:
    first = world.submit(idempotency_key="abc")
    assert world.submit(idempotency_key="abc").id == first.id
    assert world.submit(idempotency_key="abd").id != first.id
    with world.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 2


def test_a_key_with_another_request_is_a_mistake(world: World) -> None:
    world.submit(idempotency_key="abc")
    assert isinstance(world.refusal(idempotency_key="abc", task=Task.SAMPLE), AlreadyExists)


def test_two_teams_may_use_the_same_key(world: World) -> None:
    with transaction(world.sessions, world.queue) as tx:
        other = make_image(tx, principal=world.south)
    first = world.submit(idempotency_key="abc")
    assert world.submit(idempotency_key="abc", by=world.south, image=other).id != first.id


def test_another_teams_image_looks_unknown(world: World) -> None:
    foreign = world.refusal(by=world.south)
    unknown = world.refusal(image=Image(id=uuid4()))
    assert isinstance(foreign, NotFound)
    assert (foreign.detail, foreign.remedy) == (unknown.detail, unknown.remedy)


@pytest.mark.parametrize("state", [ImageState.RECEIVED, ImageState.CHECKING, ImageState.REJECTED])
def test_only_an_accepted_image_can_be_submitted(world: World, state: ImageState) -> None:
    world.change_image(state=state)
    error = world.refusal()
    assert isinstance(error, Conflict)
    assert ("rejected" in error.detail) == (state is ImageState.REJECTED)


def test_an_image_without_the_tasks_scripts_is_refused(world: World) -> None:
    world.change_image(facts={"tasks": ["sample"]})
    assert "run_pixel_brain.sh" in world.refusal(task=Task.PIXEL).remedy
    world.submit(task=Task.SAMPLE)


def test_an_image_larger_than_this_edition_allows_is_refused_with_the_sentence_of_intake(
    world: World,
) -> None:
    with transaction(world.sessions, world.queue) as tx:
        limit = config_of(tx.session.get_one(Challenge, world.challenge.id)).limits.image
    world.change_image(facts={"tasks": ["pixel"], "unpacked": limit + 1})
    error = world.refusal()
    assert isinstance(error, SubmissionFault)
    assert error.reason is FailureReason.IMAGE_TOO_LARGE
    assert error.detail == f"{error.reason.text} It has {limit + 1} bytes unpacked; tiny allows {limit}."
    world.change_image(facts={"tasks": ["pixel"], "unpacked": limit})
    world.submit()


def test_an_upload_of_an_image_that_was_there_runs_as_that_image(world: World) -> None:
    with transaction(world.sessions, world.queue) as tx:
        again = make_image(tx, principal=world.north)
        tx.session.get_one(Upload, again.id).image_id = world.image.id
        tx.session.delete(again)
    first = world.submit(image=again, idempotency_key="abc")
    assert first.image_id == world.image.id
    assert world.submit(image=again, idempotency_key="abc").id == first.id


def test_teams_cannot_start_analysis_runs(world: World) -> None:
    assert isinstance(world.refusal(stage=Stage.ANALYSIS), Invalid)


def test_after_the_deadline_only_uploads_begun_before_are_taken(world: World) -> None:
    world.close(ago=timedelta(hours=1), begun_before=timedelta(seconds=-1))
    assert isinstance(world.refusal(), StageClosed)
    world.close(ago=timedelta(hours=1), begun_before=timedelta(seconds=1))
    world.submit()


def test_the_grace_ends(world: World) -> None:
    world.close(ago=timedelta(hours=2, seconds=1), begun_before=timedelta(hours=1))
    assert isinstance(world.refusal(), StageClosed)


def test_cancelling_before_the_start_gives_the_slot_back(world: World) -> None:
    submission = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        cancelled = cancel(tx, principal=world.north, submission_id=submission.id)
        assert cancelled.state is SubmissionState.WITHDRAWN
        assert cancelled.refunded_at is not None
    with world.sessions() as session:
        assert session.scalars(select(Run.state)).one() is RunState.CANCELLED
        assert set(session.scalars(select(CaseRun.state))) == {CaseRunState.CANCELLED}


def test_after_the_start_only_withdrawing_is_left_and_it_stays_counted(world: World) -> None:
    submission = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        start_first_case(tx, submission)
    with pytest.raises(Conflict, match="started"), transaction(world.sessions, world.queue) as tx:
        cancel(tx, principal=world.north, submission_id=submission.id)
    with transaction(world.sessions, world.queue) as tx:
        withdrawn = withdraw(tx, principal=world.north, submission_id=submission.id)
        assert (withdrawn.state, withdrawn.refunded_at) == (SubmissionState.WITHDRAWN, None)
    with world.sessions() as session:
        assert session.scalars(select(Run.state)).one() is RunState.CANCELLED
    with pytest.raises(Conflict, match="already"), transaction(world.sessions, world.queue) as tx:
        withdraw(tx, principal=world.north, submission_id=submission.id)


def test_a_run_again_by_organizers_is_no_second_chance_to_cancel(world: World) -> None:
    submission = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        start_first_case(tx, submission)
        run = tx.session.scalars(select(Run)).one()
        run.advance(RunState.FAILED, now=tx.now)
    with transaction(world.sessions, world.queue) as tx:
        row = tx.session.get_one(Submission, submission.id)
        rerun(tx, submission=row, reason="The node was at fault.", actor="o@x.org")
    with pytest.raises(Conflict, match="started"), transaction(world.sessions, world.queue) as tx:
        cancel(tx, principal=world.north, submission_id=submission.id)


def test_an_excluded_submission_cannot_be_cancelled_away(world: World) -> None:
    submission = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        found = find_any_submission(tx, submission_id=submission.id)
        exclude(tx, submission=found, reason="Trained on the test set.", actor="o@x.org")
    with pytest.raises(Conflict, match="excluded"), transaction(world.sessions, world.queue) as tx:
        cancel(tx, principal=world.north, submission_id=submission.id)


def test_nobody_withdraws_after_publication(world: World) -> None:
    submission = world.submit()
    with transaction(world.sessions, world.queue) as tx:
        tx.session.add(
            Leaderboard(
                challenge_id=world.challenge.id,
                task=Task.PIXEL,
                version=1,
                document={},
                digest="x",
                published_at=tx.now,
                published_by="organizer@example.org",
            )
        )
    with pytest.raises(Conflict, match="published"), transaction(world.sessions, world.queue) as tx:
        withdraw(tx, principal=world.north, submission_id=submission.id)
    other_task = world.submit(task=Task.SAMPLE)
    with transaction(world.sessions, world.queue) as tx:
        withdraw(tx, principal=world.north, submission_id=other_task.id)


@pytest.mark.parametrize("act", [cancel, withdraw])
def test_another_teams_submission_looks_unknown(world: World, act: Any) -> None:
    submission = world.submit()
    answers = set()
    for wanted in (submission.id, uuid4()):
        with pytest.raises(NotFound) as caught, transaction(world.sessions, world.queue) as tx:
            act(tx, principal=world.south, submission_id=wanted)
        answers.add((caught.value.detail, caught.value.remedy))
    assert len(answers) == 1


def test_an_exclusion_needs_a_reason_and_is_audited(world: World) -> None:
    submission = world.submit()
    with pytest.raises(Invalid), transaction(world.sessions, world.queue) as tx:
        exclude(
            tx, submission=find_any_submission(tx, submission_id=submission.id), reason=" ", actor="o@x.org"
        )
    with transaction(world.sessions, world.queue) as tx:
        found = find_any_submission(tx, submission_id=submission.id)
        exclude(tx, submission=found, reason="Trained on the test set.", actor="o@x.org")
    with transaction(world.sessions, world.queue) as tx:
        mine = find_submission(tx, team=world.north.require_team(), submission_id=submission.id)
        assert (mine.state, mine.state_reason) == (SubmissionState.EXCLUDED, "Trained on the test set.")
        event = tx.session.scalars(select(AuditEvent).where(AuditEvent.action == "submission.exclude")).one()
        assert (event.actor, event.reason) == ("o@x.org", "Trained on the test set.")


def test_a_list_shows_the_own_submissions_newest_first_in_pages(world: World) -> None:
    for _ in range(3):
        world.submit(stage=Stage.TOY)
    with transaction(world.sessions, world.queue) as tx:
        other = make_image(tx, principal=world.south)
    world.submit(stage=Stage.TOY, by=world.south, image=other)
    with transaction(world.sessions, world.queue) as tx:
        team = world.north.require_team()
        first = list_submissions(tx, team=team, limit=2)
        last = list_submissions(tx, team=team, limit=2, before=(first[-1].submitted_at, first[-1].id))
        assert [row.number for row in [*first, *last]] == [3, 2, 1]
        assert len(list_submissions(tx, limit=9)) == 4
