"""Finds the scans in a folder, NIfTI files and DICOM series, whose they are, and what belongs to them.

A mask is never a scan: it is known by its name, its folder, dataset.json, BIDS, or by a scan of its name on
its grid. What looks like a mask and belongs to no scan is refused by name.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from mood_test_sets.archives.declarations import Declared, find_unread, read_datasets, read_participants
from mood_test_sets.archives.dicom_series import Series, find_series
from mood_test_sets.archives.naming import (
    BIDS,
    CHANNEL,
    ENDING,
    Kind,
    NiftiFile,
    list_nifti,
    own_subject,
    printable,
    unmodal,
    walk,
)
from mood_test_sets.archives.owners import begins, doubt_of, find_owners, may_be_mask
from mood_test_sets.archives.pairing import Candidate, find_scans
from mood_test_sets.archives.people import find_person_folders
from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.archives.tables import read_rows
from mood_test_sets.archives.twins import Grid, find_twins, grid_of, hold_alike, small_mask
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Note

__all__ = ["find_sources", "read_subjects"]

SEQUEL = re.compile(
    r"(?:pre|post|native|contrast|gd|arterial|portal|venous|delayed|late|early|phase|baseline|followup|fu|visit|ses"
    r"|session|run|echo|acq|reg|registered|coreg|norm|n4|bet|stripped|brain|iso|mni|resampled|scan|sag|cor|ax|tra|km"
    r"|t1\w*|t2\w*|flair|dwi|adc|swi|pdw?|cta?|mri?|mra|tof|pet|mprage|space|tse|stir|fat|water|dixon|inv|\d+|[a-z]?)"
)  # what a scan adds to the name of another of the same person
UNREAD = {".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".mgh", ".img", ".npz", ".npy", ".mnc", ".v3draw", ".tif"}
MANY, SEVERAL = 10, 3  # series, or studies, of one PatientID that are told


def find_sources(root: Path, subjects: Mapping[str, str], *, scans: Sequence[str] = ()) -> list[Source]:
    """All scans below `root`, by name, and what was refused as one.

    `subjects` overrides what names and headers say, `scans` (names, or patterns with *) what is a scan.
    """
    if not root.is_dir():
        raise ImportRefused(f"{root} is no folder. Name one that holds scans.")
    archive = _Archive(root, subjects, tuple(scans), read_datasets(root), read_participants(root))
    archive.add_nifti(list(list_nifti(root)))
    archive.add_dicom(find_series(root))
    archive.tell_of_others()
    if not archive.sources and not archive.marks:
        raise ImportRefused(f"{root} holds neither NIfTI files nor DICOM series. Name another folder.")
    archive.tell_of_columns()
    archive.tie_masks()
    archive.doubt_owners()
    archive.check_patterns()
    archive.tell_of_shared_ids()
    return sorted(archive.sources.values(), key=lambda one: one.name)


def read_subjects(file: Path | None) -> dict[str, str]:
    """A table with the columns scan and subject; the scan as `Source.name`."""
    if file is None:
        return {}
    rows = read_rows(file, "scan", "subject")
    if open_ones := [row["scan"] for row in rows if not row["subject"]]:
        raise ImportRefused(f"{file} names no subject of {open_ones[0]}. Write one, or remove the line.")
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
    people: set[str] = field(default_factory=set)  # folders of one person each
    suspects: set[str] = field(
        default_factory=set
    )  # names of what may mark somebody, refused or taken for a scan
    grid: Callable[[Path], Grid | None] = field(default_factory=lambda: cache(grid_of))

    # NIfTI

    def add_nifti(self, files: Sequence[NiftiFile]) -> None:
        self.people = find_person_folders(one.name for one in files)
        files = self._without_doubles(self._without_dead(files))
        scans = [one for one in files if one.kind is Kind.SCAN or self._is_forced(one.name)]
        taken = {one.name for one in scans}
        others = [one for one in files if one.name not in taken]
        copies = [one for one in others if one.kind is Kind.COPY and small_mask(one.path) is None]
        self.marks += [one for one in others if one not in copies]
        self.suspects |= {one.name for one in scans if one.kind is Kind.MASK or one.mask_word}
        channels = _channels(scans, self.datasets)
        for one in scans:
            self._add_scan(one, channels=one.path.parent in channels)
        free = [one for one in scans if not self._is_forced(one.name)]
        self._check_twins(free)
        self._check_masks([one for one in free if one.name in self.sources])
        if copies:
            what = f"{len(copies)} volumes in derivatives/ are processed copies and are left out."
            remedy = f"If one is a scan: --scan '{copies[0].name}'."
            self._refuse(copies[0].name, Note(Defect.STRAY, what, remedy, error=False), copies[0].path)

    def _check_masks(self, scans: Sequence[NiftiFile]) -> None:
        """What looks like a mask, is called one, or as a scan on its grid is and more."""
        named: dict[str, list[NiftiFile]] = defaultdict(list)
        for one in scans:
            named[one.stem].append(one)
        for one in scans:
            if self.sources[one.name].refusal is None and (why := self._why_mask(one, named)) is not None:
                self._refuse(one.name, why, one.path)

    def _why_mask(self, one: NiftiFile, named: Mapping[str, Sequence[NiftiFile]]) -> Note | None:
        if one.mask_word:
            what = f"Its name speaks of a mask ({one.mask_word!r}), and it belongs to no scan."
            return Note(Defect.MASK_LIKE, what, _is_a_scan(one.name))
        starts = (one.stem[:end] for end in range(len(one.stem) - 1, 0, -1))
        for other in (other for start in starts for other in named.get(start, ()) if _is_more(one, other)):
            same = self.grid(one.path) == self.grid(other.path) is not None
            if same and not hold_alike(one.path, other.path):
                what = (
                    f"It lies on the grid of {other.name}, and its name goes on from that: it may be a mask."
                )
                return Note(Defect.MASK_LIKE, what, _is_a_scan(one.name))
        return small_mask(one.path)

    def _without_dead(self, files: Sequence[NiftiFile]) -> list[NiftiFile]:
        dead = [one for one in files if not one.path.exists()]
        for one in dead:
            what = f"It is a link to a file that is not there ({one.path.readlink()})."
            remedy = "Bring that file here (such as with git annex get), or remove the link."
            self._refuse(one.name, Note(Defect.UNREADABLE, what, remedy), one.path)
            self.suspects.add(one.name)
        return [one for one in files if one not in dead]

    def tell_of_others(self) -> None:
        """A mask in a format that is not read would be missed."""
        visible = [path for path in walk(self.root) if path.suffix.lower() in UNREAD]
        names = [printable(path.relative_to(self.root).with_suffix("")) for path in visible]
        files = [NiftiFile(path, name) for path, name in zip(visible, names, strict=True)]
        self.suspects |= {one.name for one in files if one.kind is Kind.MASK or one.mask_word}
        if visible and self.sources:
            name = printable(visible[0].relative_to(self.root))
            what = f"{len(visible)} files in formats that are not read ({visible[0].suffix}) are left out."
            remedy = "Convert scans and masks to NIfTI; without its mask a patient may count as healthy."
            self._refuse(name, Note(Defect.STRAY, what, remedy, error=False), visible[0])

    def tell_of_columns(self) -> None:
        for file, columns in find_unread(self.root).items():
            what = f"Nothing that its columns say of who is ill is understood: {', '.join(columns)}."
            remedy = "If one tells who is ill: call it diagnosis, or say so with --findings."
            self._refuse(
                printable(file.relative_to(self.root)), Note(Defect.STRAY, what, remedy, error=False), file
            )

    def _without_doubles(self, files: Sequence[NiftiFile]) -> list[NiftiFile]:
        first: dict[str, NiftiFile] = {}
        for one in sorted(files, key=lambda one: not one.path.name.lower().endswith(".gz")):
            if first.setdefault(one.name, one) is not one:
                what = f"There is a {first[one.name].path.name} too."
                name = f"{one.name}{one.path.suffix}"
                self._refuse(name, Note(Defect.SAME_NAME, what, "Remove or rename one of them."), one.path)
        return list(first.values())

    def _add_scan(self, one: NiftiFile, *, channels: bool = False) -> None:
        own = own_subject(one.name, channels=channels, people=self.people)
        subject = self.subjects.get(one.name, own)
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
                self._refuse(one.name, Note(Defect.MASK_LIKE, what, _is_a_scan(one.name)), one.path)

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
                self._refuse(mark.name, Note(Defect.NO_IMAGE, what, _is_a_scan(mark.name)), mark.path)
            elif self._declared(mark) or not mark.is_organ(stem for one in found for _, stem in one.places):
                for one in found:
                    self._tie(one.name, self._mask(mark))

    def doubt_owners(self) -> None:
        """Nobody is healthy whom something refused, or taken for a scan all the same, may mark."""
        scans = {one.name: one.subject for one in self.sources.values() if one.refusal is None}
        refused = [one for one in self.sources.values() if one.refusal is not None]
        self.suspects |= {
            one.name for one in refused if one.refusal and may_be_mask(one.name, one.refusal.defect)
        }
        for name in sorted(self.suspects):
            for owner in find_owners(name, scans) - self.suspects:
                source = self.sources[owner]
                self.sources[owner] = replace(source, doubt=source.doubt or doubt_of(name))

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
            self._refuse(mark.name, Note(Defect.NO_IMAGE, what, _is_a_scan(mark.name)), mark.path)
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
        names = tuple(sorted(said.names.items()))
        return Mask(file.path, said.lesions, said.organs, names, series=str(said.folder), settled=True)

    def _declared(self, file: NiftiFile) -> Declared | None:
        """What the nearest dataset.json above it says."""
        return next((one for one in self.datasets if file.path.is_relative_to(one.folder)), None)

    def _refuse(self, name: str, refusal: Note, path: Path) -> None:
        subject = self.subjects.get(name, own_subject(name, channels=False, people=self.people))
        self.sources[name] = Source(name, (path,), dicom=False, subject=subject, refusal=refusal)
        self.candidates = [one for one in self.candidates if one.name != name]


def _is_a_scan(name: str) -> str:
    return f"Call a mask NAME_mask.nii.gz beside its scan NAME. If it is a scan: --scan '{name}'."


def _is_more(one: NiftiFile, other: NiftiFile) -> bool:
    """Beside another, or called as one person is; and what it adds is not of a kind that scans add."""
    near = one.folders == other.folders or any(map(str.isdigit, unmodal(other.stem)))
    words = re.split(r"[\W_]+", one.stem.removeprefix(other.stem))
    same = unmodal(one.stem) == unmodal(other.stem)
    return near and not same and begins(one.stem, other.stem) and not all(map(SEQUEL.fullmatch, words))


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
