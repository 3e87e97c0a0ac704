"""Which NIfTI files of an archive are scans: a mask is never one, whatever it is called."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from mood_test_sets.archives.archive import Archive, remedy_for
from mood_test_sets.archives.declarations import Declared
from mood_test_sets.archives.naming import CHANNEL, GENERIC, MODALITY, Kind, NiftiFile, unmodal
from mood_test_sets.archives.owners import begins
from mood_test_sets.archives.people import SEQUEL
from mood_test_sets.archives.twins import find_twins, hold_alike, small_mask, why_mask
from mood_test_sets.findings import Defect, Note

__all__ = ["add_nifti", "find_channels"]

ADDED = re.compile(rf"{SEQUEL.pattern}|\d+|[a-z]?")


def add_nifti(archive: Archive, files: Sequence[NiftiFile]) -> list[NiftiFile]:
    """Returns masks and brains, which belong to others."""
    files = _without_doubles(archive, _without_dead(archive, files))
    scans = [one for one in files if one.kind is Kind.SCAN or archive.is_forced(one.name)]
    taken = {one.name for one in scans}
    others = [one for one in files if one.name not in taken]
    copies = [one for one in others if one.kind is Kind.COPY and _is_copy(one)]
    marks = [one for one in others if one not in copies]
    archive.suspects |= {one.name for one in scans if one.kind is Kind.MASK or one.mask_word}
    for one in scans:
        archive.add_scan(one)
    free = [one for one in scans if not archive.is_forced(one.name)]
    _check_twins(archive, free)
    _check_masks(archive, [one for one in free if one.name in archive.sources])
    if copies:
        what = f"{len(copies)} volumes in derivatives/ are processed copies and are left out."
        remedy = f"If one is a scan: --scan '{copies[0].name}'."
        archive.refuse(copies[0].name, Note(Defect.STRAY, what, remedy, error=False), copies[0].path)
    return marks


def _is_copy(one: NiftiFile) -> bool:
    """Of a scan, and no mask of it; only what is called as a modality is not always read."""
    modal = MODALITY.search(one.stem) or one.stem.endswith("_bold")
    return (small_mask(one.path) if modal else why_mask(one.path)) is None


def _without_dead(archive: Archive, files: Sequence[NiftiFile]) -> list[NiftiFile]:
    dead = [one for one in files if not one.path.exists()]
    for one in dead:
        what = f"It is a link to a file that is not there ({one.path.readlink()})."
        remedy = "Bring that file here (such as with git annex get), or remove the link."
        archive.refuse(one.name, Note(Defect.UNREADABLE, what, remedy), one.path)
        archive.suspects.add(one.name)
    return [one for one in files if one not in dead]


def _without_doubles(archive: Archive, files: Sequence[NiftiFile]) -> list[NiftiFile]:
    first: dict[str, NiftiFile] = {}
    for one in sorted(files, key=lambda one: not one.path.name.lower().endswith(".gz")):
        if first.setdefault(one.name, one) is not one:
            what = f"There is a {first[one.name].path.name} too."
            name = f"{one.name}{one.path.suffix}"
            archive.refuse(name, Note(Defect.SAME_NAME, what, "Remove or rename one of them."), one.path)
    return list(first.values())


def _check_masks(archive: Archive, scans: Sequence[NiftiFile]) -> None:
    """What looks like a mask, is called one, or as a scan on its grid is and more."""
    named: dict[str, list[NiftiFile]] = defaultdict(list)
    for one in scans:
        named[one.stem].append(one)
    for one in scans:
        if archive.sources[one.name].refusal is None and (why := _why_mask(archive, one, named)) is not None:
            archive.refuse(one.name, why, one.path)


def _why_mask(archive: Archive, one: NiftiFile, named: Mapping[str, Sequence[NiftiFile]]) -> Note | None:
    if one.mask_word:
        what = f"Its name speaks of a mask ({one.mask_word!r}), and it belongs to no scan."
        return Note(Defect.MASK_LIKE, what, remedy_for(one.name))
    starts = (one.stem[:end] for end in range(len(one.stem) - 1, 0, -1))
    for other in (other for start in starts for other in named.get(start, ()) if _is_more(one, other)):
        first, second = archive.grid(one.path), archive.grid(other.path)
        same = first is not None and second is not None and first.fills(second)
        if same and not hold_alike(one.path, other.path):
            what = f"It lies where {other.name} does, and its name goes on from that: it may be a mask."
            return Note(Defect.MASK_LIKE, what, remedy_for(one.name))
    return small_mask(one.path)


def _check_twins(archive: Archive, scans: Sequence[NiftiFile]) -> None:
    for like_scans, masks in find_twins(scans, archive.grid):
        for one in masks:
            del archive.sources[one.name]
            archive.candidates = [other for other in archive.candidates if other.name != one.name]
        if len(like_scans) == 1:
            for one in masks:
                archive.tie(like_scans[0].name, archive.mask_of(one))
            continue
        for one in [*like_scans, *masks]:
            other = next(o for o in [*like_scans, *masks] if o is not one)
            what = f"It has name and place of {other.name}: one of them may be a mask of the other."
            archive.refuse(one.name, Note(Defect.MASK_LIKE, what, remedy_for(one.name)), one.path)


def _is_more(one: NiftiFile, other: NiftiFile) -> bool:
    """Beside another, or called as one person is; and what it adds is not of a kind that scans add."""
    near = one.folders == other.folders or unmodal(other.stem) not in GENERIC
    words = re.split(r"[\W_]+", one.stem.removeprefix(other.stem))
    same = unmodal(one.stem) == unmodal(other.stem)
    return near and not same and begins(one.stem, other.stem) and not all(map(ADDED.fullmatch, words))


def find_channels(files: Sequence[NiftiFile], datasets: Sequence[Declared]) -> set[str]:
    """Folders in which _0000, _0001 are modalities, as nnU-Net has it, and no running number."""
    inside: dict[str, list[NiftiFile]] = defaultdict(list)
    for one in files:
        if one.kind is Kind.SCAN:
            inside[one.name.rpartition("/")[0]].append(one)
    return {folder for folder, held in inside.items() if _are_channels(held, datasets)}


def _are_channels(held: Sequence[NiftiFile], datasets: Sequence[Declared]) -> bool:
    names = {one.stem for one in held}
    bases = {CHANNEL.sub("", name) for name in names}
    whole = all(CHANNEL.search(name) for name in names) and all(f"{base}_0000" in names for base in bases)
    declared = any(held[0].path.is_relative_to(one.folder) for one in datasets)
    return whole and (len(bases) > 1 or declared)
