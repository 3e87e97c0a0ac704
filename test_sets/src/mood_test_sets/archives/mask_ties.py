"""Ties masks and brains to their scans; what may belong to two is refused, and both are in doubt."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mood_test_sets.archives.archive import Archive, remedy_for
from mood_test_sets.archives.naming import Kind, NiftiFile
from mood_test_sets.archives.pairing import Candidate, find_scans
from mood_test_sets.findings import Defect, Note

__all__ = ["tie_masks"]


def tie_masks(archive: Archive, marks: Iterable[NiftiFile]) -> None:
    pairs = {mask: scan for one in archive.datasets for mask, scan in one.pairs.items()}
    for mark in sorted(marks, key=lambda one: one.kind is not Kind.BRAIN):
        grid = archive.grid(mark.path)
        found = find_scans(mark, archive.candidates, pairs, grid.shape if grid else None)
        if len({one.subject for one in found}) > 1:
            _refuse_ambiguous(archive, mark, found)
        elif mark.kind is Kind.BRAIN:
            _tie_brain(archive, mark, found)
        elif not found:
            what = "It is called a mask, and its scan was not found: that one may count as healthy."
            archive.refuse(mark.name, Note(Defect.NO_IMAGE, what, remedy_for(mark.name)), mark.path)
        elif archive.declared_of(mark) or not mark.is_organ(stem for one in found for _, stem in one.places):
            for one in found:
                archive.tie(one.name, archive.mask_of(mark))


def _refuse_ambiguous(archive: Archive, mark: NiftiFile, found: Iterable[Candidate]) -> None:
    names = sorted(one.name for one in found)
    what = f"It may belong to {names[0]} or to {names[1]}."
    remedy = "Call it NAME_mask.nii.gz beside its scan NAME."
    archive.refuse(mark.name, Note(Defect.NO_IMAGE, what, remedy), mark.path)
    for name in names:
        what = f"It may be the one that {mark.name} marks."
        archive.sources[name] = replace(archive.sources[name], doubt=Note(Defect.ILL, what, remedy))


def _tie_brain(archive: Archive, mark: NiftiFile, found: Sequence[Candidate]) -> None:
    """A brain that was cut out of no scan is a scan."""
    if found:
        for one in found:
            archive.sources[one.name] = replace(archive.sources[one.name], brain=mark.path)
    elif mark.stem.endswith("mask"):
        what = "By its name it is the mask of a brain, but no scan was found that it belongs to."
        archive.refuse(mark.name, Note(Defect.NO_IMAGE, what, remedy_for(mark.name)), mark.path)
    else:
        archive.add_scan(mark)
