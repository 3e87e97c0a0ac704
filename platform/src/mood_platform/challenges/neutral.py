"""Checks that a case file tells a container nothing but its voxels: no names, no dates, no extensions."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from mood_platform.errors import Invalid

HEADER = 352  # bytes of a NIfTI-1 header with its extension flag
_TEXT_FIELDS = {"db_name": (14, 32), "descrip": (148, 228), "aux_file": (228, 252), "intent_name": (328, 344)}
_GZIP_OPTIONAL = 0b11110  # FHCRC, FEXTRA, FNAME, FCOMMENT
REMEDY = "Write the test set with mood-test-sets, which neutralises headers."


def check_neutral(path: Path) -> None:
    """Refuse a gzip name or date, header texts and header extensions: they could mark a hidden case."""
    with path.open("rb") as stream:
        gzip_header = stream.read(10)
    if gzip_header[:2] == b"\x1f\x8b" and (gzip_header[3] & _GZIP_OPTIONAL or any(gzip_header[4:8])):
        raise Invalid(f"{path}: its gzip header holds a name or a date.", remedy=REMEDY)
    header = _nifti_header(path)
    for field, (start, end) in _TEXT_FIELDS.items():
        if any(header[start:end]):
            raise Invalid(f"{path}: header field {field} is not empty.", remedy=REMEDY)
    if header[348]:
        raise Invalid(f"{path}: it has header extensions.", remedy=REMEDY)


def _nifti_header(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            header = stream.read(HEADER)
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid(f"{path}: it is not a .nii.gz file ({error}).", remedy=REMEDY) from error
    if len(header) < HEADER or header[344:348] != b"n+1\0":
        raise Invalid(f"{path}: it is not a NIfTI-1 file.", remedy=REMEDY)
    return header
