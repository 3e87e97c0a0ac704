"""An ObjectStore that refuses when it is told to: full, broken, or the end of its process."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from mood_platform.storage.store import ObjectStore

Fault = Callable[[str, str], BaseException | None]
"""Given the name of the operation and the key: what to raise, if anything."""


def system_error(number: int, key: str) -> OSError:
    """As the kernel says it: ENOSPC, EIO, EACCES, EROFS, EDQUOT."""
    return OSError(number, os.strerror(number), key)


def full(operation: str, key: str) -> BaseException | None:
    """No room for anything new; what is there can be read."""
    return system_error(errno.ENOSPC, key) if operation.startswith("put") else None


def broken(operation: str, key: str) -> BaseException | None:
    """Neither reads nor writes."""
    return system_error(errno.EIO, key) if operation != "keys" else None


class Stumbling(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A file whose reading fails in a way that nobody foresaw."""

    def open(self, *_arguments: object, **_options: object) -> NoReturn:
        raise RecursionError(f"nobody foresaw {self.name}")


class StumblingStore:
    """As the store behind it, but whoever reads what lies under the keys of `over` stumbles."""

    def __init__(self, behind: ObjectStore, *, over: Callable[[str], bool]) -> None:
        self._behind, self._over = behind, over

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with self._behind.local(key) as path:
            yield Stumbling(path) if self._over(key) else path


class FaultyStore:
    """Asks `fault` before every operation; without one it is the store behind it."""

    def __init__(self, behind: ObjectStore, fault: Fault | None = None) -> None:
        self.behind = behind
        self.fault = fault
        self.refused: list[str] = []
        """`operation key` of everything that was refused."""

    def put_file(self, key: str, source: Path) -> None:
        self._ask("put_file", key)
        self.behind.put_file(key, source)

    def put_bytes(self, key: str, data: bytes) -> None:
        self._ask("put_bytes", key)
        self.behind.put_bytes(key, data)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        self._ask("local", key)
        with self.behind.local(key) as path:
            yield path

    def read(self, key: str, *, limit: int) -> bytes:
        self._ask("read", key)
        return self.behind.read(key, limit=limit)

    def exists(self, key: str) -> bool:
        self._ask("exists", key)
        return self.behind.exists(key)

    def delete(self, key: str) -> None:
        self._ask("delete", key)
        self.behind.delete(key)

    def free_bytes(self) -> int | None:
        return self.behind.free_bytes()

    def keys(self, prefix: str) -> Iterator[str]:
        self._ask("keys", prefix)
        return self.behind.keys(prefix)

    def _ask(self, operation: str, key: str) -> None:
        error = None if self.fault is None else self.fault(operation, key)
        if error is not None:
            self.refused.append(f"{operation} {key}")
            raise error
