"""Case files may not carry names, dates, header texts or extensions."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension, Nifti1Image

from mood_platform.challenges.neutral import check_neutral
from mood_platform.errors import Invalid


def volume() -> Nifti1Image:
    return Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))


def write(path: Path, image: Nifti1Image, *, mtime: int = 0) -> Path:
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=mtime))
    return path


def test_a_plain_volume_is_neutral(tmp_path: Path) -> None:
    check_neutral(write(tmp_path / "a.nii.gz", volume()))


def test_a_date_in_the_gzip_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="name or a date"):
        check_neutral(write(tmp_path / "a.nii.gz", volume(), mtime=1))


def test_a_file_name_in_the_gzip_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as stream:
        stream.write(volume().to_bytes())
    with pytest.raises(Invalid, match="name or a date"):
        check_neutral(path)


@pytest.mark.parametrize("field", ["descrip", "aux_file", "db_name", "intent_name"])
def test_a_header_text_is_refused_by_name(tmp_path: Path, field: str) -> None:
    image = volume()
    image.header[field] = b"abnormal"
    with pytest.raises(Invalid, match=field):
        check_neutral(write(tmp_path / "a.nii.gz", image))


def test_a_header_extension_is_refused(tmp_path: Path) -> None:
    image = volume()
    image.header.extensions.append(Nifti1Extension(6, b"patient"))
    with pytest.raises(Invalid, match="extensions"):
        check_neutral(write(tmp_path / "a.nii.gz", image))


@pytest.mark.parametrize(
    "data", [b"", b"not gzip", gzip.compress(b"short", mtime=0), gzip.compress(b"\0" * 400, mtime=0)]
)
def test_something_else_is_refused_with_its_path(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"a\.nii\.gz: it is not"):
        check_neutral(path)
