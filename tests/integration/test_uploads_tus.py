"""Uploads: resumed at the file's size, bound to their team, never longer than promised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OffsetMismatch,
    QuotaExceeded,
    StageClosed,
    TooLarge,
)
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Challenge, Image, ImageState, Upload, UploadState
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.purge import purge_uploads
from mood_platform.submissions.uploads import (
    OPEN_UPLOADS,
    cancel_upload,
    create_upload,
    find_upload,
    finish_if_here,
    upload_offset,
)
from mood_support.edition import make_edition, make_participant
from mood_support.intake import append

pytestmark = pytest.mark.integration
DATA = bytes(range(200))


class World:
    """An open challenge, two teams, and the folder of the store."""

    def __init__(self, sessions: Sessions, store: LocalStore) -> None:
        self.sessions, self.root, self.queue = sessions, store.root, FakeQueue()
        with transaction(sessions, self.queue) as tx:
            self.challenge: Challenge = make_edition(
                tx, store=store, folder=store.root.parent / "sets", cases=2
            )
            self.north, self.south = make_participant(tx, "north"), make_participant(tx, "south")

    def begin(self, *, size: int = len(DATA), by: Principal | None = None, limit: int = 2**30) -> UUID:
        with transaction(self.sessions, self.queue) as tx:
            return create_upload(
                tx,
                principal=by or self.north,
                size=size,
                filename="../../etc/my image.tar",
                sha256=None,
                limit_bytes=limit,
                hours=48,
                inbox=Inbox(self.root),
            ).id

    def send(self, upload_id: UUID, data: bytes, *, offset: int) -> int:
        return append(Inbox(self.root), upload_id, offset=offset, size=len(DATA), chunks=[data])

    def finish(self, upload_id: UUID) -> Image | None:
        with transaction(self.sessions, self.queue) as tx:
            upload = find_upload(tx, principal=self.north, upload_id=upload_id, lock=True)
            finish_if_here(tx, upload, inbox=Inbox(self.root), actor=self.north.actor)
            return tx.session.get(Image, upload_id)


@pytest.fixture
def world(sessions: Sessions, store: LocalStore) -> World:
    return World(sessions, store)


def test_an_upload_is_resumed_where_the_file_ends(world: World) -> None:
    upload_id = world.begin()
    assert Inbox(world.root).received(upload_id) == 0
    assert world.send(upload_id, DATA[:70], offset=0) == 70
    assert Inbox(world.root).received(upload_id) == 70
    assert world.send(upload_id, DATA[70:], offset=70) == len(DATA)
    assert Inbox(world.root).path(upload_id).read_bytes() == DATA


def test_what_arrived_before_the_connection_broke_is_kept(world: World) -> None:
    upload_id = world.begin()

    def breaking() -> Iterator[bytes]:
        yield DATA[:50]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        append(Inbox(world.root), upload_id, offset=0, size=len(DATA), chunks=breaking())
    assert Inbox(world.root).received(upload_id) == 50


def test_a_wrong_offset_names_the_right_one(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, DATA[:70], offset=0)
    with pytest.raises(OffsetMismatch, match="at byte 70, not 60"):
        world.send(upload_id, DATA[60:], offset=60)
    assert Inbox(world.root).received(upload_id) == 70


def test_more_than_was_promised_is_refused(world: World) -> None:
    upload_id = world.begin()
    with pytest.raises(TooLarge):
        world.send(upload_id, DATA + b"x", offset=0)
    assert Inbox(world.root).received(upload_id) == 0


def test_two_requests_never_write_at_once(world: World) -> None:
    upload_id = world.begin()
    with Inbox(world.root).writer(upload_id, offset=0, size=len(DATA)) as writer:
        writer.write(DATA[:10])
        with pytest.raises(Conflict, match="Another request"):
            world.send(upload_id, DATA[:10], offset=0)
    assert Inbox(world.root).received(upload_id) == 10


def test_a_finished_upload_becomes_one_image_and_rings_intake(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, DATA, offset=0)
    image = world.finish(upload_id)
    assert image is not None
    assert (image.state, image.name, image.size) == (ImageState.RECEIVED, "my image.tar", len(DATA))
    again = world.finish(upload_id)
    assert again is not None
    assert again.id == image.id
    assert world.queue.sent == [("image.check", {"image_id": str(image.id)})]
    with transaction(world.sessions, world.queue) as tx:
        found = find_upload(tx, principal=world.north, upload_id=upload_id)
        assert found.state is UploadState.COMPLETE
        Inbox(world.root).path(upload_id).unlink()
        assert upload_offset(found, inbox=Inbox(world.root)) == len(DATA)


def test_an_unfinished_upload_does_not_become_an_image(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, DATA[:70], offset=0)
    assert world.finish(upload_id) is None
    assert world.queue.sent == []


def test_another_teams_upload_looks_like_an_unknown_one(world: World) -> None:
    upload_id = world.begin()
    answers = []
    for wanted in (upload_id, uuid4()):
        with pytest.raises(NotFound) as caught, transaction(world.sessions, world.queue) as tx:
            find_upload(tx, principal=world.south, upload_id=wanted)
        answers.append((caught.value.detail, caught.value.remedy))
    assert len(set(answers)) == 1


def test_size_is_checked_before_the_first_byte(world: World) -> None:
    with pytest.raises(TooLarge, match="limit is 1000"):
        world.begin(size=10**9, limit=1000)
    for size in (0, -5):
        with pytest.raises(Invalid):
            world.begin(size=size)
    assert list((world.root / "uploads").glob("*")) == []


def test_a_user_without_a_team_cannot_begin(world: World) -> None:
    with pytest.raises(Forbidden, match="not in a team"):
        world.begin(by=Principal(user=world.north.user, team=None, organizer=False))


def test_a_closed_challenge_takes_no_new_upload(world: World) -> None:
    with transaction(world.sessions, world.queue) as tx:
        tx.session.get_one(Challenge, world.challenge.id).closes = tx.now
    with pytest.raises(StageClosed):
        world.begin()


def test_unfinished_uploads_are_counted(world: World) -> None:
    ids = [world.begin() for _ in range(OPEN_UPLOADS)]
    with pytest.raises(QuotaExceeded):
        world.begin()
    world.begin(by=world.south)
    with transaction(world.sessions, world.queue) as tx:
        cancel_upload(tx, principal=world.north, upload_id=ids[0], inbox=Inbox(world.root))
    assert not Inbox(world.root).path(ids[0]).exists()
    world.begin()


def test_a_complete_upload_cannot_be_cancelled(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, DATA, offset=0)
    world.finish(upload_id)
    with pytest.raises(Conflict), transaction(world.sessions, world.queue) as tx:
        cancel_upload(tx, principal=world.north, upload_id=upload_id, inbox=Inbox(world.root))
    assert Inbox(world.root).path(upload_id).exists()


def test_late_uploads_are_forgotten_and_orphans_deleted(world: World) -> None:
    late, live = world.begin(), world.begin()
    orphan = Inbox(world.root).path(uuid4())
    orphan.write_bytes(b"x")
    (orphan.parent / "dead check").mkdir()
    with transaction(world.sessions, world.queue) as tx:
        tx.session.get_one(Upload, late).expires_at = tx.now
    with transaction(world.sessions, world.queue) as tx:
        assert purge_uploads(tx, inbox=Inbox(world.root)) == 0
        tx.now += timedelta(hours=25)
        assert purge_uploads(tx, inbox=Inbox(world.root)) == 3
    assert [path.name for path in (world.root / "uploads").iterdir()] == [str(live)]
    with transaction(world.sessions, world.queue) as tx:
        states = dict(tx.session.execute(select(Upload.id, Upload.state)).all())
        assert states == {late: UploadState.EXPIRED, live: UploadState.RECEIVING}
        with pytest.raises(NotFound):
            find_upload(tx, principal=world.north, upload_id=late)
