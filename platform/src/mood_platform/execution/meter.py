"""Reads a running container's counters again and again: the last look before its end is what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from docker.errors import DockerException
from docker.models.containers import Container
from urllib3.exceptions import HTTPError

from mood_platform.execution.cgroups import Cgroup, find_cgroup, node_io_bytes, node_pressure
from mood_platform.execution.usage import Usage, difference

STATS_SECONDS = 1.0
"""Between two questions to an engine whose containers' counters are not files of this machine."""


class Meter:
    """Of one container. A look at files is cheap, so each look at the container's state takes one too."""

    def __init__(
        self, case: Container, *, local: bool, cores: float, count_cases: Callable[[], int | None]
    ) -> None:
        """`local`: the engine runs on this machine, so that its kernel's counters are ours to read."""
        self._case, self._local, self._cores, self._count_cases = case, local, cores, count_cases
        self._read_at: float | None = None
        self._waited, self._moved = self._node()
        self._first: Usage | None = None
        self.usage: Usage | None = None

    def read(self, elapsed: float) -> None:
        """Looks again, unless the last look is fresh enough."""
        every = 0.0 if self._cgroup.folders else STATS_SECONDS
        if self._read_at is None or elapsed - self._read_at >= every:
            self._read(elapsed)

    def read_before_kill(self, elapsed: float) -> None:
        """The look that decides about a time-out: also at how many cases share the engine."""
        self._read(elapsed)
        if self.usage is not None:
            self.usage = replace(self.usage, node_cases=self._count_cases())

    @cached_property
    def _cgroup(self) -> Cgroup:
        """Found once the engine has told the container's first process."""
        pid = int(self._case.attrs["State"].get("Pid", 0))
        return find_cgroup(str(self._case.id), pid=pid) if self._local else Cgroup({})

    def _read(self, elapsed: float) -> None:
        self._read_at = elapsed
        seen = self._cgroup.read(seconds=elapsed) if self._cgroup.folders else self._ask(elapsed)
        if seen is None or seen.cpu_seconds is None:
            return  # it has just ended: what was seen before stands
        self._first = self._first or seen
        self.usage = replace(_since(seen, self._first), **self._node_figures()).after(self.usage)

    def _ask(self, elapsed: float) -> Usage | None:
        try:
            client: Any = self._case.client
            return usage_of_stats(
                client.api.stats(self._case.id, stream=False, one_shot=True), seconds=elapsed
            )
        except (DockerException, HTTPError, OSError):
            return None

    def _node_figures(self) -> dict[str, Any]:
        waited, moved = self._node()
        return {
            "node_cores": self._cores,
            "node_cpu_some": difference(waited, self._waited),
            "node_io_bytes": difference(moved, self._moved),
        }

    def _node(self) -> tuple[float | None, int | None]:
        return (node_pressure().some, node_io_bytes()) if self._local else (None, None)


def usage_of_stats(document: Mapping[str, Any], *, seconds: float) -> Usage | None:
    """Of the engine's own statistics, which know no pressure; of a container that has ended they say 0."""
    cpu, memory = document.get("cpu_stats", {}), document.get("memory_stats", {})
    used = cpu.get("cpu_usage", {}).get("total_usage")
    if not used:
        return None
    throttled = cpu.get("throttling_data", {}).get("throttled_time")
    rows = document.get("blkio_stats", {}).get("io_service_bytes_recursive")
    return Usage(
        seconds=seconds,
        cpu_seconds=used / 1e9,
        throttled_seconds=None if throttled is None else throttled / 1e9,
        memory_peak=memory.get("max_usage", memory.get("usage")),
        io_bytes=None if rows is None else sum(row["value"] for row in rows if _moves(row["op"])),
    )


def _moves(operation: str) -> bool:
    return operation.lower() in {"read", "write"}


def _since(seen: Usage, first: Usage) -> Usage:
    """Waiting since the first look; before it the engine started the container, slowly on a busy machine."""
    return replace(
        seen,
        throttled_seconds=difference(seen.throttled_seconds, first.throttled_seconds),
        cpu=seen.cpu.since(first.cpu),
        memory=seen.memory.since(first.memory),
        io=seen.io.since(first.io),
    )
