"""Intake: an uploaded archive becomes an accepted image, or a rejection that names the remedy. Repeatable.

It reads files and writes files: no engine is asked, so no local image can be touched by what an archive says.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, update

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import NotFound, SubmissionFault
from mood_platform.execution import intake_child
from mood_platform.execution.image_config import ImageFacts
from mood_platform.failures import FailureReason
from mood_platform.keeping.images import image_key
from mood_platform.models import Image, ImageState, Team, Upload, UploadState
from mood_platform.queueing import Job, JobQueue
from mood_platform.runs.scoring_attempts import OUTAGE
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.upload_files import upload_key

UNCHECKED = (ImageState.RECEIVED, ImageState.CHECKING)
MOST_ATTEMPTS = 3
LONGEST_DETAIL = 500
CHECK_FOLDER = ".check"
"""Ending of the folder beside an upload in which its check writes."""


class Checker(Protocol):
    """Checks an archive and writes the clean one; the default does it in a limited child process."""

    def __call__(self, source: Path, target: Path, *, limit: int) -> ImageFacts: ...


def check_image(
    sessions: Sessions,
    queue: JobQueue,
    store: ObjectStore,
    *,
    image_id: UUID,
    limit: int,
    check: Checker = intake_child.check_image,
) -> None:
    """Several short transactions around the check; an image that is decided already is left alone.

    `limit` is the platform's for an unpacked image; that of an edition is looked at when it is submitted.
    """
    with transaction(sessions, queue) as tx:
        order = _begin(tx, image_id, limit)
    if order is None:
        return
    with _forgiving_outages(sessions, queue, image_id):
        found = _take_in(store, order, check)
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


def _begin(tx: Transaction, image_id: UUID, limit: int) -> _Order | None:
    found = tx.session.execute(
        select(Image, Upload)
        .join(Upload, Upload.image_id == Image.id)
        .where(Image.id == image_id, Image.state.in_(UNCHECKED))
        .with_for_update(of=Image, key_share=True)
    ).one_or_none()
    if found is None:
        return None
    image, upload = found
    image.state = ImageState.CHECKING
    image.attempt += 1  # before the work, so that an archive that kills its checker is counted too
    return _Order(upload_key(upload.id), upload.sha256, limit, image.attempt)


@contextmanager
def _forgiving_outages(sessions: Sessions, queue: JobQueue, image_id: UUID) -> Iterator[None]:
    """A full disk or a store that is away says nothing about the image: for a while it costs no attempt."""
    try:
        yield
    except OSError:
        with transaction(sessions, queue) as tx:
            still = (Image.id == image_id, Image.attempt > 0, Image.created_at > tx.now - OUTAGE)
            tx.session.execute(update(Image).where(*still).values(attempt=Image.attempt - 1))
        raise


def _take_in(store: ObjectStore, order: _Order, check: Checker) -> ImageFacts | SubmissionFault:
    """Check the archive and store the clean one under its digest; the clean one is named by what it holds."""
    try:
        with store.local(order.key) as source, _folder_beside(source) as folder:
            if order.attempt > MOST_ATTEMPTS:
                return SubmissionFault(FailureReason.CHECK_FAILED)
            clean = folder / "image.tar"
            facts = _check_as_promised(source, clean, order, check)
            store.put_file(image_key(facts.digest), clean)
    except NotFound:
        return SubmissionFault(FailureReason.CHECK_FAILED, "The uploaded file is gone; upload it again.")
    except SubmissionFault as fault:
        return fault
    return facts


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
        facts = check(source, clean, limit=order.limit)
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


def _decide(tx: Transaction, image_id: UUID, found: ImageFacts | SubmissionFault) -> None:
    query = select(Image).where(Image.id == image_id).with_for_update(key_share=True)
    image = tx.session.scalar(query)
    if image is None or image.state is not ImageState.CHECKING:
        return
    image.checked_at = tx.now
    tx.session.execute(update(Upload).where(Upload.image_id == image.id).values(state=UploadState.USED))
    if isinstance(found, SubmissionFault):
        _reject(tx, image, found)
    else:
        _accept(tx, image, found)


def _reject(tx: Transaction, image: Image, fault: SubmissionFault) -> None:
    image.state, image.reason = ImageState.REJECTED, fault.reason
    image.detail = "" if fault.detail == fault.reason.text else _printable(fault.detail)
    tx.enqueue(Job.SEND_MAIL, kind="image_rejected", image=str(image.id))


def _printable(text: str) -> str:
    """Names from inside an archive may be endless, or hold what neither a page nor the database takes."""
    short = text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in short
    )


def _accept(tx: Transaction, image: Image, facts: ImageFacts) -> None:
    """The Team row is locked, so that of two equal images handed in at once one is merged into the other."""
    tx.session.scalars(select(Team).where(Team.id == image.team_id).with_for_update(key_share=True)).one()
    same = (Image.team_id == image.team_id, Image.digest == facts.digest)
    known = tx.session.scalar(select(Image).where(*same))
    if known is not None:
        _merge(tx, image, into=known)
        return
    image.state, image.digest, image.facts = ImageState.ACCEPTED, facts.digest, facts.to_json()


def _merge(tx: Transaction, image: Image, *, into: Image) -> None:
    """The team has this image already, or had it: what it uploaded leads to that one, which is kept again."""
    into.removed_at, into.removed_by, into.leaves_at = None, "", None
    into.upload_begun_at = min(into.upload_begun_at, image.upload_begun_at)
    tx.session.execute(update(Upload).where(Upload.image_id == image.id).values(image_id=into.id))
    tx.session.delete(image)
