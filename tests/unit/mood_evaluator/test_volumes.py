"""Predictions and labels are read within bounds; what is wrong is named, never raised as something else."""

import gzip
import struct
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest

from mood_evaluator import (
    Flag,
    InvalidGroundTruth,
    InvalidPrediction,
    OutputFault,
    largest_volume_file,
    read_label,
    read_prediction,
)
from mood_evaluator.volumes import read_sample_score

SHAPE = (3, 4, 5)
VOXELS = np.linspace(0, 1, 60).reshape(SHAPE)


def _write(path: Path, voxels: npt.NDArray[Any], *, slope: float = np.nan, inter: float = np.nan) -> Path:
    """Write stored numbers as they are, with the scaling the header shall state."""
    image = nib.Nifti1Image(voxels, np.eye(4), dtype=voxels.dtype)
    image.to_filename(path)
    _patch(path, 112, struct.pack("<ff", slope, inter))
    return path


def _patch(path: Path, offset: int, data: bytes) -> None:
    zipped = path.suffix == ".gz"
    raw = bytearray(gzip.decompress(path.read_bytes()) if zipped else path.read_bytes())
    raw[offset : offset + len(data)] = data
    path.write_bytes(gzip.compress(raw) if zipped else raw)


def _fault(path: Path, shape: tuple[int, int, int] = SHAPE) -> OutputFault:
    with pytest.raises(InvalidPrediction) as caught:
        read_prediction(path, shape=shape)
    return caught.value.fault


@pytest.mark.parametrize("name", ["p.nii", "p.nii.gz"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_floats_of_both_byte_orders_come_back_rounded_once(
    tmp_path: Path, name: str, order: str, kind: str
) -> None:
    header = nib.Nifti1Header(endianness=order)
    header.set_data_dtype(np.dtype(order + kind))
    nib.Nifti1Image(VOXELS, np.eye(4), header).to_filename(tmp_path / name)
    prediction = read_prediction(tmp_path / name, shape=SHAPE)
    assert prediction.scores.dtype == np.float32
    assert np.array_equal(prediction.scores, VOXELS.astype(np.float32))
    assert prediction.flags == ()


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
def test_every_integer_type_is_read(tmp_path: Path, kind: str) -> None:
    voxels = (VOXELS > 0.5).astype(kind)
    assert np.array_equal(read_prediction(_write(tmp_path / "p.nii", voxels), shape=SHAPE).scores, voxels)


@pytest.mark.parametrize("kind", ["i2", "u1", "f4"])
def test_scaled_numbers_equal_nibabels_in_float64(tmp_path: Path, kind: str) -> None:
    stored = (VOXELS * 100).astype(kind)
    path = _write(tmp_path / "p.nii.gz", stored, slope=0.003, inter=0.1)
    expected = nib.Nifti1Image.from_filename(path).get_fdata(dtype=np.float64).astype(np.float32)
    assert np.array_equal(read_prediction(path, shape=SHAPE).scores, expected)


def test_a_slope_of_zero_or_nan_means_unscaled(tmp_path: Path) -> None:
    for slope in (0.0, np.nan):
        path = _write(tmp_path / "p.nii", VOXELS.astype("f4"), slope=slope, inter=7.0)
        assert np.array_equal(read_prediction(path, shape=SHAPE).scores, VOXELS.astype("f4"))


@pytest.mark.parametrize(("slope", "inter"), [(np.inf, 0.0), (1.0, np.nan), (2.0, -np.inf)])
def test_a_scaling_that_is_not_finite_is_unreadable(tmp_path: Path, slope: float, inter: float) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"), slope=slope, inter=inter)
    assert _fault(path) is OutputFault.UNREADABLE


def test_bad_scores_are_cleaned_and_flagged(tmp_path: Path) -> None:
    voxels = VOXELS.astype("f4")
    voxels[0, 0, :4] = [np.nan, np.inf, -np.inf, 3]
    prediction = read_prediction(_write(tmp_path / "p.nii", voxels), shape=SHAPE)
    assert prediction.scores[0, 0, :4].tolist() == [0, 1, 0, 1]
    assert prediction.flags == (Flag.CLAMPED, Flag.NAN)


def test_products_beyond_float64_are_clamped_without_a_warning(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii", np.full(SHAPE, 1e300), slope=3e38, inter=0.0)
    prediction = read_prediction(path, shape=SHAPE)
    assert (prediction.scores == 1).all()
    assert prediction.flags == (Flag.CLAMPED, Flag.CONSTANT)


def test_trailing_axes_of_one_are_accepted_and_others_are_a_mismatch(tmp_path: Path) -> None:
    nib.Nifti1Image(VOXELS[..., None, None], np.eye(4)).to_filename(tmp_path / "p.nii")
    assert np.array_equal(read_prediction(tmp_path / "p.nii", shape=SHAPE).scores, VOXELS.astype("f4"))
    nib.Nifti1Image(np.stack([VOXELS, VOXELS], -1), np.eye(4)).to_filename(tmp_path / "q.nii")
    assert _fault(tmp_path / "q.nii") is OutputFault.SHAPE_MISMATCH


def test_a_flat_volume_may_leave_out_its_last_axis(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii", VOXELS[..., 0].astype("f4"))
    assert read_prediction(path, shape=(3, 4, 1)).scores.shape == (3, 4, 1)


def test_a_transposed_volume_is_a_mismatch(tmp_path: Path) -> None:
    assert _fault(_write(tmp_path / "p.nii", VOXELS.T.astype("f4"))) is OutputFault.SHAPE_MISMATCH


def test_complex_voxels_are_an_unsupported_type(tmp_path: Path) -> None:
    assert _fault(_write(tmp_path / "p.nii", VOXELS.astype("c8"))) is OutputFault.UNSUPPORTED_TYPE


def test_a_truncated_gzip_is_output_unreadable(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii.gz", VOXELS.astype("f4"))
    path.write_bytes(path.read_bytes()[:-20])
    assert _fault(path) is OutputFault.UNREADABLE


def test_a_gzip_with_a_wrong_checksum_is_output_unreadable(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii.gz", VOXELS.astype("f4"))
    data = bytearray(path.read_bytes())
    data[-8] ^= 0xFF
    path.write_bytes(data)
    assert _fault(path) is OutputFault.UNREADABLE


def test_a_file_that_ends_early_is_output_unreadable(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"))
    path.write_bytes(path.read_bytes()[:-1])
    assert _fault(path) is OutputFault.UNREADABLE


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"not a volume", b"\0" * 1_000, b"\x1f\x8b" + b"\0" * 99])
def test_bytes_that_are_no_nifti_are_output_unreadable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.nii.gz").write_bytes(data)
    assert _fault(tmp_path / "p.nii.gz") is OutputFault.UNREADABLE


@pytest.mark.parametrize("offset", [0.0, 100.0, 352.5, -1.0, 1e30, np.nan])
def test_voxels_that_start_nowhere_are_output_unreadable(tmp_path: Path, offset: float) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"))
    _patch(path, 108, struct.pack("<f", offset))
    assert _fault(path) is OutputFault.UNREADABLE


@pytest.mark.parametrize("rank", [0, -1, 8])
def test_an_odd_number_of_axes_is_output_unreadable(tmp_path: Path, rank: int) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"))
    _patch(path, 40, struct.pack("<h", rank))
    assert _fault(path) is OutputFault.UNREADABLE


def test_a_huge_header_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"))
    _patch(path, 40, struct.pack("<4h", 3, 32767, 32767, 32767))
    assert _fault(path) is OutputFault.SHAPE_MISMATCH


def test_a_gzip_bomb_is_inflated_no_further_than_its_voxels(tmp_path: Path) -> None:
    raw = gzip.decompress(_write(tmp_path / "p.nii.gz", VOXELS.astype("f4")).read_bytes())
    with gzip.open(tmp_path / "p.nii.gz", "wb") as file:
        file.write(raw)
        for _ in range(300):
            file.write(b"\0" * 1_000_000)
    prediction = read_prediction(tmp_path / "p.nii.gz", shape=SHAPE)
    assert np.array_equal(prediction.scores, VOXELS.astype("f4"))
    assert prediction.flags == (Flag.TRAILING_DATA,)


def test_a_header_whose_voxels_lie_in_another_file_is_unreadable(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.nii", VOXELS.astype("f4"))
    _patch(path, 344, b"ni1\0")
    assert _fault(path) is OutputFault.UNREADABLE


@pytest.mark.parametrize("name", ["p.nii", "p.nii.gz"])
def test_long_header_extensions_are_read_over(tmp_path: Path, name: str) -> None:
    image = nib.Nifti1Image(VOXELS.astype("f4"), np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 3_000_000))
    image.to_filename(tmp_path / name)
    found = read_prediction(str(tmp_path / name), shape=SHAPE)
    assert np.array_equal(found.scores, VOXELS.astype("f4"))
    assert read_label(str(tmp_path / name), shape=SHAPE).sum() == (VOXELS > 0.5).sum()
    assert largest_volume_file(SHAPE) > (tmp_path / name).stat().st_size


def test_voxels_may_start_64_mib_into_the_file_and_no_later(tmp_path: Path) -> None:
    path, start = _write(tmp_path / "p.nii", VOXELS.astype("f4")), 1 << 26
    content = path.read_bytes()
    for place, fits in ((start, True), (start + 16, False)):
        moved = content[:108] + struct.pack("<f", place) + content[112:352]
        path.write_bytes(gzip.compress(moved + bytes(place - 352) + content[352:], 1))
        if fits:
            assert np.array_equal(read_prediction(path, shape=SHAPE).scores, VOXELS.astype("f4"))
        else:
            assert _fault(path) is OutputFault.UNREADABLE


def test_header_extensions_are_skipped_and_nifti2_is_read(tmp_path: Path) -> None:
    image = nib.Nifti2Image(VOXELS.astype("f4"), np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"hello"))
    image.to_filename(tmp_path / "p.nii")
    assert np.array_equal(read_prediction(tmp_path / "p.nii", shape=SHAPE).scores, VOXELS.astype("f4"))


def test_a_volume_larger_than_one_chunk_keeps_its_order(tmp_path: Path) -> None:
    shape = (170, 160, 160)
    voxels = np.random.default_rng(0).random(shape).astype("f4")
    path = _write(tmp_path / "p.nii", voxels)
    assert np.array_equal(read_prediction(path, shape=shape).scores, voxels)


def test_a_missing_file_or_a_folder_is_output_missing(tmp_path: Path) -> None:
    assert _fault(tmp_path / "p.nii.gz") is OutputFault.MISSING
    assert _fault(tmp_path) is OutputFault.MISSING


def test_labels_round_half_to_even_and_are_clipped(tmp_path: Path) -> None:
    voxels = np.array([[[0, 0.5, 0.6, 1, 1.5, 2, -0.5, -0.0, np.inf]]], "f4")
    label = read_label(_write(tmp_path / "l.nii", voxels), shape=(1, 1, 9))
    assert label.ravel().astype(int).tolist() == [0, 0, 1, 1, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("value", "told"), [(np.nan, "NaN"), (-1, "-1"), (-0.51, "-0.51"), (-np.inf, "-inf")]
)
def test_a_label_that_says_neither_normal_nor_abnormal_is_refused(
    tmp_path: Path, value: float, told: str
) -> None:
    voxels = np.zeros((100, 100, 100), "f4")
    voxels[-1, -1, -1] = value
    path = _write(tmp_path / "l.nii", voxels)
    with pytest.raises(InvalidGroundTruth, match=rf"l\.nii has voxels of {told}, which say neither"):
        read_label(path, shape=voxels.shape)


def test_a_label_of_another_shape_is_invalid_ground_truth_naming_its_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "l.nii", VOXELS.astype("u1"))
    with pytest.raises(InvalidGroundTruth, match=r"l\.nii"):
        read_label(path, shape=(5, 4, 3))


@pytest.mark.parametrize(
    ("text", "number"), [("0.5", 0.5), (" 1e-3 \nmore", 1e-3), ("-inf", -np.inf), ("7\r\n", 7.0), ("1", 1.0)]
)
def test_a_score_is_the_number_on_the_first_line(tmp_path: Path, text: str, number: float) -> None:
    (tmp_path / "s.txt").write_text(text)
    assert read_sample_score(tmp_path / "s.txt") == number


@pytest.mark.parametrize(
    "data",
    [b"", b"\n0.5", b"0,5", b"0.5 0.6", b"abc", b"1_0", b"\xff\xfe0.5", b"\xd9\xa1", b"0" * 5_000 + b"x"],
)
def test_a_first_line_that_is_not_one_number_is_a_fault(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s.txt").write_bytes(data)
    with pytest.raises(InvalidPrediction) as caught:
        read_sample_score(tmp_path / "s.txt")
    assert caught.value.fault is OutputFault.NOT_A_NUMBER
