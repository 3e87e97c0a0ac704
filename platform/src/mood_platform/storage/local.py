"""Object store in a local folder: a file without a name, fsync, a link that names it (write-once)."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import BinaryIO

from mood_platform.errors import Invalid, NotFound

NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})
"""What file systems answer that have no files without a name (NFS among them)."""


class LocalStore:
    """Keys are relative POSIX paths; anything that would leave the folder is refused."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts:
            raise Invalid(
                f"Object key {key!r} is not a relative path.", remedy="Use a key such as runs/<id>/log."
            )
        return self.root.joinpath(*parts)

    def put_file(self, key: str, source: Path) -> None:
        with source.open("rb") as stream, self._new(key) as target:
            shutil.copyfileobj(stream, target, 2**20)

    def put_bytes(self, key: str, data: bytes) -> None:
        with self._new(key) as target:
            target.write(data)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self.path(key)
        try:
            regular = S_ISREG(path.stat().st_mode)
        except FileNotFoundError:
            regular = False  # other errors are those of a store that refuses, and say nothing of the object
        if not regular:
            raise NotFound(f"There is no object {key}.")
        yield path

    def read(self, key: str, *, limit: int) -> bytes:
        with self.local(key) as path, path.open("rb") as stream:
            return stream.read(limit)

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def free_bytes(self) -> int | None:
        places = [place for place in (self.root / "runs", self.root) if place.is_dir()]
        return shutil.disk_usage(places[0]).free if places else None

    def keys(self, prefix: str) -> Iterator[str]:
        base = self.path(prefix)
        for path in sorted(base.rglob("*")) if base.is_dir() else ():
            if path.is_file() and not path.name.startswith(".new-"):
                yield path.relative_to(self.root).as_posix()

    @contextmanager
    def _new(self, key: str) -> Iterator[BinaryIO]:
        """A file that becomes the object when the block ends well.

        A writer that is killed, or finds the disk full, leaves nothing: its file never had a name.
        """
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _nameless(path.parent) as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
            with suppress(FileExistsError):
                name = f"/proc/self/fd/{target.fileno()}"
                os.link(name, path, src_dir_fd=target.fileno(), follow_symlinks=True)  # a dir_fd: linkat
        _sync(path.parent)


@contextmanager
def _nameless(folder: Path) -> Iterator[BinaryIO]:
    """Beside its place, so that a link is enough; with a passing name where there is no other way."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno not in NO_NAMELESS:
            raise
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-") as named:
            yield named.file  # type: ignore[misc]  # the stubs call it IO[bytes]
    else:
        with os.fdopen(descriptor, "wb") as target:
            yield target


def _sync(folder: Path) -> None:
    """The name too survives a power cut; a row may say that the object is there."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
