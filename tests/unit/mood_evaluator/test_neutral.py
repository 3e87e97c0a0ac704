"""What a case's file tells besides its voxels: names, dates, words, extensions, another way to store."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from mood_evaluator.neutral import find_marks, stored_as
from mood_evaluator.nifti_header import NoNifti


def volume(kind: type = nib.Nifti1Image, dtype: type = np.float32) -> nib.Nifti1Image:
    return kind(np.zeros((2, 2, 2), dtype), np.eye(4))


def write(path: Path, image: nib.Nifti1Image, *, mtime: int = 0) -> Path:
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=mtime))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.nii.gz"


def test_a_plain_volume_tells_nothing(path: Path) -> None:
    assert list(find_marks(write(path, volume()))) == []


def test_a_date_in_the_gzip_header_is_told(path: Path) -> None:
    assert list(find_marks(write(path, volume(), mtime=1))) == ["its gzip header holds a name or a date"]


def test_a_file_name_in_the_gzip_header_is_told(path: Path) -> None:
    with gzip.GzipFile(path, "wb", mtime=0) as stream:
        stream.write(volume().to_bytes())
    assert list(find_marks(path)) == ["its gzip header holds a name or a date"]


def test_all_words_are_told_at_once(path: Path) -> None:
    image = volume()
    image.header["descrip"] = image.header["aux_file"] = b"abnormal"
    told = [f"header field {field} is not empty" for field in ("descrip", "aux_file")]
    assert list(find_marks(write(path, image))) == told


def test_an_extension_is_told(path: Path) -> None:
    image = volume()
    image.header.extensions.append(Nifti1Extension(6, b"patient"))
    assert list(find_marks(write(path, image))) == ["it has header extensions"]


def test_bytes_between_header_and_voxels_are_told_although_no_flag_says_so(path: Path) -> None:
    content = bytearray(volume().to_bytes())
    content[108:112] = np.float32(368).tobytes()
    path.write_bytes(gzip.compress(bytes(content[:352]) + b"a mark, 16 bytes" + content[352:], mtime=0))
    assert list(find_marks(path)) == ["it has header extensions"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", b"no gzip", gzip.compress(b"short", mtime=0), gzip.compress(b"\0" * 400, mtime=0),
     gzip.compress(volume(nib.Nifti2Image).to_bytes(), mtime=0)],
)  # fmt: skip
def test_something_else_is_told_as_that(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    (told,) = find_marks(path)
    assert told.startswith("it is not a NIfTI-1 file in gzip (")
    with pytest.raises(NoNifti):
        stored_as(path)


def test_type_and_slope_say_how_it_is_stored_and_values_do_not(tmp_path: Path) -> None:
    def store(name: str, image: nib.Nifti1Image) -> str:
        return stored_as(write(tmp_path / name, image))

    plain, whole, scaled = volume(), volume(dtype=np.uint16), volume(dtype=np.uint16)
    other = nib.Nifti1Image(np.ones((3, 4, 5), np.float32), np.diag([2, 2, 2, 1]))
    scaled.header.set_slope_inter(0.5, 0)
    turned = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4), nib.Nifti1Header(endianness=">"))
    assert store("a", plain) == store("b", other)
    assert len({store("a", plain), store("b", whole), store("c", scaled), store("d", turned)}) == 4
