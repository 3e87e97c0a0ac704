"""Uploads by tus 1.0.0: create, ask for the offset, append, give up; the last byte makes the Image."""

from __future__ import annotations

from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect

from mood_platform.accounts.principal import Principal
from mood_platform.accounts.service import authenticate
from mood_platform.api.tus import (
    ABOUT,
    PART_TYPE,
    RESUMABLE,
    offset_headers,
    read_metadata,
    read_number,
    require_version,
)
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import Invalid
from mood_platform.http.app import API_PREFIX
from mood_platform.http.context import Context
from mood_platform.http.dependencies import BearerSecret, Me, Tx, World
from mood_platform.models import Upload
from mood_platform.submissions.uploads import (
    cancel_upload,
    create_upload,
    find_upload,
    finish_if_here,
    upload_offset,
)
from mood_platform.views.participant import Moment, View

router = APIRouter(tags=["uploads"])
Version = Annotated[None, Depends(require_version)]
BLOCK = 2**20
"""Bytes handed to the disk at once."""


class UploadView(View):
    id: UUID
    size: int
    offset: int
    expires_at: Moment
    image: UUID | None
    """The Image it became; null until all bytes are here."""


@router.options("/uploads", status_code=204)
@router.options("/uploads/{upload_id}", status_code=204)
def describe_uploads() -> Response:
    """What this server speaks."""
    return Response(status_code=204, headers={**RESUMABLE, **ABOUT})


@router.post("/uploads", status_code=201)
def create(request: Request, tx: Tx, context: World, me: Me, _: Version) -> Response:
    """Begin an upload: Upload-Length, and Upload-Metadata with filename, filetype, sha256."""
    metadata = read_metadata(request)
    upload = create_upload(
        tx,
        principal=me,
        size=read_number(request, "Upload-Length"),
        filename=metadata.get("filename", ""),
        sha256=metadata.get("sha256"),
        limit_bytes=context.settings.api.upload_bytes_max,
        hours=context.settings.api.upload_hours,
        inbox=context.inbox,
        keep_free=context.settings.api.upload_free_bytes,
        team_bytes=context.settings.storage.team_bytes,
    )
    headers = offset_headers(offset=0, size=upload.size, expires_at=upload.expires_at, image=None)
    location = {"Location": f"{API_PREFIX}/uploads/{upload.id}"}
    return Response(status_code=201, headers={**headers, **location})


@router.head("/uploads/{upload_id}")
def read_offset(upload_id: UUID, tx: Tx, context: World, me: Me, _: Version) -> Response:
    """How many bytes have arrived: carry on from there."""
    view = _view(tx, context, me, upload_id)
    headers = offset_headers(offset=view.offset, size=view.size, expires_at=view.expires_at, image=view.image)
    return Response(headers=dict(headers))


@router.get("/uploads/{upload_id}")
def read_upload(upload_id: UUID, tx: Tx, context: World, me: Me) -> UploadView:
    """The same as JSON."""
    return _view(tx, context, me, upload_id)


@router.patch("/uploads/{upload_id}", status_code=204)
async def append_part(
    upload_id: UUID, request: Request, context: World, secret: BearerSecret, _: Version
) -> Response:
    """Append bytes at Upload-Offset. Nothing is held in memory, and no transaction is open meanwhile."""
    if request.headers.get("content-type") != PART_TYPE:
        raise Invalid("Header Content-Type: it is another type.", remedy=f"Send {PART_TYPE}.")
    offset = read_number(request, "Upload-Offset")
    upload = await run_in_threadpool(_open, context, secret, upload_id)
    writing = context.inbox.writer(upload.id, offset=offset, size=upload.size)
    async with contextmanager_in_threadpool(writing) as writer:
        async for block in _blocks(request, idle_seconds=context.settings.api.upload_idle_seconds):
            await run_in_threadpool(writer.write, block)
    view = await run_in_threadpool(_conclude, context, secret, upload_id)
    headers = offset_headers(offset=view.offset, size=view.size, expires_at=view.expires_at, image=view.image)
    return Response(status_code=204, headers=dict(headers))


@router.delete("/uploads/{upload_id}", status_code=204)
def delete_upload(upload_id: UUID, tx: Tx, context: World, me: Me, _: Version) -> Response:
    """Give up an unfinished upload."""
    cancel_upload(tx, principal=me, upload_id=upload_id, inbox=context.inbox)
    return Response(status_code=204, headers=RESUMABLE)


def _open(context: Context, secret: str, upload_id: UUID) -> Upload:
    with transaction(context.sessions, context.queue) as tx:
        return find_upload(tx, principal=authenticate(tx, secret=secret), upload_id=upload_id)


def _conclude(context: Context, secret: str, upload_id: UUID) -> UploadView:
    """After a part, of no byte perhaps: where all of it is here, the Image is made."""
    with transaction(context.sessions, context.queue) as tx:
        me = authenticate(tx, secret=secret)
        upload = find_upload(tx, principal=me, upload_id=upload_id, lock=True)
        finish_if_here(tx, upload, inbox=context.inbox, actor=me.actor)
        return _view(tx, context, me, upload_id)


def _view(tx: Transaction, context: Context, me: Principal, upload_id: UUID) -> UploadView:
    """Where it stands; looking changes nothing."""
    upload = find_upload(tx, principal=me, upload_id=upload_id)
    return UploadView(
        id=upload.id,
        size=upload.size,
        offset=upload_offset(upload, inbox=context.inbox),
        expires_at=upload.expires_at,
        image=upload.image_id,
    )


async def _blocks(request: Request, *, idle_seconds: float) -> AsyncIterator[bytes]:
    """The body in blocks worth a write; what a broken or silent connection left is kept too.

    A silent one must end: it holds the upload's lock, and its team carries on over another.
    """
    buffer = bytearray()
    chunks = aiter(request.stream())
    with suppress(ClientDisconnect, TimeoutError, StopAsyncIteration):
        while True:
            async with timeout(idle_seconds):
                chunk = await anext(chunks)
            buffer += chunk
            if len(buffer) >= BLOCK:
                yield bytes(buffer)
                buffer.clear()
    yield bytes(buffer)
