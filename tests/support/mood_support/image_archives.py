"""Builds image archives as `docker save` and buildx write them, with whatever is to be wrong with them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mood_evaluator import Dataset, Task
from mood_platform.contract import script_of
from mood_platform.images.archive import NoRoom, rewrite_archive
from mood_platform.images.image_config import ImageFacts

SCRIPTS = tuple(script_of(task, dataset)[1:] for task in Task for dataset in Dataset)


@dataclass
class Member:
    name: str
    content: bytes = b"#!/bin/sh\n"
    type: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    pax: dict[str, str] = field(default_factory=dict)


def tar_of(*members: Member, format: int = tarfile.GNU_FORMAT) -> bytes:  # noqa: A002 - tarfile's word
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=format) as archive:
        for given in members:
            member = tarfile.TarInfo(given.name)
            member.type, member.mode, member.linkname = given.type, given.mode, given.target
            member.uid, member.gid, member.pax_headers = given.uid, given.gid, given.pax
            member.size = len(given.content) if given.type == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(given.content))
    return sink.getvalue()


def scripts(*, mode: int = 0o644, folder_mode: int = 0o755) -> list[Member]:
    folder = Member("workspace", type=tarfile.DIRTYPE, mode=folder_mode)
    return [folder, *(Member(name, mode=mode) for name in SCRIPTS)]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


@dataclass
class ImageDraft:
    """An image to be written; tests change what they are about."""

    layers: list[bytes] = field(default_factory=lambda: [tar_of(*scripts())])
    config: dict[str, Any] = field(default_factory=dict)  # the inner `config`
    outer: dict[str, Any] = field(default_factory=dict)  # fields beside it
    extra: list[Member] = field(default_factory=list)
    compress_layers: bool = False
    tags: list[str] | None = None
    copies: int = 1
    config_name: str | None = None
    layer_names: list[str] | None = None
    raw_config: bytes | None = None

    def config_bytes(self) -> bytes:
        if self.raw_config is not None:
            return self.raw_config
        document = {"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z"}
        diff_ids = [f"sha256:{sha256(layer)}" for layer in self.layers]
        rootfs = {"type": "layers", "diff_ids": diff_ids}
        return as_json({**document, "config": self.config, "rootfs": rootfs, **self.outer})

    def archive(self) -> bytes:
        """As `docker save` writes it: every layer in a folder, and a manifest.json."""
        config = self.config_bytes()
        config_name = self.config_name or f"{sha256(config)}.json"
        names = self.layer_names or [f"layer{index}/layer.tar" for index in range(len(self.layers))]
        files = [Member(name, content) for name, content in zip(names, self._stored(), strict=False)]
        entry = {"Config": config_name, "RepoTags": self.tags, "Layers": names}
        manifest = Member("manifest.json", as_json([entry] * self.copies))
        return tar_of(*files, Member(config_name, config), *self.extra, manifest)

    def layout(self, *platforms: str, nested: bool = False) -> bytes:
        """As buildx and skopeo write it: blobs by digest, and an index.json that lists `platforms`."""
        config, layers = self.config_bytes(), self._stored()
        parts = {"config": _descriptor(config), "layers": [_descriptor(layer) for layer in layers]}
        manifest = as_json({"schemaVersion": 2, **parts})
        blobs = [config, *layers, manifest]
        images = [_descriptor(manifest, platform=platform) for platform in platforms or ("linux/amd64",)]
        index = as_json({"schemaVersion": 2, "manifests": images})
        if nested:
            blobs.append(index)
            outer = _descriptor(index) | {"mediaType": "application/vnd.oci.image.index.v1+json"}
            index = as_json({"schemaVersion": 2, "manifests": [outer]})
        files = {f"blobs/sha256/{sha256(blob)}": blob for blob in blobs}
        top = [Member("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), Member("index.json", index)]
        return tar_of(*(Member(name, blob) for name, blob in files.items()), *self.extra, *top)

    def _stored(self) -> list[bytes]:
        return [gzip.compress(layer) if self.compress_layers else layer for layer in self.layers]


def _descriptor(content: bytes, *, platform: str = "") -> dict[str, Any]:
    named: dict[str, Any] = {"digest": f"sha256:{sha256(content)}", "size": len(content)}
    if platform:
        os, _, architecture = platform.partition("/")
        named["platform"] = {"os": os, "architecture": architecture}
    return named


def inspect_archive(path: Path, *, limit: int) -> ImageFacts:
    """The facts about an archive, or why it is unfit: with no room at all nothing is written."""
    try:
        return rewrite_archive(path, path.with_name("never"), limit=limit, room=-1)
    except NoRoom as told:
        return told.facts
