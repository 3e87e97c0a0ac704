"""Which prepared scans a cohort gets: no person twice, nobody in doubt, and why the others are left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.archives.owners import doubt_of, find_owners, may_be_mask
from mood_test_sets.archives.source import Source
from mood_test_sets.findings import Defect, Finding, Note, Severity
from mood_test_sets.nifti import read_voxels
from mood_test_sets.preparing.one_scan import Record
from mood_test_sets.preparing.readers import Consensus
from mood_test_sets.reading.lookalikes import NEARLY_ALL, POINTS, Sketch, find_lookalikes

__all__ = ["Sorting", "tell"]


def tell(one: Record, source: Source) -> list[Finding]:
    """What is to be said of one scan, used or not."""
    told = [(str(note.defect), note.what, note.remedy) for note in source.notes]
    found = [
        Finding(Severity.WARNING, Defect(defect), one.name, *text) for defect, *text in (*told, *one.notes)
    ]
    if one.defect is not None:
        severity = Severity.ERROR if one.error else Severity.WARNING
        found.append(Finding(severity, Defect(one.defect), one.name, one.what, one.remedy))
    return found


@dataclass(frozen=True, slots=True)
class Sorting:
    folder: Path  # with images/
    sources: Mapping[str, Source]
    consensus: Consensus
    read: set[str]  # scans that a reader read

    def sort_out(self, records: Sequence[Record]) -> tuple[list[Finding], list[Record]]:
        """What is to be told, and what can be used."""
        findings = [finding for one in records for finding in tell(one, self.sources[one.name])]
        whole = [one for one in records if one.defect is None]
        double = {one.file: one for one in self._doubles(whole)}
        beside = self._beside_masks(records)
        left = {one.name: self._left_out(one, beside) for one in whole if one.name not in double}
        findings += [*double.values(), *filter(None, left.values())]
        return findings, [one for one in whole if one.name in left and left[one.name] is None]

    def _doubles(self, records: Sequence[Record]) -> Iterator[Finding]:
        """Of two that are the same the one that shows something stays: its copy is not healthy."""
        ordered = sorted(records, key=lambda one: (not self._may_be_ill(one), one.name))
        first: dict[str, str] = {}
        for one in ordered:
            if first.setdefault(one.sha256_image, one.name) != one.name:
                yield _double(one.name, f"Its voxels are those of {first[one.sha256_image]}.")
        images = {one.name: self.folder / one.image for one in ordered}
        told: set[str] = set()
        sketches = [_sketch(one) for one in ordered if first[one.sha256_image] == one.name]
        for two in find_lookalikes(sketches, lambda name: _read(images[name]), share=NEARLY_ALL):
            if two.other not in told:
                told.add(two.other)
                like = "the mirror image of" if two.mirrored else "but for noise or scale the same as"
                yield _double(two.other, f"It is {like} {two.first}.")

    def _may_be_ill(self, one: Record) -> bool:
        said = self.consensus.settled.get(one.name)
        return (
            one.marked
            or self.sources[one.name].doubt is not None
            or one.name in self.consensus.unsettled
            or (said is not None and said.finding is True)
        )

    def _beside_masks(self, records: Sequence[Record]) -> dict[str, Note]:
        """By subject: who may be ill, as something that looks like a mask may be theirs."""
        scans = {one.name: one.subject for one in records if one.defect is None}
        found = {one.subject: one.doubt for one in self.sources.values() if one.doubt is not None}
        for mask in (one for one in records if one.defect and may_be_mask(one.name, Defect(one.defect))):
            for owner in find_owners(mask.name, mask.subject, scans):
                found.setdefault(scans[owner], doubt_of(mask.name))
        return found

    def _left_out(self, one: Record, beside: Mapping[str, Note]) -> Finding | None:
        if one.name in self.consensus.unsettled:
            what = "The readers disagree, or left its cell blank: it is left out."
            remedy = "Settle it in the consensus table."
            return Finding(Severity.WARNING, Defect.UNSETTLED, one.name, what, remedy)
        doubt = self.sources[one.name].doubt or beside.get(one.subject)
        if doubt is not None and not one.marked and one.name not in self.read:
            what = f"{doubt.what} It is left out."
            return Finding(Severity.WARNING, doubt.defect, one.name, what, doubt.remedy)
        return None


def _double(name: str, what: str) -> Finding:
    return Finding(Severity.ERROR, Defect.DUPLICATE, name, what, "Keep one of them.")


def _sketch(one: Record) -> Sketch:
    return Sketch(one.name, (), np.asarray(one.points, dtype=np.float32).reshape((POINTS,) * 3))


def _read(image: Path) -> NDArray[np.float64]:
    return read_voxels(image).astype(np.float64)
