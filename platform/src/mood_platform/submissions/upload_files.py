"""Bytes of a tus upload on disk: the offset is the file's size, one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mood_platform.errors import Locked, NoSpace, NotFound, OffsetMismatch, TooLarge

ASK = "Ask for the offset (HEAD)."
TELL = "Your bytes so far are kept. Tell the organizers; they have to make room."
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def upload_path(root: Path, upload_id: UUID) -> Path:
    """The upload's file below the object store's folder; never made from anything a client sent."""
    return root / "uploads" / str(upload_id)


def create_file(root: Path, upload_id: UUID) -> None:
    path = upload_path(root, upload_id)
    with _noticing_full_disk():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)


def free_bytes(root: Path) -> int:
    """What the disk of the object store has left."""
    root.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(root).free


def received(root: Path, upload_id: UUID) -> int:
    """Bytes that have arrived."""
    try:
        return upload_path(root, upload_id).stat().st_size
    except FileNotFoundError:
        raise NotFound("There is no such upload.", remedy="Begin a new one.") from None


@dataclass(slots=True)
class Writer:
    """Appends chunks, never beyond the promised size."""

    stream: io.FileIO
    offset: int
    size: int

    def write(self, chunk: bytes) -> None:
        if self.offset + len(chunk) > self.size:
            raise TooLarge(
                f"The upload is longer than the {self.size} bytes it promised.", remedy="Begin a new upload."
            )
        rest = memoryview(chunk)
        while rest:
            with _noticing_full_disk():
                written = self.stream.write(rest)
            self.offset += written
            rest = rest[written:]


@contextmanager
def open_writer(root: Path, upload_id: UUID, *, offset: int, size: int) -> Iterator[Writer]:
    """A locked writer at `offset`; what it wrote stays and is on disk, also when the block breaks off."""
    try:
        stream = upload_path(root, upload_id).open("r+b", buffering=0)
    except FileNotFoundError:
        raise NotFound("There is no such upload.", remedy="Begin a new one.") from None
    with stream:
        _lock(stream)
        at = stream.seek(0, os.SEEK_END)
        if at != offset:
            raise OffsetMismatch(f"The upload is at byte {at}, not {offset}.", remedy=ASK)
        writer = Writer(stream, offset, size)
        try:
            yield writer
        finally:
            with _noticing_full_disk():
                os.fsync(stream.fileno())


def append(root: Path, upload_id: UUID, *, offset: int, size: int, chunks: Iterable[bytes]) -> int:
    """Write all chunks at `offset`; the new offset."""
    with open_writer(root, upload_id, offset=offset, size=size) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return writer.offset


def _lock(stream: io.FileIO) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked(
            "Another request is writing to this upload.", remedy=f"Wait for it to end. {ASK}"
        ) from None


@contextmanager
def _noticing_full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace("The platform's disk is full.", remedy=TELL) from error
        raise
