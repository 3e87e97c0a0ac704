"""A node's own things: its name, and its cache of cases and images (bounded, least recently used out)."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mood_platform.errors import Transient
from mood_platform.execution.runtime import ContainerRuntime
from mood_platform.models import Json
from mood_platform.storage.store import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One slot on one machine. `cache` is shared by all slots of the machine."""

    name: str
    machine: str
    instance: str
    holder_image: str
    cache: Path
    facts: Json
    gpu: str | None = None
    cpuset: str | None = None
    lease_seconds: float = 60
    heartbeat_seconds: float = 15
    max_attempts: int = 3
    speed: float = 1.0
    toy_share: float = 0.1
    rest_seconds: float = 0
    """Between a bell that it left to others and the next one."""
    engine_free_bytes: int = 0
    cache_free_bytes: int = 0
    case_cache_bytes: int = 20 * 2**30
    image_cache_count: int = 20

    @property
    def cases(self) -> Path:
        return self.cache / "cases"

    @property
    def images(self) -> Path:
        """One empty file per image that this node loaded; its time is the last use."""
        return self.cache / "images"

    def loaded_images(self) -> list[str]:
        return [_digest(path) for path in _oldest_first(self.images)]


@contextmanager
def case_folder(node: Node, claim_id: UUID) -> Iterator[Path]:
    """Where one case's output lies; named by its claim, so that the reaper knows whose it was."""
    folder = node.cache / f"case-{node.instance}-{claim_id.hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def case_folders(cache: Path, *, instance: str) -> dict[str, Path]:
    """The folders of an instance's cases that are here now, by claim."""
    start = f"case-{instance}-"
    found = {path.name.removeprefix(start): path for path in cache.glob(f"{start}*")}
    return {claim: path for claim, path in found.items() if re.fullmatch("[0-9a-f]{32}", claim)}


def cached_case(node: Node, store: ObjectStore, sha256: str) -> Path:
    """The case as a local file whose bytes have this hash."""
    path = node.cases / f"{sha256}.nii.gz"
    with _locked(node.cases, sha256):
        try:
            os.utime(path)
        except FileNotFoundError:  # never here, or another slot made room just now
            _fetch_case(node, store, sha256, path)
    return path


def _fetch_case(node: Node, store: ObjectStore, sha256: str, path: Path) -> None:
    part = path.with_suffix(".part")
    with store.local(f"cases/{sha256}.nii.gz") as source:
        shutil.copyfile(source, part)
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise Transient(
            f"Object cases/{sha256}.nii.gz hashes to {found}.", remedy="Import the test set again."
        )
    part.rename(path)
    _make_room(node.cases, keep_bytes=node.case_cache_bytes)


def _make_room(folder: Path, *, keep_bytes: int) -> None:
    sizes = {path: facts.st_size for path, facts in _facts_oldest_first(folder)}
    size = sum(sizes.values())
    for path in list(sizes)[:-1]:
        if size <= keep_bytes:
            return
        size -= sizes[path]
        path.unlink(missing_ok=True)


def ensure_image(node: Node, store: ObjectStore, runtime: ContainerRuntime, digest: str) -> None:
    """Load the image from the store unless the engine has it; two slots never load the same one twice.

    One that is here already, such as another installation's, is held too: that one may forget it any time.
    """
    mark = node.images / digest.replace(":", "-")
    with _locked(node.images, mark.name):
        if not runtime.hold_image(digest, instance=node.instance):
            _load_image(node, store, runtime, digest)
        known = mark.exists()
        mark.touch()
        if not known:
            _forget_images(node, runtime)


def _load_image(node: Node, store: ObjectStore, runtime: ContainerRuntime, digest: str) -> None:
    with store.local(f"images/{digest}.tar") as archive:
        loaded = runtime.load(archive, instance=node.instance)
    if loaded != digest:
        raise Transient(f"Image {digest} loaded as {loaded}.", remedy="Check the image store of this node.")


def _forget_images(node: Node, runtime: ContainerRuntime) -> None:
    """Only our hold on an image ends; one that is in use survives (the engine refuses)."""
    for mark in _oldest_first(node.images)[: -node.image_cache_count]:
        runtime.remove_image(_digest(mark), instance=node.instance)
        mark.unlink(missing_ok=True)


def _digest(mark: Path) -> str:
    return mark.name.replace("-", ":", 1)


def _oldest_first(folder: Path) -> list[Path]:
    return [path for path, _ in _facts_oldest_first(folder)]


def _facts_oldest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """Other slots add and remove files meanwhile; one that is gone is left out."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix not in {".lock", ".part"}:
            with suppress(FileNotFoundError):
                found.append((path, path.stat()))
    return sorted(found, key=lambda one: one[1].st_mtime)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Across processes; the kernel lets go when the holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
