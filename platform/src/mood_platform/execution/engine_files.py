"""Looks at single files of an image that an engine has, without starting anything of it."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from mood_platform.execution.layers import Entry, entry_of
from mood_platform.execution.transfer import ChunkStream, close_chunks


@contextmanager
def files_of_image(
    client: docker.DockerClient, image: str, *, name: str, labels: dict[str, str]
) -> Iterator[Callable[[str], Entry | None]]:
    """What lies at a path whose folders are no links; None where nothing does."""
    container = client.containers.create(
        image, entrypoint=["sleep"], command=["0"], name=name, labels=labels, network_mode="none"
    )
    try:
        yield lambda path: _look(container, path)
    finally:
        container.remove(v=True, force=True)


def _look(container: Container, path: str) -> Entry | None:
    """The first header of what the engine packs; of a folder the rest is not waited for."""
    try:
        chunks, _stat = container.get_archive(path)
    except NotFound:
        return None
    try:
        with tarfile.open(fileobj=ChunkStream(chunks), mode="r|") as archive:
            member = archive.next()
    finally:
        close_chunks(chunks)
    return None if member is None else entry_of(member, {})
