"""Contact sheets as PNG."""

import struct
import zlib

import numpy as np

from mood_test_sets.gallery.contact_sheet import RED, _draw_slice, encode_png

GREY = np.full((8, 8, 8), 100, dtype=np.uint8)


def decode(png: bytes) -> np.ndarray:
    """A second, independent reader for exactly this kind of PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, data, width, height = 8, b"", 0, 0
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", png[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        data += body if kind == b"IDAT" else b""
        place += 12 + length
    lines = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(height, 1 + 3 * width)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def test_a_png_comes_back_pixel_by_pixel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    assert np.array_equal(decode(encode_png(picture)), picture)


def test_the_line_runs_around_the_mask_and_not_over_it() -> None:
    mask = np.zeros((8, 8, 8), dtype=bool)
    mask[2:5, 3:5, 3:5] = True
    picture = _draw_slice(GREY, mask, 2, 32)
    red = (picture == RED).all(axis=2)
    inside = np.kron(mask[:, :, 3].T[::-1], np.ones((4, 4))) > 0
    assert red.any()
    assert not (red & inside).any()


def test_without_a_mask_nothing_is_red() -> None:
    picture = _draw_slice(GREY, np.zeros((8, 8, 8), dtype=bool), 0, 32)
    assert (picture == 100).all()
