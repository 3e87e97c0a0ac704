"""Whose something may be that looks like a mask and belongs to no scan: nobody is healthy by it."""

from collections.abc import Mapping
from pathlib import Path

from mood_test_sets.archives.naming import BIDS, NiftiFile, plain, unmodal, unprefixed
from mood_test_sets.findings import Defect, Note

__all__ = ["begins", "doubt_of", "find_owners", "may_be_mask"]


def may_be_mask(name: str, defect: Defect) -> bool:
    """What was refused under `name`, whatever the reason."""
    if defect in {Defect.MASK_LIKE, Defect.NO_IMAGE}:
        return True
    return defect is not Defect.STRAY and bool(NiftiFile(Path(name), name).mask_word)


def doubt_of(name: str) -> Note:
    remedy = "Call that NAME_mask.nii.gz, or say what a reader saw with --findings."
    return Note(Defect.ILL, f"{name} looks like a mask of it, or of its person.", remedy)


def find_owners(name: str, scans: Mapping[str, str]) -> set[str]:
    """Those of `scans` (name to subject) that `name` begins with, or in the same folder of one person."""
    others = {scan: subject for scan, subject in scans.items() if scan != name}
    mask = NiftiFile(Path(name), name)
    return _called_alike(mask, others) | _in_folder(mask, others)


def _called_alike(mask: NiftiFile, scans: Mapping[str, str]) -> set[str]:
    """The longest beginning counts, then the nearest folder."""
    who = BIDS.search(mask.name)
    if who is not None:
        return {scan for scan, subject in scans.items() if subject == who.group(1)}
    found = {scan: _beginning(mask, scan, subject) for scan, subject in scans.items()}
    longest = max(found.values(), default=0)
    best = [scan for scan, length in found.items() if length == longest > 0]
    shared = {scan: _shared(mask.folders, plain(scan)[:-1]) for scan in best}
    return {scan for scan in best if shared[scan] == max(shared.values())}


def _beginning(mask: NiftiFile, scan: str, subject: str) -> int:
    stem = plain(scan)[-1]
    keys = {stem, unmodal(stem), unprefixed(stem), plain(subject)[-1]} - {""}
    own = {mask.stem, *mask.bases}
    return max((len(key) for key in keys for one in own if begins(one, key)), default=0)


def begins(name: str, key: str) -> bool:
    """`p1mask` and `p1_x` begin with `p1`; `p10` does not, nor `anna` with `ann`."""
    rest = name[len(key) :]
    if not key or not name.startswith(key):
        return False
    return not rest or not (
        (key[-1].isdigit() and rest[0].isdigit()) or (key[-1].isalpha() and rest[0].isalpha())
    )


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _in_folder(mask: NiftiFile, scans: Mapping[str, str]) -> set[str]:
    """The innermost folder that holds scans, if all of them are of one person."""
    for depth in range(len(mask.folders), 0, -1):
        below = {scan for scan in scans if plain(scan)[:-1][:depth] == mask.folders[:depth]}
        if below:
            return below if len({scans[scan] for scan in below}) == 1 else set()
    return set()
