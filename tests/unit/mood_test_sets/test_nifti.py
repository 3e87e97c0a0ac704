"""Written files are plain NIfTI and tell nothing but their content."""

import gzip

import nibabel as nib
import numpy as np

from mood_test_sets.nifti import encode_label, encode_levels, encode_values
from mood_test_sets.volume import FULL

EXTENT = (40.0, 60.0, 80.0)
LEVELS = np.random.default_rng(0).integers(0, FULL + 1, (20, 20, 20)).astype(np.uint16)


def read(content: bytes) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(content))


def test_levels_come_back_as_exact_values_between_0_and_1() -> None:
    image = read(encode_levels(LEVELS, extent=EXTENT))
    assert image.get_data_dtype() == np.uint16
    assert np.array_equal(image.get_fdata(), LEVELS / FULL)


def test_float_values_come_back_to_the_bit() -> None:
    values = np.random.default_rng(0).random((4, 5, 6), dtype=np.float32)
    image = read(encode_values(values, extent=EXTENT))
    assert image.get_data_dtype() == np.float32
    assert np.array_equal(np.asarray(image.dataobj), values)


def test_a_label_is_uint8_with_0_and_1() -> None:
    image = read(encode_label(LEVELS > FULL // 2, extent=EXTENT))
    assert image.get_data_dtype() == np.uint8
    assert np.unique(np.asarray(image.dataobj)).tolist() == [0, 1]


def test_the_grid_is_in_mm_around_the_middle_of_the_volume() -> None:
    image = read(encode_levels(LEVELS, extent=EXTENT))
    assert image.header.get_zooms() == (2, 3, 4)
    assert np.allclose(image.affine @ [9.5, 9.5, 9.5, 1], [0, 0, 0, 1])
    assert nib.aff2axcodes(image.affine) == ("R", "A", "S")


def test_header_and_gzip_hold_no_text_no_name_and_no_time() -> None:
    content = encode_levels(LEVELS, extent=EXTENT)
    header = read(content).header
    assert content[3] == 0  # gzip flags: no name, no comment
    assert content[4:8] == bytes(4)  # gzip time
    for field in ("descrip", "aux_file", "intent_name", "db_name"):
        assert header[field].item() == b""


def test_the_same_voxels_give_the_same_bytes() -> None:
    assert encode_levels(LEVELS, extent=EXTENT) == encode_levels(LEVELS.copy(order="F"), extent=EXTENT)
