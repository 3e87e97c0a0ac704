"""From an image in the local Docker Engine, or an archive, to one file and its SHA-256."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.images import Image

from mood_platform.cli.console import transfer_bar
from mood_platform.cli.credentials import cache_folder
from mood_platform.cli.problems import Exit, Problem
from mood_platform.execution.engine_files import find_image

CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Archive:
    path: Path
    sha256: str
    size: int
    digest: str | None
    """Id of the image in the local Engine; None for a file, whose digest the platform finds out."""


def find_archive(source: str, *, limit: int) -> Archive:
    """`source` is a file, or the name of a local image, which is saved once and kept."""
    path = Path(source)
    if path.is_file():
        _check_size(source, path.stat().st_size, limit)
        return Archive(path, hash_file(path), path.stat().st_size, None)
    return _save_image(source, limit=limit)


def hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream, transfer_bar() as bar:
        task = bar.add_task("hashing", total=path.stat().st_size)
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            bar.advance(task, len(chunk))
    return digest.hexdigest()


def _save_image(name: str, *, limit: int) -> Archive:
    image = find_image(docker.from_env(timeout=600), name)
    if image is None:
        raise Problem(
            f"{name} is neither a file nor an image of the local Docker Engine.",
            remedy="Check `docker images`, or give the path of a `docker save` archive.",
        )
    _check_size(name, int(image.attrs["Size"]), limit)
    identity = str(image.id)
    folder = cache_folder() / "images" / identity.removeprefix("sha256:")
    if not (folder / "facts.json").is_file():
        _fetch(image, folder)
    facts = json.loads((folder / "facts.json").read_text())
    return Archive(folder / "image.tar", facts["sha256"], facts["size"], identity)


def _fetch(image: Image, folder: Path) -> None:
    """Save and hash in one pass; the facts are written last, so a killed save starts again."""
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with (folder / "image.tar").open("wb") as target, transfer_bar() as bar:
        task = bar.add_task("saving the image", total=int(image.attrs["Size"]))
        for chunk in image.save(chunk_size=CHUNK):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            bar.update(task, completed=size)
    (folder / "facts.json").write_text(json.dumps({"sha256": digest.hexdigest(), "size": size}))


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        text = f"{name} has {size / 2**30:.2f} GiB; this challenge allows {limit / 2**30:.2f} GiB."
        raise Problem(text, remedy="Build a smaller image.", code=Exit.NOT_ALLOWED)
