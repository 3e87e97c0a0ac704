"""Bytes in and out of a case's volumes: bounded, and never interpreted."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from mood_platform.contract import CASE_NAME, DATA
from mood_platform.execution.runtime import Collected

_CHUNK = 2**20
_NOT_REGULAR = 0x8F280000
"""Bits of Go's file mode: folder, link, device, pipe, socket, character device, irregular."""


def input_archive(case: Path) -> Iterator[bytes]:
    """A tar with the case under its constant name; owner and time say nothing about it."""
    with case.open("rb") as stream:
        member = tarfile.TarInfo(CASE_NAME)
        member.size = case.stat().st_size
        member.mode = 0o444
        yield member.tobuf(tarfile.GNU_FORMAT)
        sent = 0
        while chunk := stream.read(_CHUNK):
            sent += len(chunk)
            yield chunk
    yield bytes(-sent % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def collect(holder: Container, source: str, target: Path, *, limit: int) -> Collected:
    """Copies one regular file of at most `limit` bytes out of the holder; anything else is only named.

    A case may leave what no engine can show: links in a circle, a time stamp in the year 10000. An engine
    that shows what no case can change, and then refuses this once more, is well. Raises what a sick one did.
    """
    try:
        return _collect(holder, source, target, limit=limit)
    except (APIError, tarfile.TarError):
        close_chunks(holder.get_archive(f"{DATA}/{CASE_NAME}")[0])
    try:
        return _collect(holder, source, target, limit=limit)
    except (APIError, tarfile.TarError):
        return Collected.IRREGULAR


def _collect(holder: Container, source: str, target: Path, *, limit: int) -> Collected:
    try:
        chunks, stat = holder.get_archive(source)
    except NotFound:
        return Collected.MISSING
    facts: Mapping[str, Any] = stat or {"mode": _NOT_REGULAR}
    if int(facts["mode"]) & _NOT_REGULAR:
        _drain(chunks)
        return Collected.IRREGULAR
    if int(facts["size"]) > limit:
        close_chunks(chunks)
        return Collected.TOO_LARGE
    return _copy(chunks, target, limit=limit)


def _copy(chunks: Iterator[bytes], target: Path, *, limit: int) -> Collected:
    with tarfile.open(fileobj=ChunkStream(chunks), mode="r|") as archive:
        member = archive.next()
        content = archive.extractfile(member) if member is not None and member.isreg() else None
        if member is None or content is None:
            return Collected.IRREGULAR
        if member.size > limit:
            return Collected.TOO_LARGE
        with target.open("wb") as sink:
            while block := content.read(_CHUNK):
                sink.write(block)
    _drain(chunks)
    return Collected.PRESENT


def _drain(chunks: Iterator[bytes], *, most: int = 16) -> None:
    """Takes the tar's trailing zeros, so that the connection can be used again; gives up on more."""
    for count, _chunk in enumerate(chunks):
        if count >= most:
            break
    close_chunks(chunks)


def close_chunks(chunks: Any) -> None:
    """Gives up the rest of a stream of the engine."""
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


class ChunkStream(io.RawIOBase):
    """Reads a sequence of chunks as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, missing = [], size
        while missing > 0:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    break
            part, self._rest = self._rest[:missing], self._rest[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
