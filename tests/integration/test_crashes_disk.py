"""Full disks and stores that refuse, at every write and read: our fault, whole or not at all; it goes on."""

from __future__ import annotations

import errno
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from mood_evaluator import Task
from mood_platform.api.tus import PART_TYPE
from mood_platform.db.engine import Sessions
from mood_platform.errors import NotFound
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.failures import FailureReason
from mood_platform.leaderboards.service import publish
from mood_platform.models import CaseRun, Challenge, Leaderboard, Run, RunState, Stage, Submission, TestSet
from mood_platform.nodes.attendance import find_unfitness
from mood_platform.nodes.execute import work_once
from mood_platform.notifications.mailer import FolderMailer, Mail
from mood_platform.queueing import Job
from mood_platform.storage.faulty import FaultyStore, full, system_error
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.drive import drive, echo
from mood_support.edition import make_edition
from mood_support.explorer import Explorer
from mood_support.factories import ALL_STAGES, TinyPlatform, make_platform
from mood_support.invariants import breaches
from mood_support.site import serve_site

pytestmark = pytest.mark.integration
KIB = 2**10


# A real disk that is really full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", size="1m") as place:
        yield place


@contextmanager
def mounted(place: Path, *, size: str) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@contextmanager
def filled(disk: Path, *, leaving: int = 0) -> Iterator[None]:
    """Somebody else's file takes the rest."""
    file = disk / "somebody-elses"
    file.write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - leaving))
    yield
    file.unlink(missing_ok=True)


@pytest.mark.parametrize("size", [10, 300 * KIB])
def test_an_object_that_does_not_fit_is_not_there_at_all(small_disk: Path, size: int) -> None:
    store = LocalStore(small_disk / "files")
    store.put_bytes("runs/1/first", b"first")
    with filled(small_disk), pytest.raises(OSError, match="No space left"):
        store.put_bytes("runs/1/second", bytes(size))
    assert list(store.keys("runs")) == ["runs/1/first"]
    with pytest.raises(NotFound):
        store.read("runs/1/second", limit=1)
    store.put_bytes("runs/1/second", bytes(size))
    assert len(store.read("runs/1/second", limit=2**20)) == size


def test_a_mail_that_does_not_fit_is_no_half_mail(small_disk: Path) -> None:
    mailer = FolderMailer(small_disk / "mail")
    mail = Mail("one", "north@example.org", "Subject", "text\n" * 10_000)
    with filled(small_disk, leaving=8 * KIB), pytest.raises(OSError, match="No space left"):
        mailer.send(mail)
    assert not list(small_disk.rglob("*.eml"))
    mailer.send(mail)
    assert [path.name for path in (small_disk / "mail").iterdir()] == ["one.eml"]


def test_an_upload_that_meets_a_full_disk_is_told_so_and_carries_on_where_it_stopped(
    sessions: Sessions, tmp_path: Path, small_disk: Path, database_url: str
) -> None:
    platform = make_platform(sessions, LocalStore(small_disk / "files"), tmp_path / "sets", cases=2)
    team = platform.join("north")
    data = random.Random(1).randbytes(400 * KIB)
    with (
        serve_site(
            platform, database_url=database_url, root=small_disk / "files", upload_free_bytes=0
        ) as site,
        site.visit(team) as me,
    ):
        tus = {"Tus-Resumable": "1.0.0", "Content-Type": PART_TYPE}
        begun = me.post(
            "/api/v1/uploads",
            headers={**tus, "Upload-Length": str(len(data)), "Upload-Metadata": "filename dGlueQ=="},
        )
        assert begun.status_code == 201, begun.text
        place = begun.headers["Location"]

        def send(offset: int) -> httpx.Response:
            return me.patch(place, headers={**tus, "Upload-Offset": str(offset)}, content=data[offset:])

        with filled(small_disk, leaving=150 * KIB):
            refused = send(0)
        assert (refused.status_code, refused.json()["error"]) == (507, "no_space")
        assert refused.json()["remedy"]
        arrived = int(me.head(place, headers=tus).headers["Upload-Offset"])
        assert 0 < arrived < len(data)
        assert send(arrived).status_code == 204
        assert me.get(place).json()["image"] is not None
    (file,) = (small_disk / "files" / "uploads").iterdir()
    assert file.read_bytes() == data


@pytest.fixture
def cache_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "cache-disk", size="8m") as place:
        yield place


def test_on_a_full_disk_the_oldest_cached_cases_go_and_no_case_fails(
    sessions: Sessions, store: LocalStore, tmp_path: Path, cache_disk: Path
) -> None:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    platform = replace(platform, cache=cache_disk / "cache")
    (platform.cache / "cases").mkdir(parents=True)
    old = [platform.cache / "cases" / f"{letter * 64}.nii.gz" for letter in "abcd"]
    for age, path in enumerate(old):
        path.write_bytes(bytes(1024 * KIB))
        os.utime(path, (age + 1, age + 1))
    platform.submit(platform.join("north"), stage=Stage.CHALLENGE)
    with filled(cache_disk):
        drive(platform, FakeRuntime(echo), cache_free_bytes=1500 * KIB)
        left = [path.name[0] for path in old if path.exists()]
    assert left == ["c", "d"], "only as many as it takes"
    with platform.open() as tx:
        assert [run.state for run in tx.session.scalars(select(Run))] == [RunState.SCORED]
        assert {case.attempt for case in tx.session.scalars(select(CaseRun))} == {1}
        assert breaches(tx.session, store) == []


def test_below_the_floor_of_the_stores_disk_nothing_is_claimed_and_nothing_lost(
    sessions: Sessions, tmp_path: Path, small_disk: Path
) -> None:
    store = LocalStore(small_disk / "files")
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    platform.submit(platform.join("north"), stage=Stage.TOY)
    with filled(small_disk, leaving=100 * KIB):
        slot = platform.slot(FakeRuntime(echo), store_free_bytes=200 * KIB)
        assert not work_once(slot, stages=ALL_STAGES)
        assert "MOOD_STORAGE__FREE_BYTES" in str(find_unfitness(slot.node, slot.runtime, slot.door))
    with platform.open() as tx:
        assert {case.attempt for case in tx.session.scalars(select(CaseRun))} == {0}
    drive(platform, FakeRuntime(echo), store_free_bytes=200 * KIB)
    with platform.open() as tx:
        assert [run.state for run in tx.session.scalars(select(Run))] == [RunState.SCORED]


# A store that refuses, at each of its doors


class World:
    def __init__(self, platform: TinyPlatform) -> None:
        self.platform = platform
        team = platform.join("north")
        self.explorer = Explorer(platform, [team], random.Random(1))
        self.explorer.store.fault = None

    def submit(self, stage: Stage) -> None:
        self.submission = self.platform.submit(self.explorer.teams[0], stage=stage)

    def run(self) -> Run:
        """Once all is at rest, without a broken promise."""
        with self.platform.open() as tx:
            assert breaches(tx.session, self.platform.store) == []
        return self.platform.run_of(self.submission)

    def cases(self) -> list[CaseRun]:
        with self.platform.open() as tx:
            return list(tx.session.scalars(select(CaseRun)))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path) -> World:
    return World(make_platform(sessions, store, tmp_path / "sets", cases=2))


def refusing(operation: str, part: str, *, error: int, times: int) -> Callable[[str, str], OSError | None]:
    left = [times]

    def fault(asked: str, key: str) -> OSError | None:
        if asked != operation or part not in key or left[0] == 0:
            return None
        left[0] -= 1
        return system_error(error, key)

    return fault


DOORS = {
    "the scan of a case": ("local", "cases/", errno.EIO),
    "a prediction": ("put_file", "/prediction", errno.ENOSPC),
    "a log": ("put_file", "/log", errno.EDQUOT),
    "a prediction to be scored": ("local", "/prediction", errno.EACCES),
    "a label": ("local", "labels/", errno.EIO),
    "Evidence": ("put_bytes", "/evidence", errno.ENOSPC),
    "Evidence to be pooled": ("local", "/evidence", errno.EIO),
    "the toy report": ("put_bytes", "toy_report", errno.ENOSPC),
    "the results": ("put_bytes", "/results", errno.EROFS),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_store_that_refuses_for_a_moment_costs_nobody_anything(world: World, door: str) -> None:
    operation, part, error = DOORS[door]
    world.submit(Stage.TOY)
    world.explorer.store.fault = refusing(operation, part, error=error, times=2)
    world.explorer.settle()
    assert len(world.explorer.store.refused) == 2
    assert world.run().state is RunState.SCORED
    assert {case.reason for case in world.cases()} <= {None, FailureReason.CRASHED}


@pytest.mark.parametrize("door", ["the scan of a case", "a label", "the results"])
def test_a_store_that_refuses_for_long_lets_the_run_wait_and_organizers_are_asked(
    world: World, door: str
) -> None:
    operation, part, error = DOORS[door]
    world.submit(Stage.CHALLENGE)
    world.explorer.store.fault = refusing(operation, part, error=error, times=-1)
    world.explorer.settle(rounds=12)
    run = world.platform.run_of(world.submission)
    assert run.state.live
    with world.platform.open() as tx:
        assert tx.session.get_one(Submission, world.submission.id).refunded_at is None
    assert (Job.SEND_MAIL, {"kind": "run_parked", "run": str(run.id)}) in world.platform.queue.sent
    world.explorer.come_to_rest()
    assert world.run().state is RunState.SCORED


def test_a_test_set_that_does_not_fit_is_not_installed(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    with platform.open() as tx:
        before = tx.session.scalar(select(func.count()).select_from(TestSet))
    refusing_store = FaultyStore(LocalStore(tmp_path / "other"), full)
    with pytest.raises(OSError, match="No space left"), platform.open() as tx:
        make_edition(tx, store=refusing_store, folder=tmp_path / "more", cases=6)
    with platform.open() as tx:
        assert tx.session.scalar(select(func.count()).select_from(TestSet)) == before


def test_a_leaderboard_that_cannot_be_stored_is_not_published(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    contest = Contest(make_platform(sessions, store, tmp_path / "sets"), tmp_path / "sets")
    contest.enter(contest.join("north"), quality=0.5)
    contest.run()
    refusing_store = FaultyStore(store, full)
    with pytest.raises(OSError, match="No space left"):
        publish_to(contest, refusing_store)
    with contest.platform.open() as tx:
        assert tx.session.scalar(select(func.count()).select_from(Leaderboard)) == 0
    refusing_store.fault = None
    assert publish_to(contest, refusing_store).version == 1


def publish_to(contest: Contest, store: FaultyStore) -> Leaderboard:
    platform = replace(contest.platform, store=store)
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        return publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor="organizer@example.org",
            store=store,
            before_close=True,
        )
