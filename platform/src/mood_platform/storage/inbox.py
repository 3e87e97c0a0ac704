"""Uploads on their way in: a file each, whose size is the offset, and one writer at a time.

No part of the port `ObjectStore`, whose objects are written once: these grow. A complete one is read and
deleted there, as the object `upload_key`.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from mood_platform.errors import Locked, NoSpace, NotFound, OffsetMismatch, TooLarge
from mood_platform.storage.keys import UPLOADS, upload_key

ASK = "Ask for the offset (HEAD)."
TELL = "Your bytes so far are kept. Tell the organizers; they have to make room."
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Inbox:
    root: Path
    """The object store's folder."""

    def path(self, upload_id: UUID) -> Path:
        """Never made from anything a client sent."""
        return self.root / upload_key(upload_id)

    def create(self, upload_id: UUID) -> None:
        path = self.path(upload_id)
        with _noticing_full_disk():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)

    def free_bytes(self) -> int:
        """What its disk has left."""
        self.root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free

    def received(self, upload_id: UUID) -> int:
        """Bytes that have arrived."""
        try:
            return self.path(upload_id).stat().st_size
        except FileNotFoundError:
            raise NotFound("There is no such upload.", remedy="Begin a new one.") from None

    @contextmanager
    def writer(self, upload_id: UUID, *, offset: int, size: int) -> Iterator[Writer]:
        """A locked writer at `offset`; what it wrote stays and is on disk, also when the block breaks off."""
        try:
            stream = self.path(upload_id).open("r+b", buffering=0)
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

    def remove(self, upload_id: UUID) -> None:
        self.path(upload_id).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Of all that lies in it: ids of uploads, and folders of checks."""
        folder = self.root / UPLOADS
        return [path.name for path in folder.iterdir()] if folder.is_dir() else []

    def clear(self, names: Collection[str], *, before: datetime) -> int:
        """Remove those of `names` that nobody touched since: files, and folders of checks that died."""
        paths = [self.root / UPLOADS / name for name in names]
        over = [path for path in paths if _is_older(path, before)]
        for path in over:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(over)


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


def _lock(stream: io.FileIO) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked(
            "Another request is writing to this upload.", remedy=f"Wait for it to end. {ASK}"
        ) from None


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


@contextmanager
def _noticing_full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace("The platform's disk is full.", remedy=TELL) from error
        raise
