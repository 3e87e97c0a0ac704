"""What the file of a case tells besides its voxels: any of it could mark a hidden case."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mood_evaluator.nifti_header import NoNifti, find_texts, read_header

_OPTIONAL = 0b11110  # flags of a gzip header: FHCRC, FEXTRA, FNAME, FCOMMENT
_VOXELS = 352  # the byte of a NIfTI-1 file where they start if nothing stands between


def find_marks(path: Path) -> Iterator[str]:
    """Yield what `path` tells, such as "its gzip header holds a name or a date"; of a neutral file nothing.

    What is no NIfTI-1 file in gzip is told like that. Raises OSError where the file cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(10)
    if start[:2] == b"\x1f\x8b" and (int.from_bytes(start[3:4]) & _OPTIONAL or any(start[4:8])):
        yield "its gzip header holds a name or a date"
    try:
        header, flag = _read(path)
    except NoNifti as reason:
        yield f"it is not a NIfTI-1 file in gzip ({reason})"
        return
    for field in find_texts(header):
        yield f"header field {field} is not empty"
    if any(flag) or float(header["vox_offset"]) != _VOXELS:
        yield "it has header extensions"


def stored_as(path: Path) -> str:
    """Return data type, slope and intercept in words; one for all images of a test set. Raises NoNifti."""
    header, _ = _read(path)
    fields = (f"{name} {header[name]}" for name in ("datatype", "bitpix", "scl_slope", "scl_inter"))
    return ", ".join([f"byte order {header.endianness}", *fields])


def _read(path: Path) -> tuple[Any, bytes]:
    """Header and extension flag."""
    try:
        with gzip.open(path) as stream:
            header, flag = read_header(stream), stream.read(4)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise NoNifti(str(error)) from error
    if int(header["sizeof_hdr"]) != 348:
        raise NoNifti("it is NIfTI-2")
    return header, flag
