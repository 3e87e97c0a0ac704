"""Arrays that may be more than memory holds: the first stay in it, the others lie in files."""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

BUDGET = 1 << 30  # bytes that stay in memory
Array = TypeVar("Array", bound=npt.NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Kept(Generic[Array]):
    """An array of `size` items; what is written to what `get` returns stays."""

    size: int
    _place: Array | Path

    @classmethod
    def here(cls, array: Array) -> "Kept[Array]":
        """Keep it in memory."""
        return cls(array.size, array)

    def get(self) -> Array:
        """Return the array; let go of it soon: a mapped file counts as memory while it is held."""
        if isinstance(self._place, Path):
            return np.load(self._place, mmap_mode="r+")  # type: ignore[no-any-return]
        return self._place


class Shelf:
    """A context: its files are gone when it ends. They lie where temporary files do (TMPDIR)."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._left = budget
        self._count = 0
        self._folder: TemporaryDirectory[str] | None = None
        self._lock = Lock()

    @classmethod
    def boundless(cls) -> Self:
        """Return one that keeps everything in memory."""
        return cls(budget=sys.maxsize)

    def put(self, array: Array) -> Kept[Array]:
        """Keep an array of one axis; without items it stays in memory. Safe from several threads."""
        with self._lock:
            if array.nbytes <= self._left or not array.size:
                self._left -= array.nbytes
                return Kept.here(array)
            path = self._new_file()
        np.save(path, array)
        return Kept(array.size, path)

    def _new_file(self) -> Path:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="mood-evaluator-")
        self._count += 1
        return Path(self._folder.name) / f"{self._count}.npy"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
