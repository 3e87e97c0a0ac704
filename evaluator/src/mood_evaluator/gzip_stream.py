"""Inflates a gzip file as a bounded stream: neither headers nor empty members nor padding cost much.

Deflate makes nothing longer by more than a thousandth, so a file that is much longer than what it holds was
not written to hold it: a million empty members, endless empty blocks, a name of megabytes.
"""

import io
from gzip import BadGzipFile
from typing import IO, Any

from isal import igzip, isal_zlib

INFLATE_ERRORS: tuple[type[Exception], ...] = (BadGzipFile, EOFError, isal_zlib.error)  # type: ignore[assignment]
"""What `BoundedGzip.read` raises for a file that is no sound gzip file. Other OSErrors are the disk's."""
SLACK = 1 << 21  # bytes that a file may be longer than what it holds: reading ahead, names, comments, padding
_SHARE = 16  # and a further 1/16 of what it holds


def most_compressed(content: int) -> int:
    """Bytes that a gzip file of so many bytes of content may have."""
    return content + content // _SHARE + SLACK


class BoundedGzip:
    """Reads the content of all members of `raw`, and stops where it holds too little for its size."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._source = _Metered(raw)
        self._content: IO[bytes] = igzip.open(self._source, "rb")  # type: ignore[no-untyped-call]
        self._given = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end."""
        self._source.allowed = most_compressed(self._given + size)
        try:
            data = self._content.read(size)
        except OverflowError as error:  # a header that fits into no buffer
            raise BadGzipFile(str(error)) from error
        self._given += len(data)
        return data


class _Metered(io.RawIOBase):
    """The compressed file, of which no more than `allowed` bytes are read."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        self._raw = raw
        self._taken = 0
        self.allowed = SLACK

    def readinto(self, buffer: Any) -> int:
        count: int = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        self._taken += count
        if self._taken > self.allowed:
            raise BadGzipFile("its gzip stream is much longer than what it holds")
        return count
