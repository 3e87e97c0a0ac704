"""What lies in an archive in formats that are not read."""

import re
from collections.abc import Iterable

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.naming import ENDING, Kind, NiftiFile, plain, printable, walk
from mood_test_sets.findings import Defect, Note

__all__ = ["tell_of_formats"]

VOLUMES = {
    ".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".mgh", ".img", ".npz", ".npy", ".mnc", ".v3draw", ".tif",
    ".tiff", ".gipl", ".mat", ".h5",
}  # fmt: skip
WORDS = {
    "", ".txt", ".md", ".rst", ".pdf", ".doc", ".docx", ".odt", ".json", ".csv", ".tsv", ".xls", ".xlsx",
    ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".html", ".log", ".py", ".ipynb", ".sh", ".m", ".r",
    ".bib", ".md5", ".ctbl",
}  # fmt: skip
PACKED = re.compile(r"(?:\.nii)?\.[^.]+$", re.IGNORECASE)
SHOWN = 4


def tell_of_formats(archive: Archive) -> None:
    """A mask in a format that is not read would be missed; one of an organ marks nothing."""
    files = list(_unread(archive))
    marks = [one for one in files if one.kind is Kind.MASK or one.mask_word]
    visible = [one for one in files if one in marks or one.path.suffix.lower() in VOLUMES]
    stems = [plain(name)[-1] for name in archive.sources]
    archive.suspects |= {one.name for one in marks if not (one.is_organ(()) and one.is_organ(stems))}
    if visible and archive.sources:
        endings = sorted({found.group() for one in visible if (found := PACKED.search(one.path.name))})
        which = ", ".join(endings[:SHOWN])
        what = f"{len(visible)} files in formats that are not read ({which}) are left out."
        remedy = "Convert scans and masks to NIfTI; without its mask a patient may count as healthy."
        name = printable(visible[0].path.relative_to(archive.root))
        archive.refuse(name, Note(Defect.STRAY, what, remedy, error=False), visible[0].path)


def _unread(archive: Archive) -> Iterable[NiftiFile]:
    """Neither NIfTI nor DICOM, nor words, nor a picture of a volume that is read."""
    paths = walk(archive.root)
    read = {path for one in archive.sources.values() for path in one.files}
    known = {ENDING.sub("", str(path)) for path in paths if ENDING.search(path.name)}
    for path in paths:
        other = path.suffix.lower() not in WORDS and path not in read and not ENDING.search(path.name)
        if other and PACKED.sub("", str(path)) not in known:
            yield NiftiFile(path, PACKED.sub("", printable(path.relative_to(archive.root))))
