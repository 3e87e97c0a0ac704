"""Byte streams of an archive: hashed, counted and bounded while something else reads them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason

CHUNK = 2**20
WINDOW = 2**16
"""What tarfile reads ahead: it moves all of it for each header that it takes out."""
_GZIP_MAGIC = b"\x1f\x8b"

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a cut or damaged gzip stream raises."""


class Budget:
    """What may still come, in bytes or pieces; shared by all streams of one archive."""

    def __init__(self, limit: int, reason: FailureReason = FailureReason.IMAGE_TOO_LARGE) -> None:
        self._left = limit
        self._reason = reason

    def spend(self, count: int) -> None:
        self.require(count)
        self._left -= count

    def require(self, count: int) -> None:
        """Whether so much may still come."""
        if count > self._left:
            raise SubmissionFault(self._reason)


class CountedStream(io.RawIOBase):
    """Passes a stream through within a budget."""

    def __init__(self, source: BinaryIO, budget: Budget | None = None) -> None:
        self._source = source
        self._budget = budget
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(CHUNK if size < 0 else size)
        self.size += len(block)
        if self._budget is not None:
            self._budget.spend(len(block))
        return block


class HashedStream(CountedStream):
    """Takes the SHA-256 of what passes through, too."""

    def __init__(self, source: BinaryIO, budget: Budget | None = None) -> None:
        super().__init__(source, budget)
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = super().read(size)
        self._sha256.update(block)
        return block

    def finish(self) -> str:
        """Reads what is left and returns the digest of all of it."""
        while self.read(CHUNK):
            pass
        return self._sha256.hexdigest()


class _Rewound(io.RawIOBase):
    """A stream whose first bytes were already taken."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self._head = head
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._source.read(size)
        part, self._head = self._head[:size], self._head[size:]
        return part

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # what BufferedReader asks for
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


def peek(source: BinaryIO, count: int) -> tuple[bytes, BinaryIO]:
    """The first bytes, and the stream as if they had not been read."""
    head = b""
    while len(head) < count and (block := source.read(count - len(head))):
        head += block
    return head, cast("BinaryIO", _Rewound(head, source))


def unpacked(source: BinaryIO) -> BinaryIO:
    """The plain bytes of a stream that is plain or gzip."""
    head, whole = peek(source, len(_GZIP_MAGIC))
    if head != _GZIP_MAGIC:
        return whole
    buffered = io.BufferedReader(cast("io.RawIOBase", whole), CHUNK)
    return cast("BinaryIO", gzip.GzipFile(fileobj=buffered, mode="rb"))


def open_hashed(path: Path) -> HashedStream:
    """The file as a stream that knows its own digest at the end."""
    return HashedStream(cast("BinaryIO", path.open("rb", buffering=0)))


def members(archive: tarfile.TarFile, budget: Budget | None = None) -> Iterator[tarfile.TarInfo]:
    """The members of a tar in order, none of them kept: tarfile would remember a million.

    What a header promises is held against the budget before tarfile skips it: it would walk exabytes
    behind the end of a file of one kilobyte.
    """
    kept: Any = archive
    for member in archive:
        kept.members = []
        if member.size < 0:
            raise tarfile.ReadError(f"{member.name!r} has a negative size")
        if budget is not None:
            budget.require(member.size)
        yield member
