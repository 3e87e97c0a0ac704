"""Object store in a local folder: temporary file, fsync, hard link into place (write-once)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from mood_platform.errors import Invalid, NotFound


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
        if not path.is_file():
            raise NotFound(f"There is no object {key}.")
        yield path

    def read(self, key: str, *, limit: int) -> bytes:
        with self.local(key) as path, path.open("rb") as stream:
            return stream.read(limit)

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        base = self.path(prefix)
        for path in sorted(base.rglob("*")) if base.is_dir() else ():
            if path.is_file() and not path.name.startswith(".new-"):
                yield path.relative_to(self.root).as_posix()

    @contextmanager
    def _new(self, key: str) -> Iterator[tempfile._TemporaryFileWrapper[bytes]]:
        """A temporary file beside the target that becomes the object when the block ends well."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
            try:
                path.hardlink_to(target.name)
            except FileExistsError:
                return
