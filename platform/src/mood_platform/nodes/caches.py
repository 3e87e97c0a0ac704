"""A node's caches: scans by their hash, images in its Engine; bounded in bytes, least recently used out.

What a slot uses is locked, and nobody makes room with it: a cache that is too small, or a disk that is
nearly full, costs other cases their warm start and never a case its input.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mood_platform.errors import Transient
from mood_platform.execution.runtime import ContainerRuntime
from mood_platform.nodes.door import Door
from mood_platform.nodes.node import Node, digest_of, oldest_first

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NOTE = "cases.bytes"
SLACK = 0.9
"""Room is made down to this share of the bound, so that not every scan that comes counts all others."""


@contextmanager
def cached_case(node: Node, door: Door, sha256: str) -> Iterator[Path]:
    """The case as a local file whose bytes have this hash, there as long as the block lasts."""
    path = node.cases / f"{sha256}.nii.gz"
    with _lock_file(node.cases, sha256) as lock:
        while True:
            fcntl.flock(lock, fcntl.LOCK_SH)  # side by side with other users; alone only to bring it
            with suppress(FileNotFoundError):
                os.utime(path)
                break
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _fetch_case(node, door, sha256, path)
        yield path


def free_cache(node: Node, *, at_least: int = 0) -> None:
    """Oldest cases go until the disk of the cache has its floor free again, or none is left to go."""
    floor = max(node.cache_free_bytes, at_least)
    if shutil.disk_usage(node.cache).free < floor:
        _drop_cases(node, keep=node.case_cache_bytes, free=floor)


def free_engine(node: Node, runtime: ContainerRuntime) -> None:
    """Oldest images are forgotten until the Engine's disk has its floor free again, or none is left."""
    _drop_images(node, runtime, coming=0)


def _fetch_case(node: Node, door: Door, sha256: str, path: Path) -> None:
    """Room is made before a byte is copied; a disk that is full all the same gives up all it can."""
    with door.case(sha256) as source:
        size = source.stat().st_size
        _make_case_room(node, size)
        try:
            _copy_checked(source, path, sha256)
        except OSError as error:
            if error.errno not in FULL:
                raise
            _drop_cases(node, keep=0, free=0)
            _copy_checked(source, path, sha256)
    _add(node, size)


def _copy_checked(source: Path, path: Path, sha256: str) -> None:
    part = path.with_suffix(".part")
    try:
        shutil.copyfile(source, part)
        with part.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != sha256:
            raise Transient(f"Case {sha256} hashes to {found}.", remedy="Import the test set again.")
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _make_case_room(node: Node, coming: int) -> None:
    """Looks at a number and at the free disk; only when one of them is passed are all cases looked at."""
    over = _total(node) + coming > node.case_cache_bytes
    full = shutil.disk_usage(node.cache).free - coming < node.cache_free_bytes
    if over or full:
        bound = int(node.case_cache_bytes * SLACK) if over else node.case_cache_bytes
        _drop_cases(node, keep=bound - coming, free=node.cache_free_bytes + coming)


def _drop_cases(node: Node, *, keep: int, free: int) -> None:
    """Oldest first, none that is in use, until `keep` bytes are left and the disk has `free`."""
    here = oldest_first(node.cases)
    total = sum(facts.st_size for _, facts in here)
    for path, facts in here:
        if total <= keep and shutil.disk_usage(node.cache).free >= free:
            break
        with _unused(node.cases, path.name.partition(".")[0]) as unused:
            if unused:
                path.unlink(missing_ok=True)
                total -= facts.st_size
    with _noting(node) as note:
        note(total)


def _total(node: Node) -> int:
    """Bytes of all cached cases as last counted, and those that came since; counted anew where unknown."""
    try:
        return int((node.cache / NOTE).read_text())
    except (FileNotFoundError, ValueError):
        return sum(facts.st_size for _, facts in oldest_first(node.cases))


def _add(node: Node, size: int) -> None:
    with _noting(node) as note:
        known = (node.cache / NOTE).exists()
        note(_total(node) + (size if known else 0))


@contextmanager
def _noting(node: Node) -> Iterator[Callable[[int], None]]:
    """One at a time. A number that finds no room on the disk is forgotten, and counted anew."""

    def note(total: int) -> None:
        try:
            (node.cache / NOTE).write_text(str(total))
        except OSError:
            (node.cache / NOTE).unlink(missing_ok=True)

    with _lock_file(node.cache, NOTE) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield note


@contextmanager
def loaded_image(node: Node, door: Door, runtime: ContainerRuntime, digest: str) -> Iterator[None]:
    """The Engine has the image as long as the block lasts; two slots never load the same one twice.

    One that is here already, such as another installation's, is held too: that one may forget it any time.
    """
    mark = node.images / digest.replace(":", "-")
    with _lock_file(node.images, mark.name) as lock:
        while True:
            fcntl.flock(lock, fcntl.LOCK_SH)  # side by side with other users; alone only to bring it
            if mark.exists() and runtime.hold_image(digest, instance=node.instance):
                break
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not runtime.hold_image(digest, instance=node.instance):
                _load_image(node, door, runtime, digest)
            mark.write_text(str(runtime.image_bytes(digest)))
        mark.touch()
        _drop_images(node, runtime, coming=0)
        yield


def _load_image(node: Node, door: Door, runtime: ContainerRuntime, digest: str) -> None:
    with door.image(digest) as archive:
        _drop_images(node, runtime, coming=archive.stat().st_size)
        loaded = runtime.load(archive, instance=node.instance)
    if loaded != digest:
        raise Transient(f"Image {digest} loaded as {loaded}.", remedy="Check the image store of this node.")


def _drop_images(node: Node, runtime: ContainerRuntime, *, coming: int) -> None:
    """Only our hold on an image ends; one that is in use stays, and so does what somebody else holds."""
    here = oldest_first(node.images)
    weights = {mark: _weight(mark, runtime) for mark, _ in here}
    total = sum(weights.values()) + coming
    for mark, weight in weights.items():
        if total <= node.image_cache_bytes and _engine_has_room(node, runtime, coming):
            return
        with _unused(node.images, mark.name) as unused:
            if unused:
                runtime.remove_image(digest_of(mark), instance=node.instance)
                mark.unlink(missing_ok=True)
                total -= weight


def _engine_has_room(node: Node, runtime: ContainerRuntime, coming: int) -> bool:
    free = runtime.free_bytes()
    return free is None or free - coming >= node.engine_free_bytes


def _weight(mark: Path, runtime: ContainerRuntime) -> int:
    """As the Engine said when it came; marks from before had no number."""
    try:
        return int(mark.read_text())
    except FileNotFoundError:
        return 0
    except ValueError:
        weight = runtime.image_bytes(digest_of(mark))
        mark.write_text(str(weight))
        return weight


@contextmanager
def _unused(folder: Path, name: str) -> Iterator[bool]:
    """Locked for removal, unless a slot uses it or is bringing it."""
    with _lock_file(folder, name) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _lock_file(folder: Path, name: str) -> Iterator[TextIO]:
    """Across processes; the kernel lets go when the holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        yield lock
