"""Images that an earlier check accepted: judged again before they run; what fails says why and is free."""

import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import Conflict, Transient
from mood_platform.failures import FailureReason
from mood_platform.images import intake_child
from mood_platform.images.image_config import CHECK, ImageFacts
from mood_platform.models import Image, ImageState, Run, RunState, Stage, Submission, Team
from mood_platform.nodes.door import Claim
from mood_platform.queueing import Job
from mood_platform.runs.claims import claim_next
from mood_platform.runs.sweeper import sweep
from mood_platform.runs.waits import Wait, read_waits
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import newest_run
from mood_platform.submissions.quota import quota
from mood_platform.submissions.recheck import recheck_image
from mood_platform.submissions.service import submit
from mood_support.factories import ALL_STAGES, NODE
from mood_support.image_archives import SCRIPTS, ImageDraft, Member, inspect_archive, scripts, tar_of
from mood_support.intake import Intake

pytestmark = pytest.mark.integration
GOOD = ImageDraft().archive()
KEPT_BACK = ImageDraft(layers=[tar_of(*(replace(one, uid=65532) for one in scripts(mode=0o600)))]).archive()
"""Taken by the first version of the check: every case ran as the user who owns the scripts."""
KEPT_ELSEWHERE = ImageDraft(
    layers=[
        tar_of(*scripts(), Member("opt/m", type=tarfile.DIRTYPE, mode=0o700, uid=65532), Member("opt/m/w"))
    ]
).archive()
"""Taken by the second version too, which looked under /workspace alone."""
HALF = ImageDraft(
    layers=[tar_of(*(Member(name, mode=0o600 if "pixel" in name else 0o644) for name in SCRIPTS))]
).archive()
"""Serves the sample task alone, as the check is now."""


@pytest.fixture
def intake(sessions: Sessions, store: LocalStore) -> Intake:
    return Intake(sessions, store)


def as_the_first_check(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
    """Accepts, for both tasks; its facts name no version of the check."""
    assert source.stat().st_size <= room
    shutil.copyfile(source, target)
    good = target.with_name("good.tar")
    good.write_bytes(GOOD)
    return replace(inspect_archive(good, limit=limit), tasks=tuple(Task), check=1)


def accepted_before(intake: Intake, archive: bytes) -> Image:
    image = intake.check(intake.hand_in(archive), check=as_the_first_check)
    assert image.state is ImageState.ACCEPTED
    with transaction(intake.sessions, intake.queue) as tx:
        row = tx.session.get_one(Image, image.id)
        row.facts = {name: value for name, value in row.facts.items() if name != "check"}
    return read_again(intake, image)


def read_again(intake: Intake, image: Image) -> Image:
    with intake.sessions() as session:
        return session.get_one(Image, image.id)


def submitted(intake: Intake, image: Image, *, task: Task = Task.PIXEL) -> Submission:
    with transaction(intake.sessions, intake.queue) as tx:
        return submit(tx, principal=intake.north, image_id=image.id, task=task, stage=Stage.CHALLENGE)


def run_of(intake: Intake, submission: Submission) -> Run:
    with transaction(intake.sessions, intake.queue) as tx:
        return newest_run(tx, submission=submission)


def wait_of(intake: Intake, submission: Submission) -> Wait | None:
    with transaction(intake.sessions, intake.queue) as tx:
        run = newest_run(tx, submission=submission)
        return read_waits(tx, runs={submission.id: run}, of=[submission]).get(submission.id)


def claimed(intake: Intake) -> Claim | None:
    with transaction(intake.sessions, intake.queue) as tx:
        return claim_next(tx, stages=ALL_STAGES, node=NODE, lease_seconds=60)


def hear_all(intake: Intake) -> None:
    intake.queue.pending.clear()
    intake.queue.sent.clear()


def rechecked(intake: Intake) -> None:
    """A sweep, and the jobs it rang for."""
    hear_all(intake)
    sweep(intake.sessions, intake.queue, max_attempts=3)
    rung = {arguments["image_id"] for job, arguments in intake.queue.sent if job == Job.CHECK_IMAGE}
    for image_id in rung:
        recheck_image(intake.sessions, intake.queue, intake.store, image_id=UUID(image_id))


def test_it_waits_until_it_was_checked_again_and_then_runs(intake: Intake) -> None:
    image = accepted_before(intake, GOOD)
    submission = submitted(intake, image)
    assert claimed(intake) is None
    assert run_of(intake, submission).state is RunState.QUEUED
    assert wait_of(intake, submission) is Wait.CHECK
    rechecked(intake)
    assert wait_of(intake, submission) is Wait.TURN
    now = read_again(intake, image)
    assert (now.state, now.facts["check"], now.size) == (ImageState.ACCEPTED, CHECK, image.size)
    assert now.facts["archive_sha256"] == image.facts["archive_sha256"]
    claim = claimed(intake)
    assert claim is not None
    assert claim.image == image.digest


def test_what_is_refused_now_says_why_and_costs_nothing(intake: Intake) -> None:
    image = accepted_before(intake, KEPT_BACK)
    submission = submitted(intake, image)
    rechecked(intake)
    run, now = run_of(intake, submission), read_again(intake, image)
    assert (run.state, run.reason) == (RunState.FAILED, FailureReason.IMAGE_SCRIPT_UNREADABLE)
    assert (now.state, now.reason) == (ImageState.REJECTED, FailureReason.IMAGE_SCRIPT_UNREADABLE)
    assert "/workspace/run_pixel_brain.sh" in now.detail
    with transaction(intake.sessions, intake.queue) as tx:
        team = tx.session.scalars(select(Team).where(Team.id == submission.team_id)).one()
        assert quota(tx, team=team, challenge=intake.challenge).used == 0
    kinds = [arguments["kind"] for job, arguments in intake.queue.sent if job == Job.SEND_MAIL]
    assert sorted(kinds) == ["image_rejected", "run_failed"]
    assert (Job.COLLECT_IMAGE, {"digest": image.digest}) in intake.queue.sent
    assert claimed(intake) is None
    with pytest.raises(Conflict, match="rejected"):
        submitted(intake, image)


def test_what_the_second_check_took_is_judged_again_and_refused_for_what_it_keeps_anywhere(
    intake: Intake,
) -> None:
    image = accepted_before(intake, KEPT_ELSEWHERE)
    with transaction(intake.sessions, intake.queue) as tx:
        row = tx.session.get_one(Image, image.id)
        row.facts = row.facts | {"check": 2}
    submission = submitted(intake, image)
    assert claimed(intake) is None
    rechecked(intake)
    now = read_again(intake, image)
    assert run_of(intake, submission).reason is FailureReason.IMAGE_SCRIPT_UNREADABLE
    assert "RUN chmod -R a+rX /opt/m" in now.detail


def test_a_task_that_it_does_not_serve_any_more_is_ended_and_the_other_runs(intake: Intake) -> None:
    image = accepted_before(intake, HALF)
    pixel, sample = submitted(intake, image), submitted(intake, image, task=Task.SAMPLE)
    rechecked(intake)
    assert run_of(intake, pixel).state is RunState.FAILED
    assert run_of(intake, sample).state is RunState.QUEUED
    claim = claimed(intake)
    assert claim is not None
    assert claim.task is Task.SAMPLE


def test_a_run_that_came_while_its_image_was_refused_is_ended_by_the_next_sweep(intake: Intake) -> None:
    image = accepted_before(intake, KEPT_BACK)
    submission = submitted(intake, image)
    with transaction(intake.sessions, intake.queue) as tx:
        row = tx.session.get_one(Image, image.id)
        row.state, row.reason = ImageState.REJECTED, FailureReason.IMAGE_SCRIPT_UNREADABLE
    assert claimed(intake) is None
    rechecked(intake)
    assert run_of(intake, submission).reason is FailureReason.IMAGE_SCRIPT_UNREADABLE


def test_a_check_that_breaks_off_leaves_all_as_it_was_and_is_rung_for_again(intake: Intake) -> None:
    image = accepted_before(intake, GOOD)
    submission = submitted(intake, image)

    def broken(source: Path, *, limit: int) -> ImageFacts:
        raise Transient(f"The check of {source} within {limit} ended with -9.")

    with pytest.raises(Transient):
        recheck_image(intake.sessions, intake.queue, intake.store, image_id=image.id, inspect=broken)
    assert (run_of(intake, submission).state, claimed(intake)) == (RunState.QUEUED, None)
    rechecked(intake)
    assert claimed(intake) is not None


def test_the_same_image_handed_in_again_is_judged_by_the_check_of_today(intake: Intake) -> None:
    image = accepted_before(intake, GOOD)
    with transaction(intake.sessions, intake.queue) as tx:
        row = tx.session.get_one(Image, image.id)
        row.state, row.reason = ImageState.REJECTED, FailureReason.IMAGE_SCRIPT_UNREADABLE
    again = intake.check(intake.hand_in(GOOD))
    assert (again.id, again.state, again.reason) == (image.id, ImageState.ACCEPTED, None)
    assert again.facts["check"] == CHECK


def test_nothing_is_checked_again_that_no_run_waits_for(intake: Intake) -> None:
    accepted_before(intake, GOOD)
    hear_all(intake)
    sweep(intake.sessions, intake.queue, max_attempts=3)
    assert [job for job, _ in intake.queue.sent if job == Job.CHECK_IMAGE] == []


def test_an_archive_that_is_gone_is_left_to_the_node_that_cannot_load_it(intake: Intake) -> None:
    image = accepted_before(intake, GOOD)
    submitted(intake, image)
    intake.store.delete(f"images/{image.digest}.tar")
    rechecked(intake)
    assert claimed(intake) is not None


def test_an_archive_is_inspected_without_a_copy(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(GOOD)
    facts = intake_child.inspect_image(tmp_path / "image.tar", limit=2**30)
    assert (facts.check, facts.tasks) == (CHECK, tuple(Task))
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]
