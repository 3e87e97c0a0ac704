"""Malformed headers and gzip streams become named faults: nothing raises, hangs or allocates without bound.

`make -C studies fuzz MINUTES=30` looks longer.
"""

import gzip
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mood_evaluator import OutputFault, score_pixel_case

SHAPE = (6, 5, 4)
EXAMPLES = int(os.environ.get("MOOD_FUZZ", "150"))
FUZZ = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FORMS = st.sampled_from(["<h", ">h", "<i", ">i", "<f", ">f"])
MAGIC_NUMBERS = st.sampled_from([0, 1, -1, 2**15 - 1, -(2**15), 2**31 - 1, 348, 540, 4, 352])
HEADER = 348


def honest(kind: type) -> bytes:
    voxels = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    return kind(voxels, np.eye(4)).to_bytes()  # type: ignore[no-any-return]


BYTES = (honest(nib.Nifti1Image), honest(nib.Nifti2Image))


@pytest.fixture(scope="module")
def label(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "label.nii.gz"
    nib.Nifti1Image((np.arange(120).reshape(SHAPE) % 7 == 0).astype(np.uint8), np.eye(4)).to_filename(path)
    return path


def check(content: bytes, label: Path) -> None:
    """Score `content`: a valid score lies in [0, 1], all else has a fault, and little memory is needed."""
    path = label.parent / "prediction.nii.gz"
    path.write_bytes(content)
    tracemalloc.start()
    streamed = score_pixel_case(path, label=label, shape=SHAPE, exact=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20
    score = score_pixel_case(path, label=label, shape=SHAPE)
    assert (streamed.valid, streamed.fault, streamed.flags) == (score.valid, score.fault, score.flags)
    assert score.evidence is not None
    assert score.evidence.voxels == 120
    if score.valid:
        assert score.case_ap is not None
        assert 0 < score.case_ap <= 1
    else:
        assert score.fault in OutputFault


@given(
    st.sampled_from(BYTES),
    st.lists(st.tuples(st.integers(0, HEADER - 4), MAGIC_NUMBERS, FORMS)),
    st.booleans(),
)
@FUZZ
def test_any_header_is_scored_or_named(
    label: Path, content: bytes, changes: list[tuple[int, int, str]], zipped: bool
) -> None:
    changed = bytearray(content)
    for place, number, form in changes:
        fits = number if form[1] != "h" else max(-(2**15), min(2**15 - 1, number))
        struct.pack_into(form, changed, place, fits)
    check(gzip.compress(bytes(changed), 1) if zipped else bytes(changed), label)


@given(st.sampled_from(BYTES), st.binary(max_size=60), st.integers(0, 700))
@FUZZ
def test_any_bytes_in_the_header_are_scored_or_named(
    label: Path, content: bytes, noise: bytes, place: int
) -> None:
    check(content[:place] + noise + content[place + len(noise) :], label)


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.one_of(st.none(), st.integers(0, 600)),
    st.binary(max_size=30),
)
@FUZZ
def test_any_gzip_stream_is_scored_or_named(
    label: Path, flips: list[tuple[int, int]], end: int | None, tail: bytes
) -> None:
    stream = bytearray(gzip.compress(BYTES[0], 6))
    for place, value in flips:
        stream[place % len(stream)] = value
    check(bytes(stream[:end]) + tail, label)


@pytest.mark.parametrize("members", [1, 3])
def test_a_bomb_behind_an_honest_header_costs_no_memory(label: Path, members: int) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    stream = bomb.compress(BYTES[0]) + bomb.compress(bytes(50 << 20)) + bomb.flush()
    check(stream * members, label)


def test_an_honest_file_is_valid(label: Path) -> None:
    for content in BYTES:
        path = label.parent / "honest.nii"
        path.write_bytes(content)
        assert score_pixel_case(path, label=label, shape=SHAPE).valid
