"""Looks at an image that an engine has as intake looks at an archive, without starting anything of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import docker
from docker.errors import APIError, ImageNotFound, NullResource
from docker.models.containers import Container
from docker.models.images import Image

from mood_platform.execution.transfer import ChunkStream, close_chunks
from mood_platform.failures import FailureReason
from mood_platform.images.image_config import ImageConfig, check_config, check_files, read_config
from mood_platform.images.layers import MOST_PATHS, ImageFiles, scan_layer
from mood_platform.images.streams import WINDOW, Budget

_NO_NAME = 400
"""Status of an engine's answer to a name that no image can have."""


def find_image(client: docker.DockerClient, name: str) -> Image | None:
    """None where the engine has no such image, or says that none can be called so."""
    try:
        return client.images.get(name)
    except (ImageNotFound, NullResource):
        return None
    except APIError as fault:
        if fault.status_code != _NO_NAME:
            raise
        return None


def check_engine_image(
    client: docker.DockerClient, image: str, *, name: str, labels: dict[str, str], limit: int
) -> None:
    """SubmissionFault where intake would refuse the image. Its files are read once, at most `limit` bytes.

    Nothing that is asked of the engine depends on the image, so what the engine raises is its own fault.
    """
    config = read_config(json.dumps(client.images.get(image).attrs).encode())
    check_config(config)
    with _container(client, image, config, name=name, labels=labels) as container:
        check_files(_read_files(container, limit=limit))


@contextmanager
def _container(
    client: docker.DockerClient, image: str, config: ImageConfig, *, name: str, labels: dict[str, str]
) -> Iterator[Container]:
    """Never started. An engine would make WORKDIR and VOLUMEs, and fail where a file is in the way."""
    container = client.containers.create(
        image,
        entrypoint=["sleep"],
        command=["0"],
        name=name,
        labels=labels,
        network_mode="none",
        working_dir="/",
        tmpfs={volume: "" for volume in config.volumes if volume.startswith("/")},
    )
    try:
        yield container
    finally:
        container.remove(v=True, force=True)


def _read_files(container: Container, *, limit: int) -> ImageFiles:
    """All files at once, as one layer: an engine packs an image without following any of its links."""
    chunks: Any = container.export(chunk_size=WINDOW)  # the stubs take it for text
    try:
        packed = cast("BinaryIO", ChunkStream(chunks))
        paths = Budget(MOST_PATHS, FailureReason.IMAGE_TOO_COMPLEX)
        return ImageFiles([scan_layer(packed, budget=Budget(limit), files=paths)])
    finally:
        close_chunks(chunks)
