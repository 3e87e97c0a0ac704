"""Finds the scans in a folder, NIfTI files and DICOM series, whose they are, and what belongs to them.

A mask is never a scan: it is known by its name, its folder, dataset.json, BIDS, or by a scan of its name on
its grid. What looks like a mask and belongs to no scan is refused by name.
"""

import csv
import fnmatch
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.preparing.declarations import Declared, read_datasets, read_participants
from mood_test_sets.preparing.dicom_series import Series, find_series
from mood_test_sets.preparing.naming import (
    BIDS,
    CHANNEL,
    ENDING,
    Kind,
    NiftiFile,
    is_visible,
    list_nifti,
    own_subject,
    printable,
)
from mood_test_sets.preparing.pairing import Candidate, find_scans
from mood_test_sets.preparing.source import Mask, Note, Source
from mood_test_sets.preparing.twins import Grid, find_twins, grid_of, is_small_mask

__all__ = ["find_sources", "read_subjects"]

IS_A_SCAN = "If it is a scan: --scan NAME (--scan 'FOLDER/*' for many); if not, take it out."
UNREAD = {".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".mgh", ".img", ".npz", ".npy", ".mnc", ".v3draw", ".tif"}
MANY, SEVERAL = 10, 3  # series, or studies, of one PatientID that are told


def find_sources(root: Path, subjects: Mapping[str, str], *, scans: Sequence[str] = ()) -> list[Source]:
    """All scans below `root`, by name, and what was refused as one.

    `subjects` overrides what names and headers say, `scans` (names, or patterns with *) what is a scan.
    """
    archive = _Archive(root, subjects, tuple(scans), read_datasets(root), read_participants(root))
    archive.add_nifti(list(list_nifti(root)))
    archive.add_dicom(find_series(root))
    archive.tell_of_others()
    if not archive.sources and not archive.marks:
        raise ImportRefused(f"{root} holds neither NIfTI files nor DICOM series. Name another folder.")
    archive.tie_masks()
    archive.check_patterns()
    archive.tell_of_shared_ids()
    return sorted(archive.sources.values(), key=lambda one: one.name)


def read_subjects(file: Path | None) -> dict[str, str]:
    """A table with the columns scan and subject; the scan as `Source.name`."""
    if file is None:
        return {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"scan", "subject"} <= set(rows[0]):
        raise ImportRefused(f"{file} has no columns scan and subject. Add a line with their names.")
    return {ENDING.sub("", row["scan"]): row["subject"] for row in rows}


@dataclass(slots=True)
class _Archive:
    root: Path
    subjects: Mapping[str, str]
    patterns: tuple[str, ...]
    datasets: Sequence[Declared]
    participants: Mapping[str, str | None]
    sources: dict[str, Source] = field(default_factory=dict)
    marks: list[NiftiFile] = field(default_factory=list)  # masks, and brains
    candidates: list[Candidate] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    grid: Callable[[Path], Grid | None] = field(default_factory=lambda: cache(grid_of))

    # NIfTI

    def add_nifti(self, files: Sequence[NiftiFile]) -> None:
        files = self._without_doubles(files)
        scans = [one for one in files if one.kind is Kind.SCAN or self._is_forced(one.name)]
        taken = {one.name for one in scans}
        others = [one for one in files if one.name not in taken]
        copies = [one for one in others if one.kind is Kind.COPY and not is_small_mask(one.path)]
        self.marks += [one for one in others if one not in copies]
        channels = _channels(scans, self.datasets)
        for one in scans:
            self._add_scan(one, channels=one.path.parent in channels)
        self._check_twins([one for one in scans if not self._is_forced(one.name)])
        if copies:
            what = f"{len(copies)} volumes in derivatives/ are processed copies and are left out."
            self._refuse(copies[0].name, Note(Defect.STRAY, what, IS_A_SCAN, error=False), copies[0].path)

    def tell_of_others(self) -> None:
        """A mask in a format that is not read would be missed."""
        paths = [path for path in sorted(self.root.rglob("*")) if path.suffix.lower() in UNREAD]
        visible = [path for path in paths if is_visible(path.relative_to(self.root)) and path.is_file()]
        if visible and self.sources:
            name = printable(visible[0].relative_to(self.root))
            what = f"{len(visible)} files in formats that are not read ({visible[0].suffix}) are left out."
            remedy = "Convert scans and masks to NIfTI; without its mask a patient may count as healthy."
            self._refuse(name, Note(Defect.STRAY, what, remedy, error=False), visible[0])

    def _without_doubles(self, files: Sequence[NiftiFile]) -> list[NiftiFile]:
        first: dict[str, NiftiFile] = {}
        for one in sorted(files, key=lambda one: not one.path.name.lower().endswith(".gz")):
            if first.setdefault(one.name, one) is not one:
                what = f"There is a {first[one.name].path.name} too."
                name = f"{one.name}{one.path.suffix}"
                self._refuse(name, Note(Defect.SAME_NAME, what, "Remove or rename one of them."), one.path)
        return list(first.values())

    def _add_scan(self, one: NiftiFile, *, channels: bool = False) -> None:
        subject = self.subjects.get(one.name, own_subject(one.name, channels=channels))
        source = Source(one.name, (one.path,), dicom=False, subject=subject)
        self._add(source, one.path, shape=None, aliases=(one.name,))

    def _add(
        self, source: Source, path: Path, *, shape: tuple[int, ...] | None, aliases: tuple[str, ...]
    ) -> None:
        forced = self._is_forced(source.name)
        notes = source.notes
        if forced:
            taken = Note(
                Defect.MASK_LIKE, "It is taken for a scan, as --scan says.", "Nothing, if it is one."
            )
            notes = (*notes, taken)
        self.sources[source.name] = self._with_participant(replace(source, forced=forced, notes=notes))
        if shape is None and (grid := self.grid(path)) is not None:
            shape = grid[0]
        self.candidates.append(Candidate(source.name, path, source.subject, shape, aliases))

    def _with_participant(self, source: Source) -> Source:
        who = BIDS.search(source.name)
        if who is None or who.group(1) not in self.participants:
            return source
        said = self.participants[who.group(1)]
        if said is None:
            return replace(source, control=True)
        what = f"participants.tsv calls its person {said!r}, and no mask shows where."
        remedy = "Add NAME_mask.nii.gz, or say what a reader saw with --findings."
        return replace(source, doubt=Note(Defect.ILL, what, remedy))

    def _is_forced(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)

    def check_patterns(self) -> None:
        for pattern in self.patterns:
            if not fnmatch.filter(self.sources, pattern):
                raise ImportRefused(
                    f"--scan {pattern}: nothing in {self.root} is called so. Names have no ending."
                )

    def _check_twins(self, scans: Sequence[NiftiFile]) -> None:
        for like_scans, masks in find_twins(scans, self.grid):
            for one in masks:
                del self.sources[one.name]
                self.candidates = [other for other in self.candidates if other.name != one.name]
            if len(like_scans) == 1:
                for one in masks:
                    self._tie(like_scans[0].name, self._mask(one))
                continue
            for one in [*like_scans, *masks]:
                other = next(o for o in [*like_scans, *masks] if o is not one)
                what = f"It has name and grid of {other.name}: one of them may be a mask of the other."
                self._refuse(one.name, Note(Defect.MASK_LIKE, what, IS_A_SCAN), one.path)

    # DICOM

    def add_dicom(self, series: Sequence[Series]) -> None:
        self.series = list(series)
        drawn = {one.patient or one.study: one.name for one in series if one.marks}
        for one in series:
            if one.refusal is not None:
                self._refuse(one.name, one.refusal, one.files[0])
            elif one.marks:
                what = f"It is no scan but was drawn on one (DICOM {one.modality})."
                remedy = "Save it as NIfTI, beside the folder of its scan as FOLDER_mask.nii.gz."
                self._refuse(one.name, Note(Defect.MASK_LIKE, what, remedy), one.files[0])
            else:
                self._add_series(one, drawn.get(one.patient or one.study))

    def _add_series(self, one: Series, drawn: str | None) -> None:
        bids = BIDS.search(one.name)
        own = bids.group(1) if bids else one.patient or one.study or one.name
        source = Source(one.name, one.files, dicom=True, subject=self.subjects.get(one.name, own))
        if drawn is not None:
            what = f"{drawn} marks something in its person, and no mask of NIfTI shows where."
            remedy = "Save it as NIfTI beside the scan, or say what a reader saw with --findings."
            source = replace(source, doubt=Note(Defect.ILL, what, remedy))
        folder, _, _ = one.name.rpartition("/")
        aliases = [one.name, folder] if folder else [one.name]
        self._add(source, one.folder, shape=one.shape, aliases=tuple(aliases))

    def tell_of_shared_ids(self) -> None:
        """An anonymized archive may give one id to all."""
        own = [
            one
            for one in self.series
            if one.name in self.sources and self.sources[one.name].subject == one.patient
        ]
        shared: dict[str, list[Series]] = defaultdict(list)
        for one in own:
            shared[one.patient].append(one)
        for patient, members in shared.items():
            studies = len({one.study for one in members})
            if len(members) >= MANY or studies >= SEVERAL:
                what = (
                    f"{len(members)} series of {'one study' if studies == 1 else f'{studies} studies'} "
                    f"have the PatientID {patient!r} "
                    "and count as one person."
                )
                remedy = "If they are several people, say whose each is with --subjects TABLE."
                first = self.sources[members[0].name]
                note = Note(Defect.SHARED_ID, what, remedy)
                self.sources[first.name] = replace(first, notes=(*first.notes, note))

    # masks

    def tie_masks(self) -> None:
        pairs = {mask: scan for one in self.datasets for mask, scan in one.pairs.items()}
        for mark in sorted(self.marks, key=lambda one: one.kind is not Kind.BRAIN):
            grid = self.grid(mark.path)
            found = find_scans(mark, self.candidates, pairs, grid[0] if grid else None)
            if len({one.subject for one in found}) > 1:
                self._refuse_ambiguous(mark, found)
            elif mark.kind is Kind.BRAIN:
                self._tie_brain(mark, found)
            elif not found:
                what = "It is called a mask, and its scan was not found: that one may count as healthy."
                remedy = f"Call it NAME_mask.nii.gz beside its scan NAME. {IS_A_SCAN}"
                self._refuse(mark.name, Note(Defect.NO_IMAGE, what, remedy), mark.path)
            elif self._declared(mark) or not mark.is_organ(stem for one in found for _, stem in one.places):
                for one in found:
                    self._tie(one.name, self._mask(mark))

    def _refuse_ambiguous(self, mark: NiftiFile, found: Iterable[Candidate]) -> None:
        names = sorted(one.name for one in found)
        what = f"It may belong to {names[0]} or to {names[1]}."
        remedy = "Call it NAME_mask.nii.gz beside its scan NAME."
        self._refuse(mark.name, Note(Defect.NO_IMAGE, what, remedy), mark.path)
        for name in names:
            what = f"It may be the one that {mark.name} marks."
            self.sources[name] = replace(self.sources[name], doubt=Note(Defect.ILL, what, remedy))

    def _tie_brain(self, mark: NiftiFile, found: Sequence[Candidate]) -> None:
        """A brain that was cut out of no scan is a scan."""
        if found:
            for one in found:
                self.sources[one.name] = replace(self.sources[one.name], brain=mark.path)
        elif mark.stem.endswith("mask"):
            what = "By its name it is the mask of a brain, but no scan was found that it belongs to."
            self._refuse(mark.name, Note(Defect.NO_IMAGE, what, IS_A_SCAN), mark.path)
        else:
            self._add_scan(mark)

    def _tie(self, name: str, mask: Mask) -> None:
        source = self.sources[name]
        self.sources[name] = replace(source, masks=(*source.masks, mask))

    def _mask(self, file: NiftiFile) -> Mask:
        said = self._declared(file)
        if said is None:
            return Mask(file.path, all_lesions=file.is_lesion, series=file.series)
        if said.unclear:
            names, others = tuple(sorted(said.unclear.items())), said.organs | said.lesions
            return Mask(file.path, names=names, others=others, series=str(said.folder))
        return Mask(file.path, said.lesions, said.organs, settled=True)

    def _declared(self, file: NiftiFile) -> Declared | None:
        """What the nearest dataset.json above it says."""
        return next((one for one in self.datasets if file.path.is_relative_to(one.folder)), None)

    def _refuse(self, name: str, refusal: Note, path: Path) -> None:
        subject = self.subjects.get(name, own_subject(name, channels=False))
        self.sources[name] = Source(name, (path,), dicom=False, subject=subject, refusal=refusal)
        self.candidates = [one for one in self.candidates if one.name != name]


def _channels(scans: Sequence[NiftiFile], datasets: Sequence[Declared]) -> set[Path]:
    """Folders in which _0000, _0001 are modalities, as nnU-Net has it, and no running number."""
    stems: dict[Path, list[str]] = defaultdict(list)
    for one in scans:
        stems[one.path.parent].append(one.stem)
    return {folder for folder, names in stems.items() if _are_channels(folder, names, datasets)}


def _are_channels(folder: Path, names: Sequence[str], datasets: Sequence[Declared]) -> bool:
    bases = {CHANNEL.sub("", name) for name in names}
    whole = all(CHANNEL.search(name) for name in names) and all(f"{base}_0000" in names for base in bases)
    declared = any(folder.is_relative_to(one.folder) for one in datasets)
    return whole and (len(bases) > 1 or declared)
