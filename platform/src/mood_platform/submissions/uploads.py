"""Uploads as rows: who may begin one, whose it is, when it is complete, when it is forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePath
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.queries import list_challenges
from mood_platform.challenges.window import check_upload_window
from mood_platform.characters import is_blank, plain
from mood_platform.db.transaction import Transaction
from mood_platform.errors import (
    Conflict,
    Invalid,
    NoSpace,
    NotFound,
    QuotaExceeded,
    TooLarge,
)
from mood_platform.keeping.ledger import check_room
from mood_platform.models import Image, Team, Upload, UploadState
from mood_platform.queueing import CheckImage
from mood_platform.storage.inbox import Inbox

OPEN_UPLOADS = 8
"""A team's uploads that are unfinished or not checked yet, at any time."""
OPEN_LIMITS = 2
"""So many times the largest upload they may have together."""
LONGEST_NAME = 200
OVERHEAD = 2**20
"""Bytes of tar and JSON around an image that do not count against its limit."""


def create_upload(
    tx: Transaction,
    *,
    principal: Principal,
    size: int,
    filename: str,
    sha256: str | None,
    limit_bytes: int,
    hours: float,
    inbox: Inbox,
    keep_free: int = 0,
    team_bytes: int | None = None,
) -> Upload:
    """All that can be known is checked before the first byte."""
    team = principal.require_team()
    check_upload_window(list_challenges(tx), now=tx.now)
    _check_size(size, limit_bytes)
    if sha256 is not None and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise Invalid("Metadata sha256: it is no SHA-256.", remedy="Send 64 lower-case hexadecimal digits.")
    _check_open_uploads(tx, team, size=size, most=OPEN_LIMITS * limit_bytes)
    if team_bytes is not None:
        check_room(tx, team=team, limit=team_bytes, more=size)
    _check_space(inbox, size=size, keep_free=keep_free)
    upload = Upload(
        team_id=team.id,
        user_id=principal.user.id,
        size=size,
        filename=_base_name(filename),
        sha256=sha256,
        state_since=tx.now,
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=hours),
    )
    tx.session.add(upload)
    tx.session.flush()
    inbox.create(upload.id)
    return upload


def find_upload(tx: Transaction, *, principal: Principal, upload_id: UUID, lock: bool = False) -> Upload:
    """The team's own upload that is not over; anyone else's looks unknown."""
    team_id = principal.team.id if principal.team else None
    query = select(Upload).where(Upload.id == upload_id, Upload.team_id == team_id)
    upload = tx.session.scalar(query.with_for_update(key_share=True) if lock else query)
    if upload is None or upload.state is UploadState.EXPIRED:
        raise NotFound("There is no such upload.", remedy="Begin a new one.")
    if upload.state is UploadState.RECEIVING and upload.expires_at <= tx.now:
        raise NotFound("The upload has expired.", remedy="Begin a new one.")
    return upload


def upload_offset(upload: Upload, *, inbox: Inbox) -> int:
    """Bytes received; a complete upload stays at its size even after its file has become an image."""
    return inbox.received(upload.id) if upload.state is UploadState.RECEIVING else upload.size


def finish_arrived(tx: Transaction, *, inbox: Inbox) -> int:
    """Make the Images of uploads that are all here, whose server died before; gives their number."""
    receiving = (Upload.state == UploadState.RECEIVING, Upload.expires_at > tx.now)
    query = select(Upload).where(*receiving).with_for_update(key_share=True, skip_locked=True)
    return sum(
        finish_if_here(tx, upload, inbox=inbox, actor=PLATFORM) for upload in tx.session.scalars(query)
    )


def finish_if_here(tx: Transaction, upload: Upload, *, inbox: Inbox, actor: str) -> bool:
    """Once all bytes have come: make the Image, which intake checks. The upload is locked.

    The Image has the upload's id, so that a team finds what it sent even where it was one it had already.
    """
    if upload.state is not UploadState.RECEIVING or not _is_all_here(upload, inbox):
        return False
    upload.advance(UploadState.COMPLETE, now=tx.now)
    image = Image(
        id=upload.id,
        team_id=upload.team_id,
        name=upload.filename,
        size=upload.size,
        upload_begun_at=upload.created_at,
        state_since=tx.now,
        created_at=tx.now,
    )
    tx.session.add(image)
    tx.session.flush()
    upload.image_id = image.id
    audit(tx, actor=actor, action="image.receive", subject=subject_of("image", image))
    tx.enqueue(CheckImage(image.id))
    return True


def _is_all_here(upload: Upload, inbox: Inbox) -> bool:
    """One whose file is gone will never be."""
    try:
        return inbox.received(upload.id) == upload.size
    except NotFound:
        return False


def cancel_upload(tx: Transaction, *, principal: Principal, upload_id: UUID, inbox: Inbox) -> None:
    """Give up an unfinished upload; its bytes are removed."""
    upload = find_upload(tx, principal=principal, upload_id=upload_id, lock=True)
    if upload.state is not UploadState.RECEIVING:
        raise Conflict("The upload is complete.", remedy="Nothing to cancel; it became an image.")
    upload.advance(UploadState.EXPIRED, now=tx.now)
    inbox.remove(upload.id)


def _check_size(size: int, limit_bytes: int) -> None:
    if size <= 0:
        raise Invalid(f"Upload-Length is {size}.", remedy="Send the size of the file in bytes.")
    if size > limit_bytes + OVERHEAD:
        raise TooLarge(
            f"The file has {size} bytes, the limit is {limit_bytes}.",
            remedy="Make the image smaller; compress the archive with gzip.",
        )


def _check_open_uploads(tx: Transaction, team: Team, *, size: int, most: int) -> None:
    """The Team row is locked, so that two requests cannot both be the last one."""
    tx.session.scalars(select(Team).where(Team.id == team.id).with_for_update(key_share=True)).one()
    receiving = and_(Upload.state == UploadState.RECEIVING, Upload.expires_at > tx.now)
    unchecked = Upload.state == UploadState.COMPLETE
    count, promised = tx.session.execute(
        select(func.count(), func.coalesce(func.sum(Upload.size), 0)).where(
            Upload.team_id == team.id, or_(receiving, unchecked)
        )
    ).one()
    if count >= OPEN_UPLOADS:
        raise QuotaExceeded(
            f"Your team has {count} uploads that are unfinished or not checked yet.",
            remedy="Finish or delete one of them first.",
        )
    if promised + size > most + OVERHEAD:
        raise QuotaExceeded(
            f"With this one your team's open uploads would have {promised + size} bytes; {most} are allowed.",
            remedy="Finish or delete one of them first.",
        )


def _check_space(inbox: Inbox, *, size: int, keep_free: int) -> None:
    if inbox.free_bytes() - size < keep_free:
        raise NoSpace(
            f"The platform has no room for {size} bytes.",
            remedy="Nothing is lost. Tell the organizers; they have to make room.",
        )


def _base_name(filename: str) -> str:
    """The last part of what the client calls its file; shown, never used as a path."""
    name = PurePath(filename.replace("\\", "/")).name
    clean = plain(name, instead="", lines="")[:LONGEST_NAME]
    return "image.tar" if is_blank(clean.strip(". ")) else clean
