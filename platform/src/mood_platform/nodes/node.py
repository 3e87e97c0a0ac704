"""A node's own things: its name, its bounds, and the folders of its cache."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mood_platform.nodes.door import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One slot on one machine. `cache` is shared by all slots of the machine."""

    name: str
    machine: str
    instance: str
    holder_image: str
    cache: Path
    facts: Facts
    gpu: str | None = None
    cpuset: str | None = None
    heartbeat_seconds: float = 15
    speed: float = 1.0
    rest_seconds: float = 0
    """Between a bell that it left to others and the next one."""
    engine_free_bytes: int = 0
    cache_free_bytes: int = 0
    case_cache_bytes: int = 20 * 2**30
    image_cache_bytes: int = 200 * 2**30

    @property
    def cases(self) -> Path:
        return self.cache / "cases"

    @property
    def images(self) -> Path:
        """A file per image that this node holds, with its bytes in the Engine; its time is the last use."""
        return self.cache / "images"

    def loaded_images(self) -> list[str]:
        return [digest_of(mark) for mark, _ in oldest_first(self.images)]


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


def digest_of(mark: Path) -> str:
    return mark.name.replace("-", ":", 1)


def oldest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """Other slots add and remove files meanwhile; one that is gone is left out."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix not in {".lock", ".part"}:
            with suppress(FileNotFoundError):
                found.append((path, path.stat()))
    return sorted(found, key=lambda one: one[1].st_mtime)
