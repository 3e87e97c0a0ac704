"""The object store as a port: write-once objects under slash-separated keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class ObjectStore(Protocol):
    def put_file(self, key: str, source: Path) -> None:
        """Store a file's bytes under `key`; a second put of the same key keeps the first."""

    def put_bytes(self, key: str, data: bytes) -> None: ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A readable local file with the object's bytes, for as long as the context lasts."""

    def read(self, key: str, *, limit: int) -> bytes:
        """At most `limit` bytes from the object's start."""

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None: ...

    def free_bytes(self) -> int | None:
        """Left on the disk of what Runs leave; None where nobody can say."""

    def keys(self, prefix: str) -> Iterator[str]: ...
