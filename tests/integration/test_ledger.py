"""The ledger of bytes: a team sees and is bound by its images and toy cases alone, and can make room."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.cli.main import app as command
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import Conflict, NotFound, QuotaExceeded
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.failures import FailureReason
from mood_platform.images.image_config import ImageFacts
from mood_platform.keeping.holds import place_hold
from mood_platform.keeping.images import collect_image
from mood_platform.keeping.ledger import accounts, team_storage
from mood_platform.keeping.leftovers import Due, remove_leftovers
from mood_platform.models import Image, ImageState, KeptKind, KeptObject, Run, Stage, Submission, Team, User
from mood_platform.queueing import Job
from mood_platform.storage.keys import image_key
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import WAITS, Room
from mood_platform.submissions.removal import remove_own_image
from mood_platform.submissions.service import submit, withdraw
from mood_support.drive import drive, echo
from mood_support.edition import make_image, make_participant
from mood_support.factories import TinyPlatform, make_platform
from mood_support.image_archives import ImageDraft, Member, scripts, tar_of
from mood_support.intake import Intake
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
MIB = 2**20
ZEROS = gzip.compress(ImageDraft(layers=[tar_of(*scripts(), Member("zeros", bytes(64 * MIB)))]).archive())
"""Some tens of kilobytes that are 64 MiB unpacked."""
SMALL = ImageDraft(layers=[tar_of(*scripts())]).archive()


@pytest.fixture
def intake(sessions: Sessions, store: LocalStore) -> Intake:
    return Intake(sessions, store)


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=2)


def kept_by(intake: Intake, *, limit: int = 10**12) -> int:
    with transaction(intake.sessions, intake.queue) as tx:
        return team_storage(tx, team_id=intake.north.require_team().id, limit=limit).used


def archives(store: LocalStore) -> list[str]:
    return list(store.keys("images"))


def test_a_small_upload_counts_as_what_it_is_unpacked(intake: Intake) -> None:
    assert len(ZEROS) < MIB
    image = intake.check(intake.hand_in(ZEROS))
    assert image.state is ImageState.ACCEPTED
    size = intake.store.path(image_key(str(image.digest))).stat().st_size
    assert image.kept_bytes == kept_by(intake) == size > 64 * MIB


def test_an_image_over_what_the_team_may_keep_is_refused_before_a_byte_of_it_is_written(
    intake: Intake,
) -> None:
    image = intake.check(intake.hand_in(ZEROS), room=Room(team_bytes=10 * MIB))
    assert (image.state, image.reason) == (ImageState.REJECTED, FailureReason.STORAGE_FULL)
    assert "your team may keep 10485760 more" in image.detail
    assert archives(intake.store) == []
    assert kept_by(intake) == 0


def test_what_the_team_keeps_already_needs_no_room(intake: Intake) -> None:
    first = intake.check(intake.hand_in(ZEROS))
    again = intake.check(intake.hand_in(ZEROS), room=Room(team_bytes=first.kept_bytes))
    assert (again.id, again.kept_bytes) == (first.id, first.kept_bytes)


def test_a_removed_image_that_is_handed_in_again_is_charged_again(intake: Intake) -> None:
    first = intake.check(intake.hand_in(ZEROS))
    with transaction(intake.sessions, intake.queue) as tx:
        remove_own_image(tx, principal=intake.north, image_id=first.id)
    collect_image(intake.sessions, intake.store, digest=str(first.digest))
    assert (kept_by(intake), archives(intake.store)) == (0, [])
    again = intake.check(intake.hand_in(ZEROS))
    assert (again.id, kept_by(intake)) == (first.id, first.kept_bytes)
    assert len(archives(intake.store)) == 1


def test_the_same_image_of_another_team_is_charged_to_both_and_stored_once(intake: Intake) -> None:
    mine, theirs = intake.check(intake.hand_in(ZEROS)), intake.check(intake.hand_in(ZEROS, by=intake.south))
    assert mine.kept_bytes == theirs.kept_bytes > 0
    assert len(archives(intake.store)) == 1


def test_an_image_waits_without_an_attempt_while_the_disk_has_no_room(intake: Intake) -> None:
    image_id = intake.hand_in(ZEROS)
    for _ in range(5):
        waiting = intake.check(image_id, room=Room(keep_free=2**60))
        assert (waiting.state, waiting.attempt, waiting.detail) == (ImageState.CHECKING, 0, WAITS)
    assert archives(intake.store) == []
    done = intake.check(image_id)
    assert (done.state, done.detail) == (ImageState.ACCEPTED, "")


def test_an_image_that_waits_for_room_is_not_read_again_and_again(intake: Intake) -> None:
    def never(source: Path, target: Path, *, limit: int, room: int) -> ImageFacts:
        raise AssertionError(f"{source} {target} {limit} {room}")

    image_id = intake.hand_in(ZEROS)
    full = Room(keep_free=2**60)
    intake.check(image_id, room=full)
    assert intake.check(image_id, room=full, check=never).detail == WAITS


def test_an_upload_over_what_is_left_is_refused_with_what_to_remove(intake: Intake) -> None:
    intake.check(intake.hand_in(ZEROS))
    with pytest.raises(QuotaExceeded, match="images 67") as refused:
        intake.hand_in(SMALL, team_bytes=64 * MIB)
    assert "mood image remove" in refused.value.remedy


def test_a_full_team_runs_no_toy_cases_and_still_enters_the_challenge(platform: TinyPlatform) -> None:
    north = platform.join("north")
    with platform.open() as tx:
        image = make_image(tx, principal=north)
        image.kept_bytes = 100
    order: dict[str, Any] = {"principal": north, "image_id": image.id, "task": Task.PIXEL, "team_bytes": 100}
    with platform.open() as tx, pytest.raises(QuotaExceeded, match="keeps 100 of 100 bytes"):
        submit(tx, stage=Stage.TOY, **order)
    with platform.open() as tx:
        assert submit(tx, stage=Stage.CHALLENGE, **order).number == 1


def ran(platform: TinyPlatform, *, stage: Stage) -> Submission:
    made = platform.submit(make_north(platform), stage=stage)
    drive(platform, FakeRuntime(echo))
    return made


def make_north(platform: TinyPlatform) -> Any:
    with platform.open() as tx:
        return make_participant(tx, "north")


def test_what_hidden_cases_left_is_in_the_organizers_ledger_alone(platform: TinyPlatform) -> None:
    made = ran(platform, stage=Stage.CHALLENGE)
    with platform.open() as tx:
        tx.session.get_one(Image, made.image_id).kept_bytes = 7
        sizes: dict[bool, int] = {True: 0, False: 0}
        for row in tx.session.scalars(select(KeptObject)):
            sizes[row.toy] += row.size or 0
            assert platform.store.path(row.key).stat().st_size == row.size
        [account] = accounts(tx)
        mine = team_storage(tx, team_id=made.team_id, limit=10**6)
    assert sizes[True] > 0
    assert sizes[False] > 0
    assert (account.team, account.images, account.toy, account.hidden) == (
        "north",
        7,
        sizes[True],
        sizes[False],
    )
    assert (mine.images, mine.toy) == (7, sizes[True])


def work_off(platform: TinyPlatform) -> None:
    def remove(run_id: str) -> None:
        for kind in KeptKind:
            due = Due(UUID(run_id), kind)
            remove_leftovers(platform.sessions, platform.queue, platform.store, due)

    platform.queue.drain(
        {
            Job.COLLECT_IMAGE: lambda digest: collect_image(platform.sessions, platform.store, digest=digest),
            Job.REMOVE_LEFTOVERS: remove,
        }
    )


def test_a_team_removes_an_image_with_what_its_toy_cases_left_and_reports_stay(
    platform: TinyPlatform,
) -> None:
    made = ran(platform, stage=Stage.TOY)
    north = principal_of(platform, made)
    with platform.open() as tx:
        image = tx.session.get_one(Image, made.image_id)
        image.kept_bytes, key = 7, image_key(str(image.digest))
    platform.store.put_bytes(key, b"archive")
    with platform.open() as tx:
        gone = remove_own_image(tx, principal=north, image_id=made.image_id)
        assert (gone.removed_by, gone.removed_at) == ("its team", tx.now)
    work_off(platform)
    with platform.open() as tx:
        assert team_storage(tx, team_id=made.team_id, limit=10).used == 0
        run = tx.session.scalars(select(Run)).one()
    left = [name for name in platform.store.keys("runs") if name.endswith(("/prediction", "/log"))]
    assert (left, platform.store.exists(key)) == ([], False)
    assert platform.store.exists(str(run.toy_report_key))


def principal_of(platform: TinyPlatform, submission: Submission) -> Any:
    with platform.open() as tx:
        team = tx.session.get_one(Team, submission.team_id)
        user = tx.session.scalars(select(User).where(User.team_id == team.id)).one()
        return Principal(user=user, team=team, organizer=False)


def test_an_image_that_is_needed_is_not_removed(platform: TinyPlatform) -> None:
    made = platform.submit(make_north(platform), stage=Stage.CHALLENGE)
    north = principal_of(platform, made)
    toy = platform.submit(north, stage=Stage.TOY)

    def refusal(image_id: UUID) -> str:
        with platform.open() as tx, pytest.raises(Conflict) as refused:
            remove_own_image(tx, principal=north, image_id=image_id)
        return refused.value.detail

    assert "running" in refusal(toy.image_id)
    before = refusal(made.image_id)
    drive(platform, FakeRuntime(echo))
    assert "stand on this image: #1" in refusal(made.image_id)
    assert refusal(made.image_id) == before, "the end of a hidden Run is told on the clock alone"
    with platform.open() as tx:
        withdraw(tx, principal=north, submission_id=made.id)
        until = tx.now.replace(year=tx.now.year + 1)
        place_hold(tx, on="team:north", until=until, reason="A dispute.", actor="olga@example.org")
    assert "hold this image" in refusal(made.image_id)
    with platform.open() as tx, pytest.raises(NotFound):
        remove_own_image(tx, principal=make_participant(tx, "south"), image_id=made.image_id)


@pytest.fixture
def site(platform: TinyPlatform, store: LocalStore, database_url: str) -> Iterator[Site]:
    with serve_site(platform, database_url=database_url, root=store.root) as made:
        yield made


def test_pages_and_commands_tell_what_is_kept_and_make_room(platform: TinyPlatform, site: Site) -> None:
    made = ran(platform, stage=Stage.TOY)
    north = principal_of(platform, made)
    with platform.open() as tx:
        tx.session.get_one(Image, made.image_id).kept_bytes = 3 * MIB
        olga = make_participant(tx, "olga", organizer=True)

    def mood(who: Any, *arguments: str) -> str:
        environment = {"MOOD_URL": site.url, "MOOD_TOKEN": site.token(who)}
        result = CliRunner().invoke(command, list(arguments), env=environment)
        assert result.exception is None, result.exception
        return " ".join(result.output.split())

    with site.visit(north) as client:
        assert "of 200 GiB: images 3 MiB" in client.get("/").text
    assert "of 200.0 GiB: images 3.0 MiB" in mood(north, "status")
    assert "3.0 MiB" in mood(north, "image", "list")
    assert "north" in mood(olga, "admin", "storage")
    assert "Your team keeps 0 B" not in mood(north, "image", "remove", str(made.image_id)[:8])
    work_off(platform)
    assert "Your team keeps 0 B of 200.0 GiB" in mood(north, "status")
    assert "removed 20" in mood(north, "image", "list")
