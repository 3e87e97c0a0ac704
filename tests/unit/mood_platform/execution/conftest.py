"""Builds image archives as `docker save` writes them, with whatever is wrong with them."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = [
    f"workspace/run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in ("brain", "abdom")
]


@dataclass
class Member:
    name: str
    content: bytes = b"#!/bin/sh\n"
    type: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    uid: int = 0


def tar_of(*members: Member) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for given in members:
            member = tarfile.TarInfo(given.name)
            member.type, member.mode, member.linkname, member.uid = (
                given.type,
                given.mode,
                given.target,
                given.uid,
            )
            member.size = len(given.content) if given.type == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(given.content))
    return sink.getvalue()


def scripts(*, mode: int = 0o644) -> list[Member]:
    return [
        Member("workspace", type=tarfile.DIRTYPE, mode=0o755),
        *(Member(name, mode=mode) for name in SCRIPTS),
    ]


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

    def config_bytes(self) -> bytes:
        diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in self.layers]
        document = {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": self.config,
        }
        return json.dumps(
            document | {"rootfs": {"type": "layers", "diff_ids": diff_ids}} | self.outer
        ).encode()

    def archive(self) -> bytes:
        config = self.config_bytes()
        config_name = self.config_name or f"{hashlib.sha256(config).hexdigest()}.json"
        names = self.layer_names or [f"layer{index}/layer.tar" for index in range(len(self.layers))]
        stored = [gzip.compress(layer) if self.compress_layers else layer for layer in self.layers]
        files = [Member(name, content) for name, content in zip(names, stored, strict=False)]
        entry = {"Config": config_name, "RepoTags": self.tags, "Layers": names}
        manifest = Member("manifest.json", json.dumps([entry] * self.copies).encode())
        return tar_of(*files, Member(config_name, config), *self.extra, manifest)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[ImageDraft | bytes], Path]:
    def written(image: ImageDraft | bytes) -> Path:
        path = tmp_path / "image.tar"
        path.write_bytes(image if isinstance(image, bytes) else image.archive())
        return path

    return written


@pytest.fixture
def draft() -> type[ImageDraft]:
    return ImageDraft


@pytest.fixture
def member() -> type[Member]:
    return Member


@pytest.fixture
def tar() -> Callable[..., bytes]:
    return tar_of


@pytest.fixture
def run_scripts() -> Callable[..., list[Member]]:
    return scripts
