"""What masks mark: which of their values are lesions, as the archive, its people or the values say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.reading.scan_file import UnusableFile, read_planes

__all__ = ["Unclear", "find_unclear", "marked_by", "parse_lesions", "settle", "tell_values"]

MOST = 64  # values of a mask of classes
ROUNDED = 1e-4  # a value that is nearer to a whole number is that number, off by a slope or float32


@dataclass(frozen=True, slots=True)
class Unclear:
    """Values of masks of which nothing says whether they are lesions."""

    values: Mapping[int, str]  # and their names, if they have any
    files: Sequence[str]

    def __str__(self) -> str:
        listed = ", ".join(f"{value} ({name})" if name else str(value) for value, name in self.values.items())
        which = f"{len(self.files)} masks (such as {self.files[0]})"
        return f"Nothing says which values of {which} mark what is abnormal: {listed}."


def parse_lesions(said: str) -> frozenset[int]:
    """`2,3`, or `none` where masks show organs alone. Raises ImportRefused."""
    try:
        return frozenset(() if said.strip().lower() == "none" else map(int, said.split(",")))
    except ValueError:
        raise ImportRefused(f"--lesion-labels {said}: write values such as 2,3, or none.") from None


def find_unclear(sources: Iterable[Source]) -> Unclear | None:
    """Reads every mask that is not settled; where all of a series hold one value, that one is abnormal."""
    read = _read(sources)
    unclear = _unclear_series(read)
    masks = [mask for mask in read if mask.series in unclear]
    if not masks:
        return None
    names = dict(name for mask in masks for name in mask.names)
    values = sorted({value for mask in masks for value in read[mask] - mask.others})
    return Unclear({one: names.get(one, "") for one in values}, sorted(str(mask.path) for mask in masks))


def _read(sources: Iterable[Source]) -> dict[Mask, frozenset[int]]:
    return {mask: _classes(mask.path) for one in sources for mask in one.masks if not mask.settled}


def _unclear_series(read: Mapping[Mask, frozenset[int]]) -> set[str]:
    found: dict[str, set[int]] = defaultdict(set)
    named: dict[str, set[int]] = defaultdict(set)
    for mask, values in read.items():
        if not mask.all_lesions:
            found[mask.series] |= values
            named[mask.series] |= values & {value for value, _ in mask.names}
    return {series for series, values in found.items() if len(values) > 1 or named[series]}


def settle(sources: Sequence[Source], lesions: frozenset[int] | None) -> list[Source]:
    """Each mask knows its lesions; `lesions` is what people said of the unclear ones, or of all if none is.

    Raises ImportRefused.
    """
    if lesions is None and (unclear := find_unclear(sources)) is not None:
        raise ImportRefused(
            f"{unclear} Say those that do, such as --lesion-labels 2,3, or none if masks show organs alone."
        )
    read = _read(sources)
    _check_said(lesions or frozenset(), read, sources)
    asked = _unclear_series(read) or {mask.series for mask in read}
    settled = {
        mask: _settle_one(mask, values, lesions if mask.series in asked else None)
        for mask, values in read.items()
    }
    return [replace(one, masks=tuple(settled.get(mask, mask) for mask in one.masks)) for one in sources]


def _check_said(said: frozenset[int], read: Mapping[Mask, frozenset[int]], sources: Iterable[Source]) -> None:
    """A value that is in no mask would make everybody healthy."""
    masks = {mask for one in sources for mask in one.masks}
    held = {
        value
        for mask in masks
        for value in read.get(mask, (mask.lesions or frozenset()) | mask.others)
        if value
    }
    if missing := sorted(said - held):
        which = f"no mask holds {', '.join(map(str, missing))}"
        what = f"--lesion-labels: {which}; they hold {', '.join(map(str, sorted(held))) or 'nothing'}."
        raise ImportRefused(f"{what} Say the values that mark what is abnormal.")


def tell_values(sources: Iterable[Source]) -> list[str]:
    """How the values of settled masks were read, one sentence for all that were read alike."""
    series: dict[str, list[Mask]] = defaultdict(list)
    for mask in (mask for one in sources for mask in one.masks):
        series[mask.series].append(mask)
    told: dict[str, list[str]] = defaultdict(list)
    for name, masks in sorted(series.items()):
        told[_tell_series(masks)].append(name)
    return [f"Masks ({_several(names)}): {what}" for what, names in told.items()]


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - 1} other kinds" if len(names) > 1 else ""
    return f"{names[0] or 'by name and grid'}{more}"


def _tell_series(masks: Sequence[Mask]) -> str:
    names = {value: said for mask in masks for value, said in mask.names}
    lesions = {value for mask in masks for value in mask.lesions or ()}
    others = {value for mask in masks for value in mask.others if value}
    soft = ["above 0.5"] if any(mask.lesions is None for mask in masks) and not lesions else []
    marked = ", ".join(_named(lesions, names) + soft) or "nothing"
    return f"abnormal is {marked}{'; no lesion is ' if others else ''}{', '.join(_named(others, names))}."


def _named(values: Iterable[int], names: Mapping[int, str]) -> list[str]:
    return [f"{value} ({names[value]})" if value in names else str(value) for value in sorted(values)]


def _settle_one(mask: Mask, values: frozenset[int], said: frozenset[int] | None) -> Mask:
    if mask.all_lesions or said is None or not values:
        return replace(mask, lesions=values or None, settled=True)
    return replace(mask, lesions=said, others=values - said | mask.others, settled=True)


def _classes(path: Path) -> frozenset[int]:
    """Whole values besides 0; none of a map of probabilities, an empty mask, or what cannot be read."""
    return _classes_at(path, path.stat().st_mtime_ns)


@cache
def _classes_at(path: Path, _changed: int) -> frozenset[int]:
    found: set[float] = set()
    try:
        for plane in read_planes(path):
            found |= set(np.unique(plane).tolist())
            if len(found) > MOST:
                return frozenset()
    except UnusableFile:
        return frozenset()
    if not np.isfinite(list(found)).all():
        return frozenset()
    near = {round(value) for value in found}
    whole = min(near, default=0) >= 0 and all(abs(value - round(value)) < ROUNDED for value in found)
    return frozenset(near - {0}) if whole else frozenset()


def marked_by(mask: Mask, values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where `values` are lesions. Raises UnusableFile."""
    values = np.where(np.abs(values - np.rint(values)) < ROUNDED, np.rint(values), values)
    name, found = mask.path.name, np.unique(values)
    if mask.lesions is None:
        return _above_half(name, values, found)
    unknown = [value for value in found if value not in mask.lesions | mask.others | {0}]
    if unknown:
        what = f"{name} holds {_listed(unknown)}, of which nothing says whether it is a lesion."
        raise UnusableFile(Defect.NOT_BINARY, what, "Name all values in dataset.json, or correct the mask.")
    return np.isin(values, list(mask.lesions))


def _above_half(name: str, values: NDArray[np.float32], found: NDArray[np.float32]) -> NDArray[np.bool_]:
    if not np.isfinite(found).all() or found[0] < 0 or found[-1] > 1:
        what = f"{name} holds {_listed(found)}: it is no mask."
        raise UnusableFile(Defect.NOT_BINARY, what, "Write 1 where abnormal, else 0.")
    marks = np.asarray(values > 0.5)
    if found[-1] > 0 and not marks.any():
        what = f"{name} goes to {found[-1]:g} and never above 0.5: rounded it marks nothing."
        raise UnusableFile(Defect.EMPTY_LABEL, what, "Write 1 where abnormal, or an empty mask.")
    return marks


def _listed(values: Sequence[float] | NDArray[np.float32]) -> str:
    return ", ".join(f"{value:g}" for value in values[:6]) + (", …" if len(values) > 6 else "")
