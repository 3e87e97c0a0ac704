"""Volumes of one name in one place: one may be a mask of the other, so neither is a scan unasked."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mood_test_sets.archives.naming import BIDS, GENERIC, NiftiFile, unmodal
from mood_test_sets.findings import Note
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.reading.scan_file import Grid, UnusableFile, read_grid, read_scan_file

__all__ = ["find_twins", "grid_of", "hold_alike", "small_mask", "why_mask"]

PAIRED = 3  # more volumes of one name are those of people
PACKED = 0.5  # bytes a voxel that a packed mask needs at most
BINS, ALIKE = 32, 0.75  # of two scans' histograms this share is in common
SMALL = 0.25  # a mask takes this part of the bytes of its scan, or less


def grid_of(path: Path) -> Grid | None:
    """None if the header cannot be read."""
    try:
        return read_grid(path)
    except UnusableFile:
        return None


def find_twins(
    scans: Sequence[NiftiFile], grid: Callable[[Path], Grid | None]
) -> list[tuple[list[NiftiFile], list[NiftiFile]]]:
    """Groups of several: those that may be scans, and those that look like masks.

    People who each have a folder of their own are none, nor modalities that have: `p1/t1`, `t2/001`.
    """
    named: dict[tuple[str, str], list[NiftiFile]] = defaultdict(list)
    for one in scans:
        who = BIDS.search(one.name)
        if unmodal(one.stem) not in GENERIC:
            named[one.stem, who.group(1) if who else ""].append(one)
    groups = [same for members in named.values() for same in _in_one_place(members, grid)]
    return [_tell_apart(same) for same in groups if not _are_modalities(same)]


def _in_one_place(members: list[NiftiFile], grid: Callable[[Path], Grid | None]) -> list[list[NiftiFile]]:
    found: list[tuple[Grid, list[NiftiFile]]] = []
    for one in members if len(members) > 1 else ():
        if (own := grid(one.path)) is not None:
            same = next((held for first, held in found if own.fills(first)), None)
            found += [(own, [one])] if same is None else []
            if same is not None:
                same.append(one)
    return [same for _, same in found if len(same) > 1]


def _are_modalities(same: Sequence[NiftiFile]) -> bool:
    return all(one.folders and unmodal(one.folders[-1]) == "" for one in same)


def _tell_apart(same: Sequence[NiftiFile]) -> tuple[list[NiftiFile], list[NiftiFile]]:
    """People whose folders differ by number, or of whom there are many, are scans without more ado."""
    sizes = {one.name: one.path.stat().st_size for one in same}
    largest = max(sizes.values())
    numbered = len({re.sub(r"\d+", "", "/".join(one.folders)) for one in same}) == 1
    people = len(same) > PAIRED or (numbered and not any(map(str.isdigit, same[0].stem)))
    read = [one for one in same if not people or sizes[one.name] < SMALL * largest]
    masks = [one for one in read if why_mask(one.path) is not None]
    scans = [one for one in same if one not in masks]
    alike = people or all(hold_alike(scans[0].path, one.path) for one in scans[1:])
    return ([] if alike and not masks else scans), masks


def hold_alike(one: Path, other: Path) -> bool:
    """Voxels of one data type that are spread alike over the same values, as those of two scans are."""
    try:
        types = {read_grid(path).data_type for path in (one, other)}
        first, second = (read_scan_file(path).values for path in (one, other))
    except UnusableFile:
        return False
    low, high = np.nanpercentile(np.concatenate([first.ravel(), second.ravel()]), (1, 99))
    counts = [
        np.histogram(values.clip(low, high), BINS, (low, high))[0] / values.size for values in (first, second)
    ]
    return len(types) == 1 and bool(high > low and np.minimum(*counts).sum() > ALIKE)


def small_mask(path: Path) -> Note | None:
    """Why it is no scan, if it is none; cheap where it is packed, as masks pack far better than scans."""
    grid = grid_of(path)
    packed = path.name.lower().endswith(".gz")
    if grid is None or (packed and path.stat().st_size >= PACKED * math.prod(grid.shape)):
        return None
    return why_mask(path)


def why_mask(path: Path) -> Note | None:
    """By all its voxels."""
    try:
        return looks_like_mask(read_scan_file(path).values)
    except UnusableFile:
        return None
