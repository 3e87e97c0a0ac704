"""Folders of cases: a new one appears whole or not at all, and its files tell nothing but their voxels."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mood_test_sets.errors import FolderOccupied

__all__ = ["new_folder", "write_part"]


def write_part(folder: Path, kind: str, case_id: str, content: bytes) -> tuple[str, str]:
    """Write `images/<id>.nii.gz` or `labels/<id>.nii.gz`; return its relative path and SHA-256."""
    path = folder / kind / f"{case_id}.nii.gz"
    path.write_bytes(content)
    os.utime(path, (0, 0))  # when a case was made tells what it is
    return f"{kind}/{path.name}", hashlib.sha256(content).hexdigest()


@contextmanager
def new_folder(out: Path) -> Iterator[tuple[Path, Callable[[], object]]]:
    """A folder to write into, and what moves it to `out` when it is whole; else it is removed."""
    if out.exists():
        raise FolderOccupied(f"{out} exists already. Remove it or choose another folder.")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "images").mkdir(parents=True)
    (partial / "labels").mkdir()
    try:
        yield partial, lambda: partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
