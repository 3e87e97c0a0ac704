"""Checks an uploaded image archive in one streaming pass, and writes a clean one that is safe to load.

An archive decides what the engine does with it: its tags can move other images' names, and it may hold
several images, or layers that are not what they claim to be. So nothing of its own index survives: the
copy holds one configuration, its layers, and a manifest without names.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.image_config import (
    CHECK,
    ImageConfig,
    ImageFacts,
    check_config,
    check_files,
    parse_json,
    read_config,
    unreadable,
)
from mood_platform.images.layers import MOST_PATHS, ImageFiles, Layer, absolute, scan_layer
from mood_platform.images.oci_layout import find_oci_image
from mood_platform.images.streams import (
    CHUNK,
    DAMAGED,
    WINDOW,
    Budget,
    CountedStream,
    HashedStream,
    members,
    open_hashed,
    peek,
    unpacked,
)

_MIB = 2**20
_MOST_MEMBERS = 10_000
_MOST_LAYERS = 125
"""More the Docker Engine does not stack."""
_MOST_CONFIG = _MIB
_MOST_DOCUMENTS = 64 * _MIB
_INDEX_SLACK = 64 * _MIB
_GZIP, _USTAR = b"\x1f\x8b", b"ustar"
_COMPRESSIONS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}
_DIGEST_NAME = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")


class NoRoom(Exception):
    """The image is fine, and larger unpacked than there is room for; nothing was written."""

    def __init__(self, facts: ImageFacts) -> None:
        super().__init__(f"The image has {facts.unpacked} bytes unpacked.")
        self.facts = facts


def rewrite_archive(source: Path, target: Path, *, limit: int, room: int | None = None) -> ImageFacts:
    """Facts about the one image in a `docker save` archive (plain or gzip); SubmissionFault if it is unfit.

    Then its clean archive is written to `target`, where its bytes fit into `room`. `limit` bounds those of
    the unpacked image. Memory is bounded only by the caller: run this in `intake_child`.
    """
    examined = _examine(source, limit=limit)
    if room is not None and examined.facts.unpacked > room:
        raise NoRoom(examined.facts)
    with (
        source.open("rb") as raw,
        target.open("wb") as sink,
        tarfile.open(fileobj=sink, mode="w|", format=tarfile.GNU_FORMAT, bufsize=CHUNK) as clean,
    ):
        clean.copybufsize = CHUNK  # type: ignore[attr-defined]  # documented, not in the stubs
        written: set[str] = set()
        with _reading(unpacked(raw)) as archive:
            for member in members(archive):
                name = examined.new_names.get(absolute(member.name))
                if name is not None and name not in written:
                    clean.addfile(_member(name, member.size), archive.extractfile(member))
                    written.add(name)
        clean.addfile(_member("manifest.json", len(examined.manifest)), io.BytesIO(examined.manifest))
    return examined.facts


@dataclass(frozen=True, slots=True)
class _Examined:
    facts: ImageFacts
    new_names: dict[str, str]  # from the source's member to the name in the clean archive
    manifest: bytes


@dataclass(slots=True)
class _Contents:
    """What one pass over the archive found, by absolute member name."""

    documents: dict[str, bytes] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    too_large: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    compressed: dict[str, str] = field(default_factory=dict)  # in a way that is not read here
    seen: set[str] = field(default_factory=set)

    def resolve(self, name: str) -> str:
        """The member that a name stands for; old `docker save` links equal layers to each other."""
        path = absolute(name)
        for _ in range(len(self.links) + 1):
            if path not in self.links:
                break
            path = self.links[path]
        return path


def _examine(path: Path, *, limit: int) -> _Examined:
    raw = open_hashed(path)
    contents = _scan(raw, limit=limit)
    manifest = _only_image(contents)
    config_name = contents.resolve(str(manifest.get("Config", "")))
    config_bytes, config = _config(contents, config_name)
    names = [contents.resolve(name) for name in _layer_names(manifest)]
    layers = [_layer(contents, name) for name in names]
    _check_layers(config, layers)
    _check_sum(layers, limit=limit)
    tasks = check_files(ImageFiles(layers))
    digest = hashlib.sha256(config_bytes).hexdigest()
    facts = ImageFacts(
        digest=f"sha256:{digest}",
        archive_sha256=raw.finish(),
        size=raw.size,
        unpacked=sum(layer.size for layer in layers),
        architecture=config.architecture,
        os=config.os,
        entrypoint=config.entrypoint,
        workdir=config.workdir,
        env_names=config.env_names,
        volumes=config.volumes,
        tasks=tasks,
        created=config.created,
        check=CHECK,
    )
    new = [f"{layer.diff_id}.tar" for layer in layers]
    index = [{"Config": f"{digest}.json", "RepoTags": None, "Layers": new}]
    new_names = dict(zip(names, new, strict=True)) | {config_name: f"{digest}.json"}
    return _Examined(facts, new_names, json.dumps(index).encode())


def _scan(raw: HashedStream, *, limit: int) -> _Contents:
    contents = _Contents()
    bytes_left = Budget(limit)
    paths_left = Budget(MOST_PATHS, FailureReason.IMAGE_TOO_COMPLEX)
    members_left = Budget(_MOST_MEMBERS, FailureReason.IMAGE_TOO_COMPLEX)
    documents_left = Budget(_MOST_DOCUMENTS, FailureReason.IMAGE_TOO_COMPLEX)
    head, whole = peek(cast("BinaryIO", raw), tarfile.BLOCKSIZE)
    _refuse_compression("The archive", _compression(head))
    all_left = Budget(limit + _INDEX_SLACK)
    plain = CountedStream(unpacked(whole), all_left)
    with _reading(cast("BinaryIO", plain)) as archive:
        for member in members(archive, all_left):
            members_left.spend(1)
            _note_member(member, contents)
            if member.isreg():
                head, content = peek(cast("BinaryIO", archive.extractfile(member)), tarfile.BLOCKSIZE)
                name = absolute(member.name)
                if _is_document(head):
                    _take_document(name, member, content, contents, documents_left)
                elif _is_layer(head):
                    _take_layer(name, content, contents, bytes_left, paths_left)
                elif compression := _compression(head):
                    contents.compressed[name] = compression
    return contents


@contextmanager
def _reading(plain: BinaryIO) -> Iterator[tarfile.TarFile]:
    """Opens the outer archive; what breaks while it is read becomes the participant's sentence."""
    try:
        archive = tarfile.open(fileobj=plain, mode="r|", bufsize=WINDOW)  # noqa: SIM115 - below
    except tarfile.ReadError as error:
        raise SubmissionFault(FailureReason.IMAGE_NOT_TAR) from error
    except DAMAGED as error:
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED) from error
    try:
        with archive:
            yield archive
    except (tarfile.ReadError, *DAMAGED) as error:
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED) from error
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise unreadable(f"The archive cannot be read: {error}.") from error


def _note_member(member: tarfile.TarInfo, contents: _Contents) -> None:
    name = absolute(member.name)
    if member.isdir():
        return
    if name in contents.seen:
        raise unreadable(f"The archive holds {member.name!r} twice.")
    contents.seen.add(name)
    if member.issym():
        contents.links[name] = absolute(posixpath.join(posixpath.dirname(name), member.linkname))
    elif member.islnk():
        contents.links[name] = absolute(member.linkname)
    elif not member.isreg():
        raise unreadable(f"The archive holds {member.name!r}, which is neither file, folder nor link.")


def _is_document(head: bytes) -> bool:
    return head[:1] in (b"{", b"[") and head[257:262] != _USTAR


def _is_layer(head: bytes) -> bool:
    return head.startswith(_GZIP) or head[257:262] == _USTAR or head == bytes(tarfile.BLOCKSIZE)


def _compression(head: bytes) -> str | None:
    """What else than gzip the bytes are packed with."""
    names = (name for magic, name in _COMPRESSIONS.items() if head.startswith(magic))
    return None if head[257:262] == _USTAR else next(names, None)


def _refuse_compression(what: str, compression: str | None) -> None:
    if compression is not None:
        raise SubmissionFault(FailureReason.IMAGE_COMPRESSION, f"{what} is packed with {compression}.")


def _take_document(
    name: str, member: tarfile.TarInfo, content: BinaryIO, contents: _Contents, left: Budget
) -> None:
    if member.size > _MOST_CONFIG:
        contents.too_large.add(name)
        return
    left.spend(member.size)
    contents.documents[name] = b"".join(iter(lambda: content.read(CHUNK), b""))


def _take_layer(
    name: str, content: BinaryIO, contents: _Contents, bytes_left: Budget, paths_left: Budget
) -> None:
    """A file that looks like a layer but is none matters only if the manifest names it."""
    try:
        contents.layers[name] = scan_layer(content, budget=bytes_left, files=paths_left)
    except (tarfile.TarError, ValueError, OverflowError, *DAMAGED) as error:
        contents.broken[name] = str(error)


def _only_image(contents: _Contents) -> dict[str, object]:
    content = contents.documents.get("/manifest.json")
    if content is None:
        if (image := find_oci_image(contents.documents)) is not None:
            return image
        cut = bool(contents.broken)
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED if cut else FailureReason.IMAGE_MANIFEST_MISSING)
    images = parse_json(content, name="manifest.json")
    if not isinstance(images, list) or not all(isinstance(image, dict) for image in images):
        raise unreadable("manifest.json is not a list of images.")
    if len(images) != 1:
        raise SubmissionFault(FailureReason.IMAGE_SEVERAL, f"The archive holds {len(images)} images.")
    return dict(images[0])


def _config(contents: _Contents, name: str) -> tuple[bytes, ImageConfig]:
    if name in contents.too_large:
        raise SubmissionFault(FailureReason.IMAGE_CONFIG_TOO_LARGE)
    content = contents.documents.get(name)
    if content is None:
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED, "The configuration of the image is missing.")
    named = _DIGEST_NAME.fullmatch(name)
    if named is not None and named[1] != hashlib.sha256(content).hexdigest():
        raise SubmissionFault(FailureReason.IMAGE_LAYER_DIGEST, "The configuration does not match its name.")
    config = read_config(content)
    check_config(config)
    return content, config


def _layer_names(manifest: dict[str, object]) -> list[str]:
    names = manifest.get("Layers")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise unreadable("The archive names no layers.")
    if len(names) > _MOST_LAYERS:
        raise SubmissionFault(
            FailureReason.IMAGE_TOO_COMPLEX,
            f"The image has {len(names)} layers, an engine takes {_MOST_LAYERS}; join its RUN lines.",
        )
    return names


def _layer(contents: _Contents, name: str) -> Layer:
    if name in contents.broken:
        raise SubmissionFault(
            FailureReason.IMAGE_TRUNCATED, f"Layer {name[1:]} is damaged: {contents.broken[name]}."
        )
    if name in contents.layers:
        return contents.layers[name]
    _refuse_compression(f"Layer {name[1:]}", contents.compressed.get(name))
    if name in contents.seen:
        raise unreadable(f"Layer {name[1:]} is neither a plain nor a gzip tar.")
    raise SubmissionFault(FailureReason.IMAGE_TRUNCATED, f"Layer {name[1:]} is missing.")


def _check_layers(config: ImageConfig, layers: list[Layer]) -> None:
    found = [f"sha256:{layer.diff_id}" for layer in layers]
    if found != list(config.diff_ids):
        wrong = sum(have != want for have, want in zip(found, config.diff_ids, strict=False))
        raise SubmissionFault(
            FailureReason.IMAGE_LAYER_DIGEST,
            f"{wrong} of {len(config.diff_ids)} layers do not match; the archive holds {len(found)}.",
        )


def _check_sum(layers: list[Layer], *, limit: int) -> None:
    """A layer may be named many times, and an engine unpacks it as often."""
    if sum(layer.size for layer in layers) > limit:
        raise SubmissionFault(FailureReason.IMAGE_TOO_LARGE)
    if sum(len(layer.entries) for layer in layers) > MOST_PATHS:
        raise SubmissionFault(FailureReason.IMAGE_TOO_COMPLEX, "Its layers hold too many files.")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member
