"""The header of a NIfTI file as it stands there: nothing is repaired, and nothing believed."""

from typing import Any, Protocol

import nibabel as nib
import numpy as np

NUMBER_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
"""Codes of the data types with one real number a voxel, as NumPy calls them without their byte order."""
_HEADERS = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_TEXTS = ("data_type", "db_name", "descrip", "aux_file", "intent_name")  # NIfTI-2 has no first two


class NoNifti(ValueError):
    """The bytes are no NIfTI file, or no whole one; the text says why."""


class Readable(Protocol):
    """A file or what it inflates to."""

    def read(self, size: int, /) -> bytes: ...


def read_header(file: Readable) -> Any:
    """Return nibabel's header of either version and byte order; what follows in `file` is its extension flag.

    Raises NoNifti, also where the voxels are in another file.
    """
    start = read_exactly(file, 348)
    for order in ("<", ">"):
        size = int(np.frombuffer(start, order + "i4", count=1)[0])
        if size in _HEADERS:
            block = start + read_exactly(file, size - len(start))
            header = _HEADERS[size](block, endianness=order, check=False)  # type: ignore[no-untyped-call]
            if bytes(header["magic"])[:3] not in (b"n+1", b"n+2"):
                raise NoNifti("header and voxels are not in one file")
            return header
    raise NoNifti("it does not start with a NIfTI header")


def read_exactly(file: Readable, size: int) -> bytes:
    """Read `size` bytes, a number that the caller bounds; raises NoNifti where there are fewer."""
    data = file.read(size)
    if len(data) < size:
        raise NoNifti(f"it ends {size - len(data)} bytes too early")
    return data


def find_texts(header: Any) -> dict[str, bytes]:
    """Return the fields for words that are not empty, with whatever stands behind their first zero."""
    found = {name: bytes(header[name]) for name in _TEXTS if name in header}
    return {name: text for name, text in found.items() if any(text)}
