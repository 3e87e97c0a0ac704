"""Finds the scans in a folder, NIfTI files and DICOM series, whose they are, and what belongs to them.

A mask is never a scan: it is known by its name, its folder, dataset.json, BIDS, or by a scan of its name on
its grid. What looks like a mask and belongs to no scan is refused by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.declarations import read_datasets, read_participants
from mood_test_sets.archives.dicom_scans import add_dicom, tell_of_shared_ids
from mood_test_sets.archives.dicom_series import find_series
from mood_test_sets.archives.leftovers import tell_of_columns, tell_of_formats
from mood_test_sets.archives.mask_ties import tie_masks
from mood_test_sets.archives.naming import ENDING, list_nifti
from mood_test_sets.archives.nifti_scans import add_nifti
from mood_test_sets.archives.owners import doubt_of, find_owners, may_be_mask
from mood_test_sets.archives.people import find_person_folders
from mood_test_sets.archives.source import Source
from mood_test_sets.archives.tables import read_rows
from mood_test_sets.errors import ImportRefused

__all__ = ["find_sources", "read_subjects"]


def find_sources(root: Path, subjects: Mapping[str, str], *, scans: Sequence[str] = ()) -> list[Source]:
    """All scans below `root`, by name, and what was refused as one.

    `subjects` overrides what names and headers say, `scans` (names, or patterns with *) what is a scan.
    """
    if not root.is_dir():
        raise ImportRefused(f"{root} is no folder. Name one that holds scans.")
    files, series = list(list_nifti(root)), find_series(root)
    people = find_person_folders(one.name for one in files)
    archive = Archive(root, subjects, tuple(scans), read_datasets(root), read_participants(root), people)
    marks = add_nifti(archive, files)
    add_dicom(archive, series)
    tell_of_formats(archive)
    if not archive.sources and not marks:
        raise ImportRefused(f"{root} holds neither NIfTI files nor DICOM series. Name another folder.")
    tell_of_columns(archive)
    tie_masks(archive, marks)
    _doubt_owners(archive)
    archive.check_patterns()
    tell_of_shared_ids(archive, series)
    return sorted(archive.sources.values(), key=lambda one: one.name)


def _doubt_owners(archive: Archive) -> None:
    """Nobody is healthy whom something refused, or taken for a scan all the same, may mark."""
    scans = {one.name: one.subject for one in archive.sources.values() if one.refusal is None}
    refused = [one for one in archive.sources.values() if one.refusal is not None]
    archive.suspects |= {
        one.name for one in refused if one.refusal and may_be_mask(one.name, one.refusal.defect)
    }
    for name in sorted(archive.suspects):
        for owner in find_owners(name, scans) - archive.suspects:
            source = archive.sources[owner]
            archive.sources[owner] = replace(source, doubt=source.doubt or doubt_of(name))


def read_subjects(file: Path | None) -> dict[str, str]:
    """A table with the columns scan and subject; the scan as `Source.name`."""
    if file is None:
        return {}
    rows = read_rows(file, "scan", "subject")
    if open_ones := [row["scan"] for row in rows if not row["subject"]]:
        raise ImportRefused(f"{file} names no subject of {open_ones[0]}. Write one, or remove the line.")
    return {ENDING.sub("", row["scan"]): row["subject"] for row in rows}
