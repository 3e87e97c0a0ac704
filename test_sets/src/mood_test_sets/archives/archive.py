"""What is known of a folder of raw scans: its sources so far, and what people said of them."""

import fnmatch
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from mood_test_sets.archives.declarations import Declared
from mood_test_sets.archives.dicom_series import Series
from mood_test_sets.archives.naming import BIDS, NiftiFile
from mood_test_sets.archives.pairing import Candidate
from mood_test_sets.archives.participants import Table
from mood_test_sets.archives.people import People, fold
from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.archives.twins import grid_of
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Note
from mood_test_sets.reading.scan_file import Grid

__all__ = ["Archive", "remedy_for"]


@dataclass
class Archive:
    root: Path
    subjects: Mapping[str, str]  # of scans, as somebody said
    patterns: tuple[str, ...]  # of names that are scans whatever they look like
    datasets: Sequence[Declared]
    participants: Sequence[Table]
    people: People
    series: Sequence[Series]
    sources: dict[str, Source] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    suspects: set[str] = field(default_factory=set)  # what may mark somebody, refused or taken for a scan
    grid: Callable[[Path], Grid | None] = field(default_factory=lambda: cache(grid_of))

    def add_scan(self, one: NiftiFile) -> None:
        source = Source(one.name, (one.path,), dicom=False, subject=self.subject_of(one.name))
        self.add(source, one.path, shape=None, aliases=(one.name,))

    def subject_of(self, name: str) -> str:
        return self.people.spell(self.subjects.get(name) or self._own_subject(name))

    def _own_subject(self, name: str) -> str:
        """Volumes in a folder of DICOM series of one id are of that patient."""
        if BIDS.search(name):
            return self.people.of(name)
        if (series := self.headers.get(name)) is not None:
            return series.patient or series.study or name
        own = self.people.of(name)
        parts = own.split("/")
        above = (fold("/".join(parts[:end])) for end in range(len(parts), 0, -1))
        return next((self._patients[one] for one in above if one in self._patients), own)

    @cached_property
    def headers(self) -> dict[str, Series]:
        return {one.name: one for one in self.series}

    @cached_property
    def _patients(self) -> dict[str, str]:
        """By the folder of one person, if its series have one id."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self.series:
            if one.inside:
                found[self.people.key_of(one.inside)].add(self.subject_of(one.name))
        return {own: ids.pop() for own, ids in found.items() if len(ids) == 1}

    def add(
        self, source: Source, path: Path, *, shape: tuple[int, ...] | None, aliases: tuple[str, ...]
    ) -> None:
        forced = self.is_forced(source.name)
        notes = source.notes
        if forced:
            taken = Note(
                Defect.MASK_LIKE, "It is taken for a scan, as --scan says.", "Nothing, if it is one."
            )
            notes = (*notes, taken)
        self.sources[source.name] = replace(source, forced=forced, notes=notes)
        if shape is None and (grid := self.grid(path)) is not None:
            shape = grid.shape
        self.candidates.append(Candidate(source.name, path, source.subject, shape, aliases))

    def refuse(self, name: str, refusal: Note, path: Path) -> None:
        """It is told, and never read."""
        subject = self.subject_of(name)
        self.sources[name] = Source(name, (path,), dicom=False, subject=subject, refusal=refusal)
        self.candidates = [one for one in self.candidates if one.name != name]

    def tie(self, name: str, mask: Mask) -> None:
        source = self.sources[name]
        self.sources[name] = replace(source, masks=(*source.masks, mask))

    def mask_of(self, file: NiftiFile) -> Mask:
        said = self.declared_of(file)
        if said is None:
            return Mask(file.path, all_lesions=file.is_lesion, series=file.series)
        if said.unclear:
            names, others = tuple(sorted(said.unclear.items())), said.organs | said.lesions
            return Mask(file.path, names=names, others=others, series=str(said.folder))
        names = tuple(sorted(said.names.items()))
        return Mask(file.path, said.lesions, said.organs, names, series=str(said.folder), settled=True)

    def declared_of(self, file: NiftiFile) -> Declared | None:
        """What the nearest dataset.json above it says."""
        return next((one for one in self.datasets if file.path.is_relative_to(one.folder)), None)

    def is_forced(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)

    def check_patterns(self) -> None:
        for pattern in self.patterns:
            if not fnmatch.filter(self.sources, pattern):
                raise ImportRefused(
                    f"--scan {pattern}: nothing in {self.root} is called so. Names have no ending."
                )


def remedy_for(name: str) -> str:
    """Of a file of which nobody knows whether it is a mask."""
    return f"Call a mask NAME_mask.nii.gz beside its scan NAME. If it is a scan: --scan '{name}'."
