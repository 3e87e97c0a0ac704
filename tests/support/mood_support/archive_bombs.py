"""Small archives that cost their reader much: headers that swell, names without end, countless parts."""

from __future__ import annotations

import gzip
import io
import tarfile

from mood_support.image_archives import ImageDraft, Member, scripts, sha256, tar_of

BLOCK = tarfile.BLOCKSIZE
BOMB = 2**28
BOMB_MEMORY = 2**26
"""What a check may allocate that meets these bombs; less than each of them asks for."""


def header(
    name: str,
    *,
    kind: bytes = tarfile.REGTYPE,
    size: int = 0,
    size_field: bytes | None = None,
    real_size: int = 0,
) -> bytes:
    """One header block as given, with a right checksum; `real_size` is that of a GNU sparse file."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    if size_field is not None:
        block[124:136] = size_field
    if real_size:
        block[483:495] = b"\x80" + real_size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax_bomb() -> bytes:
    return _swelling(header("bomb", kind=tarfile.XHDTYPE, size=BOMB))


def long_name_bomb() -> bytes:
    return _swelling(header("bomb", kind=tarfile.GNUTYPE_LONGNAME, size=BOMB))


def nested_names(depth: int = 5000) -> bytes:
    """A long name for a long name for a long name: a reader that calls itself runs out of stack."""
    return (header("name", kind=tarfile.GNUTYPE_LONGNAME, size=1) + bytes(BLOCK)) * depth


def deep_path() -> bytes:
    """One file whose path implies half a million folders, each with a path of its own."""
    path = Member("x/" * 2**19 + "x")
    return ImageDraft(layers=[tar_of(*scripts(), path)]).archive()


def countless_files(count: int) -> bytes:
    return ImageDraft(extra=[Member(f"x{index}", b"") for index in range(count)]).archive()


def countless_layers(count: int) -> bytes:
    layers = [tar_of(*scripts())] + [header(f"x{index}") + bytes(2 * BLOCK) for index in range(count - 1)]
    draft = ImageDraft(layers=layers)
    draft.outer = {"rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(one)}" for one in layers]}}
    return draft.archive()


def _swelling(head: bytes) -> bytes:
    """A header and as many zeros as it promises, packed to a thousandth."""
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as packed:
        packed.write(head)
        for _ in range(BOMB // 2**20):
            packed.write(bytes(2**20))
    return sink.getvalue()
