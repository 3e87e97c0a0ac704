"""Whose something may be that looks like a mask and belongs to no scan: nobody is healthy by it."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from mood_test_sets.archives.naming import NiftiFile, bids_of, home_of, plain, shared, unmodal, unprefixed
from mood_test_sets.archives.people import bare
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


def find_owners(name: str, subject: str, scans: Mapping[str, str]) -> set[str]:
    """Those of `scans` (name to subject) of its person, in its folder of one, or that it is called by."""
    others = {scan: who for scan, who in scans.items() if scan != name}
    mask = NiftiFile(Path(name), name)
    own = {scan for scan, who in others.items() if who == subject}
    return own | _called_alike(mask, others) | _in_folder(mask, others)


def _called_alike(mask: NiftiFile, scans: Mapping[str, str]) -> set[str]:
    """By BIDS in the nearest data set; else the longest name counts, then the nearest folder."""
    who = bids_of(mask.name)
    if who is not None and (own := [scan for scan in scans if bids_of(scan) == who]):
        return _nearest({scan: shared(home_of(mask.name), home_of(scan)) for scan in own})
    found = {scan: _likeness(mask, scan, subject) for scan, subject in scans.items()}
    longest = max(found.values(), default=0)
    best = [scan for scan, length in found.items() if length == longest > 0]
    return _nearest({scan: shared(mask.folders, plain(scan)[:-1]) for scan in best})


def _nearest(shares: Mapping[str, int]) -> set[str]:
    return {scan for scan, share in shares.items() if share == max(shares.values())}


def _likeness(mask: NiftiFile, scan: str, subject: str) -> int:
    """How long the name of the scan or its person is that the mask begins with, or holds as words."""
    stem, who = plain(scan)[-1], plain(subject)[-1]
    keys = {stem, unmodal(stem), unprefixed(stem), who} - {""}
    begun = (key for key in keys for one in (mask.stem, *mask.bases) if begins(one, key))
    held = (key for key in (plain(bare(scan))[-1], who) if _holds("/".join((*mask.folders, mask.stem)), key))
    return max(map(len, (*begun, *held)), default=0)


def _holds(text: str, key: str) -> bool:
    return bool(key) and re.search(rf"(?<![^\W_]){re.escape(key)}(?![^\W_])", text) is not None


def begins(name: str, key: str) -> bool:
    """`p1mask` and `p1_x` begin with `p1`; `p10` does not, nor `anna` with `ann`; 张三病灶 does with 张三."""
    rest = name[len(key) :]
    if not key or not name.startswith(key):
        return False
    return not rest or not (
        (key[-1].isdigit() and rest[0].isdigit()) or (_is_spaced(key[-1]) and _is_spaced(rest[0]))
    )


def _is_spaced(sign: str) -> bool:
    """A letter of a script that parts words; Chinese and Japanese do not, nor have they cases."""
    return sign.isalpha() and unicodedata.category(sign) != "Lo"


def _in_folder(mask: NiftiFile, scans: Mapping[str, str]) -> set[str]:
    """The innermost folder that holds scans, if all of them are of one person."""
    for depth in range(len(mask.folders), 0, -1):
        below = {scan for scan in scans if plain(scan)[:-1][:depth] == mask.folders[:depth]}
        if below:
            return below if len({scans[scan] for scan in below}) == 1 else set()
    return set()
