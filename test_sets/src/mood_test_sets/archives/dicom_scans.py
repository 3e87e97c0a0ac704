"""Which DICOM series of an archive are scans, and whose; ids that many share are told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.dicom_series import Series
from mood_test_sets.archives.naming import BIDS
from mood_test_sets.archives.source import Source
from mood_test_sets.findings import Defect, Note

__all__ = ["add_dicom", "tell_of_shared_ids"]

MANY, SEVERAL = 10, 3  # series, or studies, of one PatientID that are told


def add_dicom(archive: Archive, series: Sequence[Series]) -> None:
    drawn = {one.patient or one.study: one.name for one in series if one.marks}
    for one in series:
        if one.refusal is not None:
            archive.refuse(one.name, one.refusal, one.files[0])
        elif one.marks:
            what = f"It is no scan but was drawn on one (DICOM {one.modality})."
            remedy = "Save it as NIfTI, beside the folder of its scan as FOLDER_mask.nii.gz."
            archive.refuse(one.name, Note(Defect.MASK_LIKE, what, remedy), one.files[0])
        else:
            _add_series(archive, one, drawn.get(one.patient or one.study))


def _add_series(archive: Archive, one: Series, drawn: str | None) -> None:
    bids = BIDS.search(one.name)
    own = bids.group(1) if bids else one.patient or one.study or one.name
    source = Source(one.name, one.files, dicom=True, subject=archive.subjects.get(one.name, own))
    if drawn is not None:
        what = f"{drawn} marks something in its person, and no mask of NIfTI shows where."
        remedy = "Save it as NIfTI beside the scan, or say what a reader saw with --findings."
        source = replace(source, doubt=Note(Defect.ILL, what, remedy))
    folder, _, _ = one.name.rpartition("/")
    aliases = [one.name, folder] if folder else [one.name]
    archive.add(source, one.folder, shape=one.shape, aliases=tuple(aliases))


def tell_of_shared_ids(archive: Archive, series: Sequence[Series]) -> None:
    """An anonymized archive may give one id to all."""
    own = [
        one
        for one in series
        if one.name in archive.sources and archive.sources[one.name].subject == one.patient
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
            first = archive.sources[members[0].name]
            note = Note(Defect.SHARED_ID, what, remedy)
            archive.sources[first.name] = replace(first, notes=(*first.notes, note))
