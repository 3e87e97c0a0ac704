"""Intake: an uploaded archive becomes an accepted image, or a rejection that names the remedy. Repeatable.

It reads files and writes files: no engine is asked, so no local image can be touched by what an archive says.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, update

from mood_platform.characters import plain
from mood_platform.db.engine import Sessions
from mood_platform.db.outages import forgiving_outages
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import NotFound, SubmissionFault, Transient
from mood_platform.failures import FailureReason
from mood_platform.images import intake_child
from mood_platform.images.archive import NoRoom
from mood_platform.images.image_config import ImageFacts
from mood_platform.keeping.images import KEPT, image_turn
from mood_platform.keeping.ledger import team_storage
from mood_platform.models import Image, ImageState, Team, Upload, UploadState
from mood_platform.queueing import JobQueue, SendMail
from mood_platform.storage.keys import image_key, upload_key
from mood_platform.storage.store import ObjectStore
from mood_platform.terms import MailKind

log = logging.getLogger(__name__)
UNCHECKED = (ImageState.RECEIVED, ImageState.CHECKING)
NO_BOUND = 2**63 - 1
MOST_ATTEMPTS = 3
WAITS = "The platform has no room for it just now; it is checked as soon as there is. Nothing is lost."
LONGEST_DETAIL = 500
CHECK_FOLDER = ".check"
"""Ending of the folder beside an upload in which its check writes."""


class Checker(Protocol):
    """Checks an archive and writes the clean one; the default does it in a limited child process."""

    def __call__(self, source: Path, target: Path, *, limit: int, room: int) -> ImageFacts: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much may be kept, in bytes."""

    team_bytes: int = NO_BOUND
    """By one team, its toy cases' leftovers included."""
    keep_free: int = 0
    """Left free on the disk."""


WITHOUT_BOUND = Room()


def check_image(
    sessions: Sessions,
    queue: JobQueue,
    store: ObjectStore,
    *,
    image_id: UUID,
    limit: int,
    check: Checker = intake_child.check_image,
    room: Room = WITHOUT_BOUND,
) -> None:
    """Several short transactions around the check; an image that is decided already is left alone.

    `limit` is the platform's for an unpacked image; that of an edition is looked at when it is submitted.
    """
    with transaction(sessions, queue) as tx:
        order = _begin(tx, image_id, limit, room)
    if order is None:
        return
    with ExitStack() as turn:
        try:
            with forgiving_outages(sessions, queue, Image.attempt, of=image_id):
                found = _take_in(sessions, store, order, check, turn)
        except _DiskFull as error:
            _wait_for_room(sessions, queue, image_id, error.needs)
            return
        with transaction(sessions, queue) as tx:
            _decide(tx, image_id, found)
    store.delete(order.key)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be checked."""

    key: str
    sha256: str | None
    limit: int
    """Bytes of the unpacked image."""
    attempt: int
    needs: int
    """Bytes that it was found to have unpacked when it had to wait for room; else 0."""
    team_id: UUID
    team_left: int
    """Bytes that its team may still keep."""
    keep_free: int


@dataclass(frozen=True, slots=True)
class _Taken:
    """A good image, and the bytes of its clean archive; 0: its team keeps the same one already."""

    facts: ImageFacts
    size: int


class _DiskFull(Exception):
    """The team may keep it, and the disk has no room now."""

    def __init__(self, needs: int) -> None:
        super().__init__(f"There is no room for {needs} bytes.")
        self.needs = needs


def _begin(tx: Transaction, image_id: UUID, limit: int, room: Room) -> _Order | None:
    found = tx.session.execute(
        select(Image, Upload)
        .join(Upload, Upload.image_id == Image.id)
        .where(Image.id == image_id, Image.state.in_(UNCHECKED))
        .with_for_update(of=Image, key_share=True)
    ).one_or_none()
    if found is None:
        return None
    image, upload = found
    if image.state is ImageState.RECEIVED:
        image.advance(ImageState.CHECKING, now=tx.now)
    image.attempt += 1  # before the work, so that an archive that kills its checker is counted too
    return _Order(
        key=upload_key(upload.id),
        sha256=upload.sha256,
        limit=limit,
        attempt=image.attempt,
        needs=int(image.facts.get("unpacked", 0)),
        team_id=image.team_id,
        team_left=team_storage(tx, team_id=image.team_id, limit=room.team_bytes).left,
        keep_free=room.keep_free,
    )


def _wait_for_room(sessions: Sessions, queue: JobQueue, image_id: UUID, needs: int) -> None:
    """It costs no attempt, however long it lasts; the sweeper rings again, and nothing is read meanwhile."""
    log.warning("Image %s waits: there is no room for %d bytes.", image_id, needs)
    waiting = {"attempt": Image.attempt - 1, "detail": WAITS, "facts": {"unpacked": needs}}
    with transaction(sessions, queue) as tx:
        still = (Image.id == image_id, Image.state == ImageState.CHECKING)
        tx.session.execute(update(Image).where(*still).values(**waiting))


def _take_in(
    sessions: Sessions, store: ObjectStore, order: _Order, check: Checker, turn: ExitStack
) -> _Taken | SubmissionFault:
    """Check the archive and store the clean one under its digest; the clean one is named by what it holds.

    `turn` ends when the row says so: until then nobody takes the archive for forsaken.
    """
    try:
        with store.local(order.key) as source, _folder_beside(source) as folder:
            if order.attempt > MOST_ATTEMPTS:
                return SubmissionFault(FailureReason.CHECK_FAILED)
            clean = folder / "image.tar"
            if _room_for(folder, order) < order.needs <= order.team_left:
                raise _DiskFull(order.needs)
            try:
                facts = _check_as_promised(source, clean, order, check)
            except NoRoom as error:
                return _judge_size(sessions, order, error)
            turn.enter_context(image_turn(sessions, digest=facts.digest))
            store.put_file(image_key(facts.digest), clean)
            return _Taken(facts, clean.stat().st_size)
    except NotFound:
        return SubmissionFault(FailureReason.CHECK_FAILED, "The uploaded file is gone; upload it again.")
    except SubmissionFault as fault:
        return fault


def _judge_size(sessions: Sessions, order: _Order, error: NoRoom) -> _Taken | SubmissionFault:
    """What its team keeps already takes no room; what the disk has no room for waits."""
    facts = error.facts
    with sessions() as session:
        same = (Image.team_id == order.team_id, Image.digest == facts.digest)
        if session.scalar(select(Image.id).where(*same, *KEPT)) is not None:
            return _Taken(facts, 0)
    if facts.unpacked > order.team_left:
        detail = f"It has {facts.unpacked} bytes unpacked; your team may keep {order.team_left} more."
        return SubmissionFault(FailureReason.STORAGE_FULL, detail)
    raise _DiskFull(facts.unpacked)


def _room_for(folder: Path, order: _Order) -> int:
    """The clean archive stands twice for a moment: where it is made, and in the store."""
    free = shutil.disk_usage(folder).free - order.keep_free
    return min(order.team_left, max(0, free // 2))


@contextmanager
def _folder_beside(source: Path) -> Iterator[Path]:
    """The same for every attempt, so that a check that was killed leaves nothing for long."""
    folder = source.with_name(source.name + CHECK_FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_as_promised(source: Path, clean: Path, order: _Order, check: Checker) -> ImageFacts:
    """A file that is not what the team sent is damaged, whatever else the check finds in it."""
    try:
        facts = check(source, clean, limit=order.limit, room=_room_for(clean.parent, order))
    except SubmissionFault:
        if order.sha256 is not None:
            _compare(_hash(source), order.sha256)
        raise
    if order.sha256 is not None:
        _compare(facts.archive_sha256, order.sha256)  # the check has read every byte already
    return facts


def _hash(source: Path) -> str:
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _compare(found: str, promised: str) -> None:
    if found != promised:
        detail = f"The file that arrived has the SHA-256 {found}, you announced {promised}."
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED, detail)


def _decide(tx: Transaction, image_id: UUID, found: _Taken | SubmissionFault) -> None:
    query = select(Image).where(Image.id == image_id).with_for_update(key_share=True)
    image = tx.session.scalar(query)
    if image is None or image.state is not ImageState.CHECKING:
        return
    image.checked_at = tx.now
    brought = select(Upload).where(Upload.image_id == image.id, Upload.state == UploadState.COMPLETE)
    for upload in tx.session.scalars(brought.with_for_update(key_share=True)):
        upload.advance(UploadState.USED, now=tx.now)
    if isinstance(found, SubmissionFault):
        reject(tx, image, found)
    else:
        _accept(tx, image, found)


def reject(tx: Transaction, image: Image, fault: SubmissionFault) -> None:
    """With the reason and its evidence, of which the team is told. The Image is locked."""
    image.advance(ImageState.REJECTED, now=tx.now, reason=fault.reason)
    image.facts = {}
    image.detail = "" if fault.detail == fault.reason.text else _shown(fault.detail)
    tx.enqueue(SendMail(MailKind.IMAGE_REJECTED, image.id))


def _shown(text: str) -> str:
    """Names from inside an archive may be endless, or hold what neither a page nor the database takes."""
    short = text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"
    return plain(short, lines="")


def _accept(tx: Transaction, image: Image, taken: _Taken) -> None:
    """The Team row is locked, so that of two equal images handed in at once one is merged into the other."""
    tx.session.scalars(select(Team).where(Team.id == image.team_id).with_for_update(key_share=True)).one()
    facts = taken.facts
    same = (Image.team_id == image.team_id, Image.digest == facts.digest)
    known = tx.session.scalar(select(Image).where(*same))
    if known is not None and known.removed_at is not None and taken.size == 0:
        raise Transient("The image that it equals was removed just now.", remedy="It is checked again.")
    if known is not None:
        _merge(tx, image, into=known, facts=facts)
        known.kept_bytes = taken.size or known.kept_bytes
        return
    image.kept_bytes, image.detail = taken.size, ""
    image.digest, image.facts = facts.digest, facts.to_json()
    image.advance(ImageState.ACCEPTED, now=tx.now)


def _merge(tx: Transaction, image: Image, *, into: Image, facts: ImageFacts) -> None:
    """The team has this image already, or had it: what it uploaded leads to that one, which is kept again.

    What the check says today counts, also where an earlier one said otherwise.
    """
    if into.state is ImageState.REJECTED:
        into.advance(ImageState.ACCEPTED, now=tx.now)
    into.detail, into.facts = "", facts.to_json()
    into.removed_at, into.removed_by, into.leaves_at = None, "", None
    into.upload_begun_at = min(into.upload_begun_at, image.upload_begun_at)
    tx.session.execute(update(Upload).where(Upload.image_id == image.id).values(image_id=into.id))
    tx.session.delete(image)
