"""Which scan a mask belongs to: by dataset.json, BIDS entities, or name and place."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mood_test_sets.archives.naming import (
    GENERIC,
    LESION,
    ORGAN,
    SESSION,
    NiftiFile,
    bids_of,
    home_of,
    plain,
    shared,
    split_of,
    unmodal,
    unprefixed,
)

__all__ = ["Candidate", "find_scans"]


@dataclass(frozen=True)
class Candidate:
    """A scan that masks may belong to."""

    name: str
    path: Path
    subject: str
    shape: tuple[int, ...] | None
    aliases: tuple[str, ...]  # the path without ending, and how a DICOM folder is called too

    @cached_property
    def places(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        return tuple((parts[:-1], parts[-1]) for parts in map(plain, self.aliases))


def find_scans(
    mask: NiftiFile, scans: Sequence[Candidate], pairs: Mapping[Path, Path], shape: tuple[int, ...] | None
) -> list[Candidate]:
    """Several where one mask is for all modalities of a person; those on its grid, if there are any."""
    named = pairs.get(mask.path.resolve())
    if named is not None:
        found = [one for one in scans if one.path.resolve() == named]
        if found:
            return found
    found = _of_entities(mask, scans) or _of_name(mask, scans) or _of_folder(mask, scans)
    return [one for one in found if shape is not None and one.shape == shape] or found


def _of_entities(mask: NiftiFile, scans: Sequence[Candidate]) -> list[Candidate]:
    """BIDS: of the same sub and ses in the same data set; of one modality, if the mask names it."""
    who = bids_of(mask.name)
    if who is None:
        return []
    when = SESSION.search(mask.name)
    homes = {one.name: shared(home_of(mask.name), home_of(one.name)) for one in scans}
    own = [one for one in scans if bids_of(one.name) == who]
    own = [one for one in own if homes[one.name] == max(homes[other.name] for other in own)]
    if when is not None:
        own = [one for one in own if _same(SESSION.search(one.name), when)]
    exact = [one for one in own for _, stem in one.places if mask.stem.startswith(stem)]
    return exact or own


def _same(one: re.Match[str] | None, other: re.Match[str] | None) -> bool:
    return one is not None and other is not None and one.group(1).casefold() == other.group(1).casefold()


def _of_name(mask: NiftiFile, scans: Iterable[Candidate]) -> list[Candidate]:
    """Beside it, or, for a mask in labels/, anywhere beside or below that; the strictest likeness counts."""
    near = [(one, folders, stem) for one in scans for folders, stem in one.places if _is_near(mask, folders)]
    for base in filter(None, mask.bases):
        for likeness in (str, unmodal):
            found = [(one, folders) for one, folders, stem in near if likeness(stem) == base]
            if found:
                return _closest(mask, found)
    bases = {unprefixed(base) for base in mask.bases if base}
    found = [(one, folders) for one, folders, stem in near if unprefixed(stem) in bases]
    return _closest(mask, found) or _of_label_folder(mask, near)


def _of_label_folder(
    mask: NiftiFile, near: Sequence[tuple[Candidate, tuple[str, ...], str]]
) -> list[Candidate]:
    """labels/P1/tumour belongs to images/P1."""
    inner = () if mask.label_folder is None else mask.folders[mask.label_folder + 1 :]
    for folder in reversed(inner):
        for likeness in (str, unmodal, unprefixed):
            if found := [one for one, _, stem in near if likeness(stem) == folder]:
                return list({one.name: one for one in found}.values())
    return []


def _is_near(mask: NiftiFile, folders: tuple[str, ...]) -> bool:
    place = mask.label_folder
    return folders == mask.folders if place is None else folders[:place] == mask.folders[:place]


def _closest(mask: NiftiFile, found: list[tuple[Candidate, tuple[str, ...]]]) -> list[Candidate]:
    """labels/a/x belongs to images/a/x, labelsTr/x to imagesTr/x."""
    place = mask.label_folder
    if place is not None:
        inner, split = mask.folders[place + 1 :], split_of(mask.folders[place])
        for closer in (
            [(one, folders) for one, folders in found if folders[len(folders) - len(inner) :] == inner],
            [(one, folders) for one, folders in found if split and split in map(split_of, folders)],
        ):
            found = closer or found
    return list({one.name: one for one, _ in found}.values())


def _of_folder(mask: NiftiFile, scans: Iterable[Candidate]) -> list[Candidate]:
    """p1/mask and p1/labels/tumour belong to the scans in p1, if they are of one person.

    Of p1/ct so does p1/labels/x7, whatever it is called.
    """
    home = mask.folders[: mask.label_folder] if mask.label_folder is not None else mask.folders
    found = [one for one in scans for folders, _ in one.places if folders[: len(home)] == home]
    alone = len({one.subject for one in found}) == 1
    nameless = mask.label_folder is not None and all(
        folders == home and unmodal(stem) in GENERIC for one in found for folders, stem in one.places
    )
    own = alone and (nameless or _is_word(mask.bases[-1]))
    return list({one.name: one for one in found}.values()) if own else []


def _is_word(base: str) -> bool:
    return not base or (not any(map(str.isdigit, base)) and bool(ORGAN.search(base) or LESION.search(base)))
