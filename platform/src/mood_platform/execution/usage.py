"""What one case used of its Node, as far as it could be measured: None is 'not measured', never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeVar

SCHEMA = "mood-usage/1"
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Pressure:
    """Seconds in which some, or all, of the tasks that had something to do stood still for one resource."""

    some: float | None = None
    full: float | None = None

    def since(self, before: Pressure) -> Pressure:
        return Pressure(difference(self.some, before.some), difference(self.full, before.full))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Figures of one container from its start until `seconds` later, when they were read.

    Waiting and throttling are counted from the first look: the engine's own work of starting it is no case's.
    """

    seconds: float
    cpu_seconds: float | None = None  # of all its processes
    throttled_seconds: float | None = None  # held back by its own quota, summed over cores
    memory_peak: int | None = None  # bytes; files in /tmp, /dev/shm, /mnt/pred and cached pages included
    io_bytes: int | None = None  # read from and written to disks
    cpu: Pressure = Pressure()
    memory: Pressure = Pressure()
    io: Pressure = Pressure()
    node_cores: float | None = None
    node_cases: int | None = None  # cases that ran on the engine when it was read, this one included
    node_cpu_some: float | None = None  # seconds in which any task of the Node waited for a core
    node_io_bytes: int | None = None  # read from and written to the Node's disks meanwhile

    def to_json(self) -> dict[str, object]:
        """The document (mood-usage/1) that is stored with the case."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {name: value for name, value in document.items() if name in known}
        for name in {"cpu", "memory", "io"} & values.keys():
            values[name] = Pressure(**values[name])
        return cls(**values)

    def after(self, before: Self | None) -> Self:
        """With the highest memory ever seen, and what is not seen any more as it was before."""
        if before is None:
            return self
        mine, old = self.to_json(), before.to_json()
        merged = {name: _newer(mine[name], old[name]) for name in mine}
        peaks = [peak for peak in (self.memory_peak, before.memory_peak) if peak is not None]
        return self.from_json(merged | {"memory_peak": max(peaks, default=None)})


def difference(now: Number | None, before: Number | None) -> Number | None:
    """Of two readings of a counter; None where one of them is missing."""
    return None if now is None or before is None else now - before


def _newer(mine: Any, old: Any) -> Any:
    if isinstance(mine, dict):
        return {name: _newer(mine[name], old[name]) for name in mine}
    return old if mine is None else mine
