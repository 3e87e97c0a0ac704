"""Starts a submission's container, and finds out whose fault it is when the engine refuses to.

An image may declare what no engine can start: an entry point that is not there, a file where a folder is
mounted, a VOLUME at `/`. That must not be tried for ever at the platform's cost, nor may a sick engine be
held against a team. So after a refusal the same options are tried with the trusted holder image: an engine
that starts this one, and then refuses the submission again, is well. One that refuses both is asked once more
without the limits of the edition: if it starts that, and then refuses the limits again, they are at fault,
neither image nor engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from docker.models.containers import Container

from mood_platform.execution.container_options import modest_options, probe_options

_HOST_PATH = re.compile(
    r"/[^\s\"':]*/(?:overlay2|volumes|containers|snapshots|moby)/[^\s\"':]*?(?:/merged|/rootfs|(?=[\s\"':]|$))"
)


class NotStarted(Exception):
    """The image cannot be started, and the engine is well; the text is the engine's, without host paths."""


class LimitsRefused(Exception):
    """The engine is well, and starts nothing with the limits of this case; the text is the engine's."""


def start_case(
    client: docker.DockerClient,
    options: Mapping[str, Any],
    *,
    holder_image: str,
    remove: Callable[[], object],
) -> Container:
    """The running container. `remove` frees its name again, after a try that failed.

    Raises NotStarted for the image's fault, LimitsRefused for that of the case's limits, and what the engine
    raised for the engine's own.
    """
    try:
        return _start(client, options)
    except ImageNotFound:
        raise
    except APIError:
        remove()
    _probe(client, probe_options(options, holder_image=holder_image), remove)
    try:
        return _start(client, options)
    except ImageNotFound:
        raise
    except APIError as fault:
        raise NotStarted(_without_host_paths(str(fault.explanation))) from fault


def _probe(client: docker.DockerClient, options: Mapping[str, Any], remove: Callable[[], object]) -> None:
    """The trusted image starts with these options, else what is raised says why not."""
    try:
        _start(client, options)
    except ImageNotFound:
        raise
    except APIError:
        remove()
        _start(client, modest_options(options))
        remove()
        _refuse_limits(client, options)
    remove()


def _refuse_limits(client: docker.DockerClient, options: Mapping[str, Any]) -> None:
    """The engine has just started the same without them; it may have been ill before."""
    try:
        _start(client, options)
    except APIError as fault:
        raise LimitsRefused(_without_host_paths(str(fault.explanation))) from fault


def _start(client: docker.DockerClient, options: Mapping[str, Any]) -> Container:
    container = client.containers.create(**options)
    container.start()
    return container


def _without_host_paths(text: str) -> str:
    return _HOST_PATH.sub("", text)
