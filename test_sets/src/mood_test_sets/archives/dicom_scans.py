"""Which DICOM series of an archive are scans; who has a segmentation, contour or dose is in doubt."""

from collections.abc import Sequence
from dataclasses import replace

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.dicom_series import Series
from mood_test_sets.archives.people import fold
from mood_test_sets.archives.source import Source
from mood_test_sets.findings import Defect, Note

__all__ = ["add_dicom"]


def add_dicom(archive: Archive) -> None:
    scans = [one for one in archive.series if not one.marks and one.refusal is None]
    for one in archive.series:
        if one.refusal is not None:
            archive.refuse(one.name, one.refusal, one.files[0])
        elif one.marks:
            what = f"It is no scan but was drawn on one (DICOM {one.modality})."
            remedy = "Save it as NIfTI, beside the folder of its scan as FOLDER_mask.nii.gz."
            archive.refuse(one.name, Note(Defect.MASK_LIKE, what, remedy), one.files[0])
    drawn = {scan.name: one.name for one in archive.series if one.marks for scan in _drawn_on(one, scans)}
    for one in scans:
        _add_series(archive, one, drawn.get(one.name))


def _drawn_on(mark: Series, scans: Sequence[Series]) -> list[Series]:
    """Scans of its patient; where that one has none, as after half an anonymization, those of its study."""
    own = [one for one in scans if mark.patient and fold(one.patient) == fold(mark.patient)]
    return own or [one for one in scans if mark.study and one.study == mark.study]


def _add_series(archive: Archive, one: Series, drawn: str | None) -> None:
    source = Source(one.name, one.files, dicom=True, subject=archive.subject_of(one.name))
    if drawn is not None:
        what = f"{drawn} marks something in its person, and no mask of NIfTI shows where."
        remedy = "Save it as NIfTI beside the scan, or say what a reader saw with --findings."
        source = replace(source, doubt=Note(Defect.ILL, what, remedy))
    aliases = tuple(filter(None, (one.name, one.inside)))
    archive.add(source, one.folder, shape=one.shape, aliases=aliases)
