"""Whether a time-out was the Node's doing: the case could have run, was below its quota, and was not run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from mood_platform.execution.limits import Limits
from mood_platform.execution.usage import Pressure, Usage

SHARE = 1 / 5
"""Of the limit: so long must a case have stood still without its own doing."""
_AT_QUOTA, _AT_MEMORY_LIMIT = 0.95, 0.9
"""From this share of its own limit on, what a case waits for is taken for its own doing."""


class Lack(StrEnum):
    """What the Node did not give."""

    CPU = "cpu"
    MEMORY = "memory"
    IO = "io"


def lack_of(usage: Usage | None, limits: Limits) -> Lack | None:
    """What starved a case that was killed at its limit, by its last reading before; None: nothing did.

    Own throttling never counts, and nothing that was not measured does.
    """
    if usage is None:
        return None
    return next((lack for lack, lacked in _TESTS.items() if lacked(usage, limits)), None)


def _lacked_cpu(usage: Usage, limits: Limits) -> bool:
    """By the container's own counter; its waiting for the whole Node's alone where its own is not seen."""
    quota = min(limits.cpus, usage.node_cores or limits.cpus)
    if usage.cpu_seconds is None or usage.cpu_seconds >= _AT_QUOTA * quota * usage.seconds:
        return False
    least = SHARE * limits.seconds
    if usage.cpu.full is None:
        return _node_was_short(usage, quota)
    throttled = usage.throttled_seconds or 0.0
    if usage.cpu.full - throttled > least:
        return True
    waited = (usage.cpu.some or 0.0) - throttled > least  # a sleeper beside a hog never waits
    return waited and _node_was_short(usage, quota)


def _node_was_short(usage: Usage, quota: float) -> bool:
    """Less than half of a fair part, while tasks waited for a core of the Node for half of the time."""
    if usage.cpu_seconds is None or usage.node_cpu_some is None or usage.node_cores is None:
        return False
    fair = min(quota, usage.node_cores / (usage.node_cases or 1))
    return usage.cpu_seconds < fair * usage.seconds / 2 and usage.node_cpu_some >= usage.seconds / 2


def _lacked_memory(usage: Usage, limits: Limits) -> bool:
    """Pages were taken away from a case that was not near its own limit."""
    below = usage.memory_peak is not None and usage.memory_peak < _AT_MEMORY_LIMIT * limits.memory
    return below and _stood_still(usage.memory, limits)


def _lacked_io(usage: Usage, limits: Limits) -> bool:
    """It waited for disks that were busy with others' bytes more than with its own."""
    if usage.io_bytes is None or usage.node_io_bytes is None:
        return False
    return 2 * usage.io_bytes < usage.node_io_bytes and _stood_still(usage.io, limits)


def _stood_still(pressure: Pressure, limits: Limits) -> bool:
    return (pressure.full or 0.0) > SHARE * limits.seconds


_TESTS: Mapping[Lack, Callable[[Usage, Limits], bool]] = {
    Lack.CPU: _lacked_cpu,
    Lack.MEMORY: _lacked_memory,
    Lack.IO: _lacked_io,
}
