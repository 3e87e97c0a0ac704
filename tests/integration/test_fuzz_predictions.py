"""Whatever bytes a container leaves: never our fault, never unforeseen, never above the limits of the child.

`make -C studies fuzz MINUTES=30` looks longer. What it found is kept in FOUND.
"""

from __future__ import annotations

import ctypes
import gc
import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mood_evaluator import OutputFault, Task
from mood_platform.scoring.case_files import ScoredCase
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.predictions import StoredCase, score_prediction
from mood_platform.storage.local import LocalStore

pytestmark = pytest.mark.integration

EXAMPLES = int(os.environ.get("MOOD_FUZZ", "150"))
FUZZ = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
SHAPE = (6, 5, 4)
LIMITS = ChildLimits(memory=400 * 2**20, cpu_seconds=5, wall_seconds=120.0)
"""Far below the real ones; knowing which scores occurred takes 133 MB of any prediction."""
VOXELS = np.random.default_rng(0).random(SHAPE).astype(np.float32)
HONEST = {kind: kind(VOXELS, np.eye(4)).to_bytes() for kind in (nib.Nifti1Image, nib.Nifti2Image)}
TRAILER = 8
FTEXT, FHCRC, FEXTRA, FNAME, FCOMMENT = 1, 2, 4, 8, 16


class Content(bytes):
    """Bytes too many to be shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes that begin with {bytes(self[:40]).hex()}>"


@dataclass(frozen=True)
class Scorer:
    """Scores bytes as the platform does: from the store, in the child, against a label.

    What it scored last stays below `store.root`, where a failing example can be taken from.
    """

    store: LocalStore

    def score(self, content: bytes, *, task: Task = Task.PIXEL) -> ScoredCase:
        gc.collect()  # large examples leave garbage and holes, and a process of gigabytes forks slowly
        ctypes.CDLL(None).malloc_trim(0)
        key = "runs/r/c/prediction"
        self.store.delete(key)
        self.store.put_bytes(key, content)
        case = StoredCase(task=task, prediction_key=key, label_key="labels/l.nii.gz", shape=SHAPE)
        return score_prediction(self.store, LIMITS, case)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    store = LocalStore(tmp_path_factory.mktemp("fuzz"))
    label = nib.Nifti1Image((np.arange(120).reshape(SHAPE) % 7 == 0).astype(np.uint8), np.eye(4))
    store.put_bytes("labels/l.nii.gz", gzip.compress(label.to_bytes()))
    gc.freeze()  # what is here already need not be looked through each time
    yield Scorer(store)
    gc.unfreeze()


def check(scored: ScoredCase, *, task: Task = Task.PIXEL) -> None:
    assert scored.unforeseen is None, scored.unforeseen
    found = scored.score
    assert found.valid is (found.fault is None)
    if not found.valid:
        assert found.fault in set(OutputFault)
    if task is Task.SAMPLE:
        assert found.score is not None
        assert 0 <= found.score <= 1
    elif found.valid:
        assert found.case_ap is not None
        assert 0 < found.case_ap <= 1


# What a file may be made of

SIZES = st.sampled_from([0, 1, 7, 255, 4_096, 65_535, 65_536, 524_287, 524_288, 600_000, 2_100_000])
COUNTS = st.sampled_from([0, 0, 0, 1, 2, 100, 5_000, 150_000])
TAILS = st.sampled_from(
    [("", 1), ("", 1), ("garbage", 1), ("\0", 512), ("\0", 5_000_000), ("\x1f\x8b", 1), ("itself", 1)]
)
"""What follows the last member, and how often."""
FIELDS: dict[str, str] = {
    "sizeof_hdr": "i@0", "dim_info": "b@39", "rank": "h@40", "dim1": "h@42", "dim2": "h@44", "dim3": "h@46",
    "dim4": "h@48", "dim7": "h@54", "intent": "h@68", "datatype": "h@70", "bitpix": "h@72", "pixdim0": "f@76",
    "vox_offset": "f@108", "slope": "f@112", "inter": "f@116", "cal_max": "f@124", "qform": "h@252",
    "sform": "h@254", "quatern_b": "f@256", "qoffset_x": "f@268", "srow_x": "f@280", "srow_z": "f@312",
    "magic": "i@344", "extension": "i@348",
}  # fmt: skip
"""Where the fields of a NIfTI-1 header are; of NIfTI-2 the same places hold others."""
NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, -1, 2, 4, 7, 8, 16, 32, 64, 128, 348, 352, 540, 544, 2**15 - 1, -(2**15), 2**20, 2**31 - 1]
    ),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e-45, 3.4e38, 0.1, 352.5]),
    st.integers(-(2**31), 2**31 - 1),
)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A NIfTI file some of whose header fields say something else, in one byte order or the other."""
    changed = bytearray(HONEST[draw(st.sampled_from(list(HONEST)))])
    for place in draw(st.lists(st.sampled_from(list(FIELDS.values())), max_size=4)):
        kind, _, at = place.partition("@")
        _put(changed, draw(st.sampled_from("<>")) + kind, int(at), draw(NUMBERS))
    return bytes(changed)


def _put(changed: bytearray, form: str, at: int, number: float) -> None:
    if form[1] == "f":
        struct.pack_into(form, changed, at, np.float32(np.clip(number, -3.4e38, 3.4e38)))
        return
    bits = 8 * struct.calcsize(form)
    whole = int(number) if np.isfinite(number) else 0
    struct.pack_into(form, changed, at, max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, whole)))


@st.composite
def extended(draw: st.DrawFn) -> bytes:
    """A NIfTI file with extensions, which say their sizes truly or not."""
    plain = bytearray(HONEST[nib.Nifti1Image])
    block = b""
    for size in draw(st.lists(SIZES, min_size=1, max_size=3)):
        stated = draw(st.sampled_from([size + 8, 0, -1, 2**31 - 1, 16]))
        block += struct.pack("<ii", stated, draw(st.sampled_from([0, 4, 6, -1]))) + bytes(size)
    struct.pack_into("<f", plain, 108, draw(st.sampled_from([352 + len(block), 352, len(block)])))
    return bytes(plain[:348]) + draw(st.sampled_from([b"\1\0\0\0", b"\0\0\0\0"])) + block + bytes(plain[352:])


def draw_member(draw: st.DrawFn, content: bytes) -> bytes:
    """One gzip member; its optional parts are as stated, or not."""
    flags = draw(st.sampled_from([0, 0, FNAME, FCOMMENT, FEXTRA, FHCRC, FTEXT, FNAME | FEXTRA, 31, 0xE0]))
    header = b"\x1f\x8b\x08" + bytes([flags]) + draw(st.sampled_from([bytes(6), b"\xff" * 6]))
    if flags & FEXTRA:
        size = min(draw(SIZES), 65_535)
        header += struct.pack("<H", draw(st.sampled_from([size, 65_535, 0]))) + b"x" * size
    for flag in (FNAME, FCOMMENT):
        if flags & flag:
            header += b"n" * draw(SIZES) + draw(st.sampled_from([b"\0", b"\0", b"\0", b""]))
    if flags & FHCRC:
        header += draw(st.sampled_from([struct.pack("<H", zlib.crc32(header) & 0xFFFF), b"\0\0"]))
    body = gzip.compress(content, draw(st.sampled_from([0, 1, 9])))[10:]
    if draw(st.integers(0, 9)) == 0:
        body = body[:-TRAILER] + draw(st.binary(min_size=TRAILER, max_size=TRAILER))
    return header + body


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A prediction: members with pieces of a NIfTI file, empty ones between them, and what may follow."""
    content = draw(st.one_of(headers(), extended()))
    content = content[: draw(st.sampled_from([None, None, None, 0, 100, 348, 352, 400]))]
    cuts = sorted(draw(st.lists(st.integers(0, max(len(content), 1)), max_size=3)))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    empty = draw(st.sampled_from([gzip.compress(b""), gzip.compress(b"", 0), b"\0" * 20]))
    made = b"".join(empty * draw(COUNTS) + draw_member(draw, piece) for piece in pieces)
    tail, size = draw(TAILS)
    made += empty * draw(COUNTS) + (made if tail == "itself" else tail.encode("latin1") * size)
    for place, value in draw(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), max_size=2)):
        made = made[: place % len(made)] + bytes([value]) + made[place % len(made) + 1 :] if made else made
    return made


@given(content=files().map(Content))
@FUZZ
def test_any_gzip_file_is_scored_or_named(scorer: Scorer, content: bytes) -> None:
    check(scorer.score(content))


@given(content=st.one_of(headers(), extended(), st.binary(max_size=1_000)).map(Content))
@FUZZ
def test_any_plain_file_is_scored_or_named(scorer: Scorer, content: bytes) -> None:
    check(scorer.score(content))


TEXTS = st.one_of(
    st.binary(max_size=5_000),
    st.text(max_size=50).map(lambda text: text.encode("utf-8", errors="replace")),
    st.floats().map(lambda number: repr(number).encode()),
    st.sampled_from(
        [
            b"1" * 4_096,
            b"1" * 5_000,
            b"0." + b"1" * 4_000,
            b"1e999999999",
            b"-1e-999999999",
            b"\xef\xbb\xbf0.5",
        ]
    ),
    st.text(alphabet="0123456789.eE+-_ \t\r\nnaifNty", max_size=30).map(str.encode),
)


@given(content=TEXTS)
@FUZZ
def test_any_score_file_is_scored_or_named(scorer: Scorer, content: bytes) -> None:
    check(scorer.score(content, task=Task.SAMPLE), task=Task.SAMPLE)


FOUND = {
    "a gzip name of 600,000 bytes": b"\x1f\x8b\x08\x08"
    + bytes(6)
    + b"a" * 600_000
    + b"\0"
    + gzip.compress(HONEST[nib.Nifti1Image])[10:],
}
"""Each ended the reader in a way that nobody had foreseen, or cost it far more than it was worth."""


@pytest.mark.parametrize("content", FOUND.values(), ids=FOUND)
def test_what_was_found_once_is_named(scorer: Scorer, content: bytes) -> None:
    scored = scorer.score(content)
    check(scored)
    assert scored.score.fault == OutputFault.UNREADABLE


def test_an_honest_prediction_is_valid(scorer: Scorer) -> None:
    for content in HONEST.values():
        assert scorer.score(gzip.compress(content)).score.valid
