"""What gzip allows around the data: ordinary parts change nothing, endless ones are refused early."""

import errno
import gzip
import io
import os
import struct
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import OutputFault, score_pixel_case
from mood_evaluator.gzip_stream import SLACK, BoundedGzip
from mood_evaluator.nifti_stream import open_nifti

SHAPE = (6, 5, 4)
VOXELS = np.random.default_rng(0).random(SHAPE).astype(np.float32)
PLAIN = nib.Nifti1Image(VOXELS, np.eye(4)).to_bytes()
EXTRA, NAME, COMMENT, HEADER_CRC = 4, 8, 16, 2
EMPTY = gzip.compress(b"")


def member(content: bytes, *, flags: int = 0, fields: bytes = b"") -> bytes:
    header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + fields
    return header + gzip.compress(content)[10:]


def with_header_crc(content: bytes) -> bytes:
    header = b"\x1f\x8b\x08" + bytes([HEADER_CRC]) + bytes(6)
    return member(content, flags=HEADER_CRC, fields=struct.pack("<H", zlib.crc32(header) & 0xFFFF))


def fault_of(tmp_path: Path, content: bytes) -> OutputFault | None:
    path = tmp_path / "prediction.nii.gz"
    path.write_bytes(content)
    return score_pixel_case(path, label=None, shape=SHAPE).fault


def voxels_of(tmp_path: Path, content: bytes) -> np.ndarray:
    path = tmp_path / "prediction.nii.gz"
    path.write_bytes(content)
    with open_nifti(path, shape=SHAPE) as stream:
        found = np.concatenate(list(stream.chunks()))
        assert not stream.has_more()
    return found.reshape(SHAPE, order="F")


SOUND = {
    "a name": member(PLAIN, flags=NAME, fields=b"case.nii\0"),
    "a long name": member(PLAIN, flags=NAME, fields=b"a" * 500_000 + b"\0"),
    "a comment": member(PLAIN, flags=COMMENT, fields=b"made at night\0"),
    "an extra field": member(PLAIN, flags=EXTRA, fields=struct.pack("<H", 65_535) + bytes(65_535)),
    "a CRC of the header": with_header_crc(PLAIN),
    "blocks, as bgzip writes": b"".join(gzip.compress(PLAIN[i : i + 50]) for i in range(0, 832, 50)) + EMPTY,
    "a name in its second member": member(PLAIN[:99])
    + member(PLAIN[99:], flags=NAME, fields=b"a" * 300_000 + b"\0"),
    "empty members around it": 50 * EMPTY + gzip.compress(PLAIN) + 50 * EMPTY,
    "padding": gzip.compress(PLAIN) + bytes(512),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_ordinary_parts_of_gzip_change_no_voxel(tmp_path: Path, content: bytes) -> None:
    np.testing.assert_array_equal(voxels_of(tmp_path, content), VOXELS)


def test_a_nifti_extension_changes_no_voxel(tmp_path: Path) -> None:
    image = nib.Nifti1Image(VOXELS, np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 100_000))  # type: ignore[no-untyped-call]
    np.testing.assert_array_equal(voxels_of(tmp_path, gzip.compress(image.to_bytes())), VOXELS)


ENDLESS = {
    "a name of 600,000 bytes": member(PLAIN, flags=NAME, fields=b"a" * 600_000 + b"\0"),
    "a name of 50 MB": member(PLAIN, flags=NAME, fields=b"a" * 50_000_000 + b"\0"),
    "a comment of 600,000 bytes": member(PLAIN, flags=COMMENT, fields=b"a" * 600_000 + b"\0"),
    "a name without end": b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 600_000,
    "a million empty members before": 1_000_000 * EMPTY + gzip.compress(PLAIN),
    "a million empty members behind": gzip.compress(PLAIN) + 1_000_000 * EMPTY,
    "ten million empty blocks": b"\x1f\x8b\x08\0"
    + bytes(6)
    + 2_000_000 * b"\0\0\0\xff\xff"
    + gzip.compress(PLAIN)[10:],
    "padding of 100 MB": gzip.compress(PLAIN) + bytes(100_000_000),
}


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_endless_parts_of_gzip_are_the_predictions_fault(tmp_path: Path, content: bytes) -> None:
    assert fault_of(tmp_path, content) is OutputFault.UNREADABLE


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_little_of_an_endless_file_is_read(content: bytes) -> None:
    file = io.BytesIO(content)
    stream = BoundedGzip(file)
    try:
        while stream.read(100):
            pass
    except OSError:
        pass
    assert file.tell() <= SLACK + 2 * 524_288 + 2 * len(PLAIN)


def test_content_that_cannot_be_compressed_is_read_whole() -> None:
    content = os.urandom(20_000_000)
    stored = gzip.compress(content, 0)
    assert len(stored) > len(content)
    assert BoundedGzip(io.BytesIO(stored)).read(len(content) + 1) == content


class SickDisk(io.BytesIO):
    def readinto(self, _buffer: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_error_of_the_disk_is_not_the_files_fault() -> None:
    with pytest.raises(OSError, match="Input/output") as caught:
        BoundedGzip(SickDisk(gzip.compress(PLAIN))).read(10)
    assert caught.value.errno == errno.EIO
