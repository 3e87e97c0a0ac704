"""Builds images for tests on a real engine: the base image, run scripts, and what a Dockerfile adds."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import docker
from docker.errors import ImageNotFound

from mood_evaluator import Dataset, Task
from mood_platform.contract import script_of

LABEL = "org.mood.tests"


@dataclass(slots=True)
class ImageBuilder:
    """Remembers what it built, so that it can be removed."""

    engine: docker.DockerClient
    base: str
    built: list[str] = field(default_factory=list)

    def build(self, *lines: str, script: bytes, files: Mapping[str, bytes] | None = None) -> str:
        """The id of an image whose run scripts are all `script`; `files` by name below /workspace."""
        # Legacy builds reuse layers by their lines: the label makes each image one of its own.
        label = f"LABEL {LABEL}={uuid.uuid4()}"
        dockerfile = "\n".join([f"FROM {self.base}", label, "COPY workspace /workspace/", *lines])
        content = {script_of(task, dataset).lstrip("/"): script for task in Task for dataset in Dataset}
        content |= {f"workspace/{name}": body for name, body in (files or {}).items()}
        context = _tar({"Dockerfile": dockerfile.encode(), **content})
        image, _ = self.engine.images.build(fileobj=context, custom_context=True, rm=True, forcerm=True)
        self.built.append(str(image.id))
        return str(image.id)


@contextmanager
def image_builder(engine: docker.DockerClient, *, base: str) -> Iterator[ImageBuilder]:
    """A builder whose images are gone at the end."""
    builder = ImageBuilder(engine, base)
    try:
        yield builder
    finally:
        for image in reversed(builder.built):
            with suppress(ImageNotFound):
                engine.images.remove(image, force=True)


def _tar(files: Mapping[str, bytes]) -> io.BytesIO:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    sink.seek(0)
    return sink
