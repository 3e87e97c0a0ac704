"""Looks into the layers of an image without unpacking them: who may read which file."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import BinaryIO, cast

from mood_platform.contract import CASE_USERS, GROUP, is_under
from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.account_files import check_account_files
from mood_platform.images.streams import WINDOW, Budget, HashedStream, members, unpacked

MOST_PATHS = 1_000_000
"""Of an image that is looked into."""
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MOST_LINKS = 40
_READ, _ENTER = 0o4, 0o1


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One path of a layer; `target` of a link."""

    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""

    def allows(self, right: int) -> bool:
        """Whether every case has the right, whoever its user is; of the three classes the kernel asks one."""
        shares = self.mode >> (3 if self.gid == GROUP else 0) & right
        owns = self.mode >> 6 & right if self.uid in CASE_USERS else right
        return bool(shares and owns)

    @property
    def is_open(self) -> bool:
        """Whether every case may read the file, or go through the folder."""
        return self.allows(_ENTER if self.kind is Kind.FOLDER else _READ)


_READABLE = frozenset({Kind.FILE, Kind.FOLDER})
_IMPLIED_FOLDER = LayerEntry(Kind.FOLDER, 0o755)


@dataclass(frozen=True, slots=True)
class Layer:
    """Paths of one layer, absolute and normal, and the digest of its plain tar."""

    diff_id: str
    size: int  # bytes of the plain tar
    entries: dict[str, LayerEntry]
    folders: frozenset[str]  # every folder that an entry implies

    def hides(self, path: str) -> bool:
        """Whether lower layers are not seen at `path`: whited out, or under something that is no folder."""
        return self._whites_out(path) or any(self._covers(folder) for folder in _parents(path))

    def _covers(self, folder: str) -> bool:
        over = self.entries.get(folder)
        not_a_folder = over is not None and over.kind is not Kind.FOLDER
        return not_a_folder or posixpath.join(folder, _OPAQUE) in self.entries or self._whites_out(folder)

    def _whites_out(self, path: str) -> bool:
        folder, name = posixpath.split(path)
        return posixpath.join(folder, _WHITEOUT + name) in self.entries


def scan_layer(source: BinaryIO, *, budget: Budget, files: Budget) -> Layer:
    """Reads a layer (plain or gzip) once: digest, size and paths. `files` bounds the number of paths."""
    plain = HashedStream(unpacked(source), budget)
    entries: dict[str, LayerEntry] = {}
    folders: set[str] = {"/"}
    known: dict[LayerEntry, LayerEntry] = {}  # most files share owner and mode: one object for all of them
    with tarfile.open(fileobj=cast("BinaryIO", plain), mode="r|", bufsize=WINDOW) as archive:
        for member in members(archive, budget):
            files.spend(1)
            _check_member(member)
            path = absolute(member.name)
            check_account_files(path, member, is_link=partial(_is_link, entries))
            entry = entry_of(member, entries)
            entries[path] = known.setdefault(entry, entry)
            _imply(path, folders)
    return Layer(plain.finish(), plain.size, entries, frozenset(folders))


def _is_link(entries: dict[str, LayerEntry], path: str) -> bool:
    return path in entries and entries[path].kind is Kind.LINK


def _check_member(member: tarfile.TarInfo) -> None:
    """What no engine writes into a layer: unpacking it fills a disk, or breaks off."""
    name = member.name
    if member.type == tarfile.GNUTYPE_SPARSE or any(
        key.startswith("GNU.sparse") for key in member.pax_headers
    ):
        raise SubmissionFault(FailureReason.IMAGE_UNREADABLE, f"A layer holds the sparse file {name!r}.")
    if posixpath.normpath(name).startswith("../"):
        raise SubmissionFault(
            FailureReason.IMAGE_UNREADABLE, f"A layer holds {name!r}, which leads out of the image."
        )


def absolute(name: str) -> str:
    """A member's name as an absolute, normal path; `..` cannot climb above the root."""
    return posixpath.normpath("/" + name.lstrip("/"))


@dataclass(frozen=True, slots=True)
class Access:
    """What a case finds at a path: the entry, if any, and the path that keeps it out, if one does."""

    entry: LayerEntry | None
    barrier: str | None = None


def follow(path: str, lookup: Callable[[str], LayerEntry | None]) -> Access:
    """Follows `path` as a case's own process would; missing rights are named, not raised."""
    todo = [part for part in absolute(path).split("/") if part]
    here, barrier, links = "/", None, 0
    entry: LayerEntry | None = _IMPLIED_FOLDER
    while todo:
        here = posixpath.join(here, todo.pop(0))
        entry = lookup(here)
        if entry is None:
            return Access(None, barrier)
        if entry.kind is Kind.LINK:
            links += 1
            if links > _MOST_LINKS:
                return Access(None, barrier)
            goal = posixpath.normpath(posixpath.join(posixpath.dirname(here), entry.target))
            todo = [part for part in goal.split("/") if part] + todo
            here, entry = "/", _IMPLIED_FOLDER
            continue
        if todo and entry.kind is not Kind.FOLDER:
            return Access(None, barrier)
        if not entry.is_open:
            barrier = barrier or here
    return Access(entry, barrier)


def _kept_by(owner: int, entry: LayerEntry) -> bool:
    return entry.uid == owner and entry.kind in _READABLE and not entry.is_open


class ImageFiles:
    """The union of an image's layers, lowest first."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    def access(self, path: str) -> Access:
        return follow(path, self._lookup)

    def closed(self, *, owner: int, covered: tuple[str, ...]) -> list[str]:
        """What belongs to `owner`, and no case may read (of a folder: go through), outside `covered`.

        Of a folder and what lies in it the folder alone is named; an empty one, as a home often is, keeps
        nothing back.
        """
        kept = {
            path: entry
            for layer in self._layers
            for path, entry in layer.entries.items()
            if _kept_by(owner, entry) and not is_under(path, covered) and self._lookup(path) == entry
        }
        filled = self._filled() if any(entry.kind is Kind.FOLDER for entry in kept.values()) else set()
        found = {path for path, entry in kept.items() if entry.kind is not Kind.FOLDER or path in filled}
        return sorted(path for path in found if found.isdisjoint(_parents(path)))

    def _filled(self) -> set[str]:
        """Folders in which something lies."""
        paths = (path for layer in self._layers for path in layer.entries)
        return {posixpath.dirname(path) for path in paths if self._lookup(path) is not None}

    def _lookup(self, path: str) -> LayerEntry | None:
        found: LayerEntry | None = None
        for layer in reversed(self._layers):
            entry = layer.entries.get(path)
            if entry is not None:
                return entry
            if path in layer.folders:
                found = _IMPLIED_FOLDER  # unless a lower layer says more about it
            if layer.hides(path):
                break
        return found


def entry_of(member: tarfile.TarInfo, seen: dict[str, LayerEntry]) -> LayerEntry:
    """What a member of a tar is; `seen` are those before it."""
    if member.islnk():  # a hard link is its target, which stands earlier in the same layer
        return seen.get(absolute(member.linkname), LayerEntry(Kind.OTHER, 0))
    if member.issym():
        return LayerEntry(Kind.LINK, 0o777, target=member.linkname)
    kind = Kind.FILE if member.isreg() else Kind.FOLDER if member.isdir() else Kind.OTHER
    return LayerEntry(kind, member.mode & 0o7777, member.uid, member.gid)


def _imply(path: str, folders: set[str]) -> None:
    while (path := posixpath.dirname(path)) not in folders:
        folders.add(path)


def _parents(path: str) -> Iterator[str]:
    while path != "/":
        path = posixpath.dirname(path)
        yield path
