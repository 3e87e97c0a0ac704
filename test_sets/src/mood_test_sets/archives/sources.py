"""Finds the scans in a folder, NIfTI files and DICOM series, whose they are, and what belongs to them.

A mask is never a scan: it is known by its name, its folder, dataset.json, BIDS, or by a scan of its name on
its grid. What looks like a mask and belongs to no scan is refused by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.asking import ask_participants, tell_of_doubtful, tell_of_shared_ids
from mood_test_sets.archives.declarations import read_datasets
from mood_test_sets.archives.dicom_scans import add_dicom
from mood_test_sets.archives.dicom_series import find_series
from mood_test_sets.archives.leftovers import tell_of_formats
from mood_test_sets.archives.mask_ties import tie_masks
from mood_test_sets.archives.naming import is_made, list_nifti
from mood_test_sets.archives.nifti_scans import add_nifti, find_channels
from mood_test_sets.archives.owners import doubt_of, find_owners, may_be_mask
from mood_test_sets.archives.participants import read_participants
from mood_test_sets.archives.people import People
from mood_test_sets.archives.source import Source
from mood_test_sets.archives.subject_table import subjects_of
from mood_test_sets.errors import ImportRefused

__all__ = ["find_sources"]


def find_sources(root: Path, subjects: Mapping[str, str], *, scans: Sequence[str] = ()) -> list[Source]:
    """All scans below `root`, by name, and what was refused as one.

    `subjects` overrides what names and headers say, `scans` (names, or patterns with *) what is a scan.
    Raises ImportRefused.
    """
    if not root.is_dir():
        raise ImportRefused(f"{root} is no folder. Name one that holds scans.")
    if is_made(root):
        raise ImportRefused(f"{root} is a cohort or a test set already. Name a folder of raw scans.")
    files, series = list(list_nifti(root)), find_series(root)
    names = [*(one.name for one in files), *(one.name for one in series)]
    datasets, participants = read_datasets(root), read_participants(root, names)
    people = People(
        [*(one.name for one in files), *(one.inside for one in series if one.inside)],
        channels=find_channels(files, datasets),
        datasets=[table.folder for table in participants],
    )
    said = subjects_of(subjects, names)
    archive = Archive(root, said, tuple(scans), datasets, participants, people, series)
    marks = add_nifti(archive, files)
    add_dicom(archive)
    tell_of_formats(archive)
    if not archive.sources and not marks:
        raise ImportRefused(f"{root} holds neither NIfTI files nor DICOM series. Name another folder.")
    tie_masks(archive, marks)
    ask_participants(archive)
    _doubt_owners(archive)
    archive.check_patterns()
    tell_of_shared_ids(archive)
    tell_of_doubtful(archive)
    return sorted(archive.sources.values(), key=lambda one: one.name)


def _doubt_owners(archive: Archive) -> None:
    """Nobody is healthy whom something refused, or taken for a scan all the same, may mark."""
    scans = {one.name: one.subject for one in archive.sources.values() if one.refusal is None}
    refused = [one for one in archive.sources.values() if one.refusal is not None]
    archive.suspects |= {
        one.name for one in refused if one.refusal and may_be_mask(one.name, one.refusal.defect)
    }
    for name in sorted(archive.suspects):
        for owner in find_owners(name, archive.subject_of(name), scans) - archive.suspects:
            source = archive.sources[owner]
            archive.sources[owner] = replace(source, doubt=source.doubt or doubt_of(name))
