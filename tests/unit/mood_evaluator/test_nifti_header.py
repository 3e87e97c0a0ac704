"""Headers are read as they stand in the file; what is none is told why."""

import io

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.nifti_header import NUMBER_TYPES, NoNifti, find_texts, read_header

VOXELS = np.zeros((2, 3, 4), np.float32)


def header_bytes(kind: type = nib.Nifti1Header, order: str = "<", **fields: object) -> bytes:
    header = kind(endianness=order)
    header["magic"] = b"n+1" if kind is nib.Nifti1Header else b"n+2"
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [nib.Nifti1Header, nib.Nifti2Header])
def test_both_versions_and_byte_orders_are_read_to_their_end(kind: type, order: str) -> None:
    file = io.BytesIO(header_bytes(kind, order, descrip=b"a scan", scl_slope=0.5) + b"flag")
    header = read_header(file)
    assert (type(header), header.endianness, float(header["scl_slope"])) == (kind, order, 0.5)
    assert file.read() == b"flag"


def test_nothing_is_repaired() -> None:
    header = read_header(io.BytesIO(header_bytes(pixdim=-2, vox_offset=7, datatype=99)))
    assert (float(header["pixdim"][1]), float(header["vox_offset"]), int(header["datatype"])) == (-2, 7, 99)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it ends 348 bytes too early"),
        (header_bytes(nib.Nifti2Header)[:-1], "it ends 1 bytes too early"),
        (b"\0" * 600, "it does not start with a NIfTI header"),
        (header_bytes(magic=b"ni1"), "header and voxels are not in one file"),
    ],
)
def test_what_is_no_header_is_told_why(content: bytes, told: str) -> None:
    with pytest.raises(NoNifti, match=told):
        read_header(io.BytesIO(content))


@pytest.mark.parametrize("field", ["data_type", "db_name", "descrip", "aux_file", "intent_name"])
def test_words_are_found_wherever_they_stand_also_behind_a_zero(field: str) -> None:
    header = read_header(io.BytesIO(header_bytes(**{field: b"\0ill"})))
    assert {name: text.rstrip(b"\0") for name, text in find_texts(header).items()} == {field: b"\0ill"}


@pytest.mark.parametrize("kind", [nib.Nifti1Header, nib.Nifti2Header])
def test_a_header_without_words_has_none(kind: type) -> None:
    assert find_texts(read_header(io.BytesIO(header_bytes(kind)))) == {}


def test_the_number_types_are_those_that_nibabel_knows_as_one_real_number() -> None:
    for code, name in NUMBER_TYPES.items():
        assert nib.nifti1.data_type_codes.dtype[code] == np.dtype(name)
