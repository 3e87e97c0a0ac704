"""Reads what the kernel counts of one container: cgroup v1, v1 with the unified hierarchy beside it, v2.

The files are there while the container lives and are gone after its end. Whatever cannot be read is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mood_platform.execution.usage import Number, Pressure, Usage

UNIFIED = "unified"
_CONTROLLERS = ("cpu", "cpuacct", "memory", "blkio")
_FOLDERS = ("docker/{id}", "system.slice/docker-{id}.scope", "docker-{id}.scope")
"""Where an engine puts a container, for those whose processes are not ours to see."""
_SECTOR = 512
_NO_DISKS = ("loop", "ram", "zram", "dm-", "md")
"""Block devices whose bytes are those of another one, or none of a disk."""


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The folders of one container, by controller; `unified` is that of cgroup v2."""

    folders: Mapping[str, Path]

    def read(self, *, seconds: float) -> Usage:
        """All counters as they are now, `seconds` after the start; empty once the container has ended."""
        unified = _numbers(self._text(UNIFIED, "cpu.stat"))
        legacy = _numbers(self._text("cpu", "cpu.stat"))
        return Usage(
            seconds=seconds,
            cpu_seconds=_first(
                _scaled(unified.get("usage_usec"), 1e-6),
                _scaled(self._number("cpuacct", "cpuacct.usage"), 1e-9),
            ),
            throttled_seconds=_first(
                _scaled(unified.get("throttled_usec"), 1e-6), _scaled(legacy.get("throttled_time"), 1e-9)
            ),
            memory_peak=self._memory_peak(),
            io_bytes=self._io_bytes(),
            cpu=parse_pressure(self._text(UNIFIED, "cpu.pressure")),
            memory=parse_pressure(self._text(UNIFIED, "memory.pressure")),
            io=parse_pressure(self._text(UNIFIED, "io.pressure")),
        )

    def _memory_peak(self) -> int | None:
        """Before Linux 5.19 cgroup v2 keeps no peak: then it is what is used now, and the meter's highest."""
        return _first(
            self._number(UNIFIED, "memory.peak"),
            self._number("memory", "memory.max_usage_in_bytes"),
            self._number(UNIFIED, "memory.current"),
        )

    def _io_bytes(self) -> int | None:
        """v2: a line a disk, `8:0 rbytes=1 wbytes=2 …`; v1: lines `8:0 Read 1`."""
        text = self._text(UNIFIED, "io.stat")
        if text is not None:
            pairs = [word.partition("=") for word in text.split()]
            return sum(int(value) for name, _, value in pairs if name in {"rbytes", "wbytes"})
        text = self._text("blkio", "blkio.throttle.io_service_bytes")
        if text is None:
            return None
        rows = [line.split() for line in text.splitlines()]
        return sum(int(row[2]) for row in rows if len(row) == 3 and row[1] in {"Read", "Write"})

    def _number(self, controller: str, name: str) -> int | None:
        text = self._text(controller, name)
        return int(text) if text is not None and text.strip().isdigit() else None

    def _text(self, controller: str, name: str) -> str | None:
        folder = self.folders.get(controller)
        return None if folder is None else _read(folder / name)


def find_cgroup(container: str, *, pid: int, root: Path = Path("/")) -> Cgroup:
    """By the membership of its first process, if that is ours to see, else by the engine's usual names.

    Its id must stand in the path: in a container of our own, `pid` is somebody else's process.
    """
    mounts = _mounts(_read(root / "proc/mounts") or "")
    memberships = _memberships(_read(root / f"proc/{pid}/cgroup") or "", container)
    found: dict[str, Path] = {}
    for controller, mount in mounts.items():
        paths = [memberships[controller]] if controller in memberships else []
        paths += [place.format(id=container) for place in _FOLDERS]
        folders = [root / mount.lstrip("/") / path.lstrip("/") for path in paths]
        here = next((folder for folder in folders if folder.is_dir()), None)
        if here is not None:
            found[controller] = here
    return Cgroup(found)


def parse_pressure(text: str | None) -> Pressure:
    """Of `some avg10=0.00 … total=123` and `full …`: the totals, which the kernel counts in microseconds."""
    totals: dict[str, float] = {}
    for line in (text or "").splitlines():
        kind, *pairs = line.split()
        values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if "total" in values:
            totals[kind] = int(values["total"]) / 1e6
    return Pressure(totals.get("some"), totals.get("full"))


def node_pressure(*, root: Path = Path("/")) -> Pressure:
    """How long tasks of the whole machine have waited for a core since it was started."""
    return parse_pressure(_read(root / "proc/pressure/cpu"))


def node_io_bytes(*, root: Path = Path("/")) -> int | None:
    """Bytes read and written by all disks since the machine was started; partitions are not counted twice."""
    text = _read(root / "proc/diskstats")
    if text is None:
        return None
    rows = [line.split() for line in text.splitlines()]
    disks = [row for row in rows if len(row) > 9 and _is_disk(root, row[2])]
    return sum(int(row[5]) + int(row[9]) for row in disks) * _SECTOR


def _is_disk(root: Path, name: str) -> bool:
    return not name.startswith(_NO_DISKS) and (root / "sys/block" / name).exists()


def _mounts(text: str) -> dict[str, str]:
    """Controller → where it is mounted."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found[UNIFIED] = place
        elif kind == "cgroup":
            found |= dict.fromkeys(set(options.split(",")) & set(_CONTROLLERS), place)
    return found


def _memberships(text: str, container: str) -> dict[str, str]:
    """Controller → path below its mount, of lines `4:memory:/docker/…` and `0::/docker/…`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        number, names, path = line.split(":", 2)
        if container in path:
            found |= dict.fromkeys([UNIFIED] if number == "0" and not names else names.split(","), path)
    return found


def _numbers(text: str | None) -> dict[str, int]:
    """Of lines `name 123`."""
    rows = [line.split() for line in (text or "").splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def _scaled(value: int | None, scale: float) -> float | None:
    return None if value is None else value * scale


def _first(*values: Number | None) -> Number | None:
    return next((value for value in values if value is not None), None)
