"""A check that dies for our reasons is repeated, comes to an end, and is never the team's fault."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from mood_platform.db.engine import Sessions
from mood_platform.db.outages import OUTAGES
from mood_platform.db.transaction import transaction
from mood_platform.errors import SubmissionFault, Transient
from mood_platform.failures import Blame, FailureReason
from mood_platform.images import intake_child
from mood_platform.images.image_config import ImageFacts
from mood_platform.models import Image, ImageState, Upload, UploadState
from mood_platform.queueing import Job
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import MOST_ATTEMPTS, Checker, check_image
from mood_platform.submissions.purge import purge_uploads
from mood_support.image_archives import ImageDraft
from mood_support.intake import LIMIT, Intake

pytestmark = pytest.mark.integration
GOOD = ImageDraft().archive()


@pytest.fixture
def intake(sessions: Sessions, store: LocalStore) -> Intake:
    return Intake(sessions, store)


def killed(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
    """As after the child was killed from outside, with half of its copy written."""
    target.write_bytes(b"half")
    raise Transient(f"The image check of {source} within {limit} ended with -9.")


def disk_full(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
    raise OSError(28, f"No space left for {source}, {target}, {limit}")


def database_gone(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
    raise OperationalError(f"{source}, {target}, {limit}, {room}", None, Exception("server closed"))


def attempt(intake: Intake, image: Image, check: Checker) -> Image:
    """One delivery of the job; whatever breaks in it, the worker lives on."""
    try:
        return intake.check(image.id, check=check)
    except (Transient, *OUTAGES):
        return intake.image(image.id)


def test_a_check_that_broke_off_is_repeated_and_then_accepted(intake: Intake) -> None:
    image = attempt(intake, intake.image(intake.hand_in(GOOD)), killed)
    assert (image.state, image.attempt) == (ImageState.CHECKING, 1)
    assert attempt(intake, image, intake_child.check_image).state is ImageState.ACCEPTED
    assert intake.files() == []


def test_after_three_deaths_the_check_is_given_up_as_the_platforms_fault(intake: Intake) -> None:
    image = intake.image(intake.hand_in(GOOD))
    for count in range(MOST_ATTEMPTS):
        image = attempt(intake, image, killed)
        assert (image.state, image.attempt) == (ImageState.CHECKING, count + 1)
    given_up = attempt(intake, image, killed)
    assert (given_up.state, given_up.reason) == (ImageState.REJECTED, FailureReason.CHECK_FAILED)
    assert FailureReason.CHECK_FAILED.blame is Blame.PLATFORM
    assert intake.queue.sent[-1] == (Job.SEND_MAIL, {"kind": "image_rejected", "image": str(image.id)})
    assert intake.files() == []
    again = intake.check(intake.hand_in(GOOD))
    assert (again.state, again.id != image.id) == (ImageState.ACCEPTED, True)


def test_the_sweeper_rings_for_a_check_that_died_until_it_is_decided(intake: Intake) -> None:
    image = intake.image(intake.hand_in(GOOD))
    with transaction(intake.sessions, intake.queue) as tx:
        tx.session.get_one(Image, image.id).created_at -= timedelta(minutes=5)
    for _ in range(MOST_ATTEMPTS + 1):
        intake.queue.pending.clear()
        sweep(intake.sessions, intake.queue, max_attempts=3)
        assert intake.queue.pending == [(Job.CHECK_IMAGE, {"image_id": str(image.id)})]
        attempt(intake, image, killed)
    intake.queue.pending.clear()
    sweep(intake.sessions, intake.queue, max_attempts=3)
    assert Job.CHECK_IMAGE not in [job for job, _ in intake.queue.pending]


@pytest.mark.parametrize("outage", [disk_full, database_gone])
def test_an_outage_costs_no_attempt_for_an_hour(intake: Intake, outage: Checker) -> None:
    image = intake.image(intake.hand_in(GOOD))
    for _ in range(2 * MOST_ATTEMPTS):
        image = attempt(intake, image, outage)
        assert (image.state, image.attempt) == (ImageState.CHECKING, 0)
    with transaction(intake.sessions, intake.queue) as tx:
        tx.session.get_one(Image, image.id).state_since -= timedelta(hours=2)
    assert attempt(intake, image, outage).attempt == 1


def test_a_store_that_refuses_the_clean_copy_is_an_outage_not_a_refusal(intake: Intake) -> None:
    class Refusing(LocalStore):
        def put_file(self, key: str, source: Path) -> None:
            raise OSError(5, f"{key} {source}")

    image_id = intake.hand_in(GOOD)
    with pytest.raises(OSError, match="images/sha256"):
        check_image(
            intake.sessions, intake.queue, Refusing(intake.store.root), image_id=image_id, limit=LIMIT
        )
    assert (intake.image(image_id).state, intake.image(image_id).attempt) == (ImageState.CHECKING, 0)
    assert intake.check(image_id).state is ImageState.ACCEPTED


def test_a_lost_file_ends_in_our_fault_not_in_waiting(intake: Intake) -> None:
    image_id = intake.hand_in(GOOD)
    Inbox(intake.store.root).path(image_id).unlink()
    image = intake.check(image_id)
    assert (image.reason, "upload it again" in image.detail) == (FailureReason.CHECK_FAILED, True)


def test_a_refusal_is_final_and_costs_one_attempt(intake: Intake) -> None:
    def refuse(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
        raise SubmissionFault(FailureReason.IMAGE_TOO_LARGE, f"{source.name} {target.name} {limit} {room}")

    image = intake.check(intake.hand_in(GOOD), check=refuse)
    assert (image.state, image.attempt) == (ImageState.REJECTED, 1)
    assert intake.check(image.id).state is ImageState.REJECTED


def test_what_a_killed_worker_left_is_gone_after_the_next_check(intake: Intake) -> None:
    image_id = intake.hand_in(GOOD)
    left = intake.store.root / "uploads" / f"{image_id}.check"
    left.mkdir()
    (left / "image.tar").write_bytes(b"half of it")
    assert intake.check(image_id).state is ImageState.ACCEPTED
    assert intake.files() == []


def test_a_checked_upload_no_longer_needs_its_file_and_purging_takes_nothing_else(intake: Intake) -> None:
    waiting = intake.image(intake.hand_in(GOOD))
    with transaction(intake.sessions, intake.queue) as tx:
        tx.now += timedelta(days=30)
        assert purge_uploads(tx, inbox=Inbox(intake.store.root)) == 0
    assert intake.check(waiting.id).state is ImageState.ACCEPTED
    with transaction(intake.sessions, intake.queue) as tx:
        assert tx.session.get_one(Upload, waiting.id).state is UploadState.USED


def test_a_child_killed_from_outside_says_nothing_about_the_archive(tmp_path: Path) -> None:
    """A pipe for an archive keeps the real child waiting until it is killed."""
    pipe = tmp_path / "image.tar"
    os.mkfifo(pipe)

    def kill_the_reader() -> None:
        with pipe.open("wb"):
            os.kill(child_with(str(pipe)), signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        bystander = pool.submit(kill_the_reader)
        with pytest.raises(Transient, match="ended with -9"):
            intake_child.check_image(pipe, tmp_path / "clean.tar", limit=2**20)
        bystander.result()


def child_with(argument: str) -> int:
    """The one child of this process that was started with the argument."""
    listings = Path("/proc/self/task").glob("*/children")
    children = " ".join(listing.read_text() for listing in listings).split()
    (found,) = (int(pid) for pid in children if argument in Path(f"/proc/{pid}/cmdline").read_text())
    return found
