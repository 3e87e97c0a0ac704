"""Voxels and places of DICOM series, one file a slice or all frames in one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as Itk

from mood_test_sets.archives.sources import find_sources
from mood_test_sets.findings import Defect
from mood_test_sets.preparing.dicom_volume import kept_locale, read_series
from mood_test_sets.preparing.raw import read_source
from mood_test_sets.reading.scan_file import UnusableFile

Write = Callable[..., None]
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
VALUES = np.random.default_rng(4).integers(-1000, 1000, (30, 24, 20)).astype(np.float32)
SHUFFLED = [int(k) for k in np.random.default_rng(1).permutation(20)]


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.2.1", ENHANCED_MR])
@pytest.mark.parametrize("order", [range(20), range(19, -1, -1), SHUFFLED])
@pytest.mark.parametrize("own_scale", [False, True])
def test_an_enhanced_file_is_the_volume_that_its_frames_describe_in_any_order(
    tmp_path: Path, enhanced: Write, sop_class: str, order: list[int], own_scale: bool
) -> None:
    enhanced(tmp_path / "a" / "one.dcm", VALUES, order=order, sop_class=sop_class, own_scale=own_scale)
    (source,) = find_sources(tmp_path, {})
    raw = read_source(source)
    assert source.subject == "E1"
    assert np.array_equal(raw.values, VALUES[::-1, ::-1])  # towards right and anterior
    assert np.allclose(raw.spacing, (3, 3, 2))


def test_an_enhanced_file_with_a_missing_frame_is_refused_with_its_distances(
    tmp_path: Path, enhanced: Write
) -> None:
    enhanced(tmp_path / "one.dcm", VALUES, places=[2 * k + 2 * (k > 9) for k in range(20)])
    with pytest.raises(UnusableFile, match="2 to 4 mm apart"):
        read_series([tmp_path / "one.dcm"])


def test_frames_of_two_phases_at_one_place_are_refused(tmp_path: Path, enhanced: Write) -> None:
    enhanced(tmp_path / "one.dcm", VALUES, places=[2 * (k // 2) for k in range(20)])
    with pytest.raises(UnusableFile, match="repeated"):
        read_series([tmp_path / "one.dcm"])


def test_slices_of_two_directions_are_refused(tmp_path: Path, slices: Write) -> None:
    slices(tmp_path, VALUES)
    slices(tmp_path / "scout", VALUES[:, :, :1], turn=(0, 1, 0, 0, 0, -1))
    files = [*sorted(tmp_path.glob("0*")), tmp_path / "scout" / "000"]
    with pytest.raises(UnusableFile, match="different directions") as refused:
        read_series(files)
    assert refused.value.defect is Defect.SLICES


def test_a_series_in_a_folder_of_any_bytes_is_read(tmp_path: Path, slices: Write) -> None:
    folder = Path(str(tmp_path).encode().decode() + "/" + b"M\xfcller".decode("utf-8", "surrogateescape"))
    slices(folder, VALUES)
    (source,) = find_sources(tmp_path, {})
    assert source.name.startswith("Müller/")
    assert read_source(source).values.shape == VALUES.shape


def test_a_file_that_ends_early_is_a_reason_and_no_traceback(tmp_path: Path, enhanced: Write) -> None:
    file = tmp_path / "one.dcm"
    enhanced(file, VALUES)
    file.write_bytes(file.read_bytes()[:-9000])
    (source,) = find_sources(tmp_path, {})
    with pytest.raises(UnusableFile):
        read_source(source)


@pytest.mark.parametrize("syntax", ["RLELossless", "JPEG2000Lossless"])
def test_compressed_slices_are_the_same_voxels(tmp_path: Path, slices: Write, syntax: str) -> None:
    slices(tmp_path / "plain", VALUES)
    files = sorted((tmp_path / "plain").iterdir())
    packed = [tmp_path / file.name for file in files]
    for file, other in zip(files, packed, strict=True):
        if syntax == "RLELossless":
            read = pydicom.dcmread(file)
            read.compress(pydicom.uid.RLELossless)
            read.save_as(other)
        else:
            image = Itk.Cast(Itk.ReadImage(str(file)), Itk.sitkInt16)
            writer = Itk.ImageFileWriter()
            writer.KeepOriginalImageUIDOn()
            writer.UseCompressionOn()
            writer.SetImageIO("GDCMImageIO")
            writer.SetFileName(f"{other}.dcm")
            with kept_locale():
                writer.Execute(image)
            other.with_suffix(".dcm").rename(other)
    assert str(pydicom.dcmread(packed[0]).file_meta.TransferSyntaxUID) == getattr(pydicom.uid, syntax)
    (values, affine), (plain, place) = read_series(packed), read_series(files)
    assert np.array_equal(values, plain)
    assert np.allclose(affine, place)


def test_a_file_of_many_frames_without_their_places_is_read_by_its_spacing_or_refused(tmp_path: Path) -> None:
    image = Itk.GetImageFromArray((VALUES.transpose(2, 1, 0) + 1000).astype(np.uint16))
    image.SetSpacing((3, 3, 2))
    with kept_locale():
        Itk.WriteImage(image, str(tmp_path / "stack.dcm"))
    file = pydicom.dcmread(tmp_path / "stack.dcm")
    assert int(file.NumberOfFrames) == 20
    del file.PerFrameFunctionalGroupsSequence, file.SharedFunctionalGroupsSequence
    file.ImagePositionPatient, file.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    file.PixelSpacing, file.SpacingBetweenSlices = [3, 3], 2
    file.save_as(tmp_path / "stack.dcm")
    values, affine = read_series([tmp_path / "stack.dcm"])
    assert np.array_equal(values, VALUES + 1000)
    assert np.allclose(affine, np.diag([-3, -3, 2, 1]))
    del file.SpacingBetweenSlices
    file.save_as(tmp_path / "stack.dcm")
    with pytest.raises(UnusableFile, match="do not say where they lie"):
        read_series([tmp_path / "stack.dcm"])


@pytest.mark.parametrize("lean", [0.7, -0.7])
def test_slices_that_a_tilted_gantry_shifted_are_a_ball_again(
    tmp_path: Path, slices: Write, lean: float
) -> None:
    """Sampled in LPS where each voxel was scanned: a ball of 20 mm around (0, 0, 40)."""
    i, j, k = np.indices((40, 40, 40))
    place = np.stack([3.0 * i - 60, 3.0 * j - 60 + lean * k, 2.0 * k], axis=-1)
    inside = np.linalg.norm(place - (0, 0, 40), axis=-1)
    slices(tmp_path, (1000 / (1 + np.exp((inside - 20) / 2))).round(), step=(0, lean, 2))
    (source,) = find_sources(tmp_path, {})
    raw = read_source(source)
    assert [note.defect for note in raw.notes] == [Defect.TILTED]
    assert f"{np.degrees(np.arctan(0.7 / 2)):.1f}°" in raw.notes[0].what
    assert raw.affine is not None
    voxels = np.argwhere(raw.values > 500)
    places = voxels @ raw.affine[:3, :3].T + raw.affine[:3, 3]
    assert np.allclose(places.mean(axis=0), (0, 0, 40), atol=0.5)
    assert np.linalg.norm(places - (0, 0, 40), axis=1).max() < 22  # sheared it would reach to 27


def test_a_header_that_tells_of_a_tilt_that_the_slices_do_not_have_is_told(
    tmp_path: Path, slices: Write
) -> None:
    slices(tmp_path, VALUES, tilt=-15)
    (source,) = find_sources(tmp_path, {})
    (note,) = read_source(source).notes
    assert note.defect is Defect.TILTED
    assert "15.0°, its slices lie as of 0.0°" in note.what
