"""What one case may use, as `limits` of challenge.yaml says it: seconds, bytes, counts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from mood_evaluator import LARGEST_SCORE_FILE, Task, largest_volume_file
from mood_platform.errors import Invalid

KIB, MIB, GIB = 2**10, 2**20, 2**30
_UNITS = {"": 1, "B": 1, "KIB": KIB, "MIB": MIB, "GIB": GIB, "TIB": 2**40}
_UNITS |= {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_BYTES = frozenset({"memory", "tmp", "output", "shm", "log", "image"})
_FRACTIONS = frozenset({"seconds", "cpus"})
_SMALLEST: Mapping[str, float] = {"seconds": 0.1, "memory": 6 * MIB, "cpus": 0.01, "log": KIB, "gpus": 0}
_LARGEST: Mapping[str, float] = dict.fromkeys(_BYTES, 2**53) | {  # which every reader of JSON keeps exact
    "seconds": 366 * 86400,
    "output_files": 2**31 - 1,
    "pids": 2**22,  # of a Linux kernel of 64 bits; an Engine starts no container with more
    "cpus": 8192,  # of the same
    "gpus": 8192,
}


class TooMuch(Invalid):
    """A number that no Engine gives; earlier versions took it, so it may be stored."""

    def __init__(self, name: str, value: object, *, most: float, remedy: str) -> None:
        super().__init__(f"limits.{name} is {value!r}.", remedy=remedy)
        self.most = most


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one case. `tmp`, `shm` and `output` live in memory and are part of `memory`."""

    seconds: float = 600.0  # from container start; pulling and queueing are not counted
    memory: int = 16 * GIB  # bytes, swap included
    tmp: int = 2 * GIB  # bytes under /tmp
    output: int = 4 * GIB  # bytes of the prediction, and never more than that of its case can need
    output_files: int = 64  # files and folders under /mnt/pred
    shm: int = GIB  # bytes under /dev/shm
    pids: int = 1024  # processes and threads together
    cpus: float = 4.0  # cores' worth of time
    gpus: int = 1
    log: int = MIB  # bytes kept of stdout and stderr, their first and last part
    image: int = 40 * GIB  # bytes of the unpacked image

    def for_case(self, *, task: Task, shape: tuple[int, int, int]) -> Self:
        """The same with an output no larger than the prediction of such a case can be of use."""
        useful = LARGEST_SCORE_FILE if task is Task.SAMPLE else largest_volume_file(shape)
        return replace(self, output=min(self.output, useful))

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Reads numbers, and sizes such as "16GiB"; fields left out take their default."""
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(document) - set(names), key=str)
        if unknown:
            raise Invalid(
                f"limits has no field {unknown[0]!r}.", remedy=f"Its fields are {', '.join(names)}."
            )
        return cls(**{name: _parse_field(name, value) for name, value in document.items()})

    @classmethod
    def restore(cls, document: Mapping[str, Any]) -> Self:
        """Reads what is stored: a number from before there was a largest one becomes the largest."""
        return cls.parse({name: _at_most_largest(name, value) for name, value in document.items()})

    def to_json(self) -> dict[str, float | int]:
        """Plain numbers; `parse` reads them back unchanged."""
        return asdict(self)


def _parse_field(name: str, value: object) -> Any:
    number = _parse_size(name, value) if name in _BYTES else _parse_number(name, value)
    smallest, largest = _SMALLEST.get(name, 1), _LARGEST[name]
    remedy = f"Give a number from {smallest:.16g} to {largest:.16g}."
    if not math.isfinite(number) or number < smallest:
        raise Invalid(f"limits.{name} is {value!r}.", remedy=remedy)
    if number > largest:
        raise TooMuch(name, value, most=largest, remedy=remedy)
    if name in _FRACTIONS:
        return float(number)
    if number != int(number):
        raise Invalid(f"limits.{name} is {value!r}, not a whole number.", remedy="Leave out the fraction.")
    return int(number)


def _at_most_largest(name: str, value: object) -> object:
    try:
        _parse_field(name, value)
    except TooMuch as error:
        return error.most
    return value


def _parse_number(name: str, value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise TypeError  # noqa: TRY301 - one message for every way not to be a number
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        raise Invalid(f"limits.{name} is {value!r}, not a number.", remedy="Write it like 600.") from None


def _parse_size(name: str, value: object) -> float:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _parse_number(name, value)
    number, unit = match.groups()
    if unit.upper() not in _UNITS:
        raise Invalid(
            f"limits.{name} is {value!r}; {unit!r} is no unit.",
            remedy="Write it like 16GiB, 500MB or 1048576.",
        )
    size = float(number) * _UNITS[unit.upper()]
    return float(int(size)) if math.isfinite(size) else size
