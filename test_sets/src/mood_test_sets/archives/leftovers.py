"""What lies in an archive in formats that are not read."""

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.naming import Kind, NiftiFile, printable, walk
from mood_test_sets.findings import Defect, Note

__all__ = ["tell_of_formats"]

UNREAD = {".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".mgh", ".img", ".npz", ".npy", ".mnc", ".v3draw", ".tif"}


def tell_of_formats(archive: Archive) -> None:
    """A mask in a format that is not read would be missed."""
    visible = [path for path in walk(archive.root) if path.suffix.lower() in UNREAD]
    names = [printable(path.relative_to(archive.root).with_suffix("")) for path in visible]
    files = [NiftiFile(path, name) for path, name in zip(visible, names, strict=True)]
    archive.suspects |= {one.name for one in files if one.kind is Kind.MASK or one.mask_word}
    if visible and archive.sources:
        name = printable(visible[0].relative_to(archive.root))
        what = f"{len(visible)} files in formats that are not read ({visible[0].suffix}) are left out."
        remedy = "Convert scans and masks to NIfTI; without its mask a patient may count as healthy."
        archive.refuse(name, Note(Defect.STRAY, what, remedy, error=False), visible[0])
