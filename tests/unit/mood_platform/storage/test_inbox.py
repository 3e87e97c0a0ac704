"""Bytes of uploads: whatever the cuts, the file is the data, and the offset its size."""

from __future__ import annotations

import os
import resource
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mood_platform.errors import NoSpace, NotFound, PlatformError
from mood_platform.storage.inbox import Inbox
from mood_support.intake import append

DATA = bytes(range(256))


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=6))
def test_any_cuts_add_up_to_the_data(cuts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        root, upload_id = Path(folder), uuid4()
        Inbox(root).create(upload_id)
        for low, high in pairwise([0, *sorted(cuts), len(DATA)]):
            assert Inbox(root).received(upload_id) == low
            append(Inbox(root), upload_id, offset=low, size=len(DATA), chunks=[DATA[low:high]])
        assert Inbox(root).path(upload_id).read_bytes() == DATA


def test_an_unknown_upload_has_no_offset_and_takes_no_bytes(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Inbox(tmp_path).received(uuid4())
    with pytest.raises(NotFound), Inbox(tmp_path).writer(uuid4(), offset=0, size=1):
        pass


def test_the_chunk_that_would_be_too_long_is_not_written(tmp_path: Path) -> None:
    upload_id = uuid4()
    Inbox(tmp_path).create(upload_id)
    with pytest.raises(PlatformError, match="longer than the 10 bytes"):
        append(Inbox(tmp_path), upload_id, offset=0, size=10, chunks=[b"12345678", b"9ab"])
    assert Inbox(tmp_path).path(upload_id).read_bytes() == b"12345678"


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    upload_id = uuid4()
    Inbox(tmp_path).create(upload_id)
    for offset in range(3):
        append(Inbox(tmp_path), upload_id, offset=offset, size=3, chunks=[b"x"])


def test_a_file_is_created_once(tmp_path: Path) -> None:
    upload_id = uuid4()
    Inbox(tmp_path).create(upload_id)
    with pytest.raises(FileExistsError):
        Inbox(tmp_path).create(upload_id)


def test_a_disk_that_is_full_keeps_what_went_in_and_says_so(tmp_path: Path) -> None:
    upload_id = uuid4()
    Inbox(tmp_path).create(upload_id)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (100, hard)
    )  # the kernel then takes a part and refuses the rest
    try:
        with pytest.raises(NoSpace, match="Tell the organizers"):
            append(Inbox(tmp_path), upload_id, offset=0, size=len(DATA), chunks=[DATA])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert Inbox(tmp_path).received(upload_id) == 100
    append(Inbox(tmp_path), upload_id, offset=100, size=len(DATA), chunks=[DATA[100:]])
    assert Inbox(tmp_path).path(upload_id).read_bytes() == DATA


def test_what_nobody_touched_for_long_is_removed_files_and_folders_alike(tmp_path: Path) -> None:
    inbox, old, new = Inbox(tmp_path), uuid4(), uuid4()
    for upload_id in (old, new):
        inbox.create(upload_id)
    check = inbox.path(old).with_suffix(".check")
    check.mkdir()
    for path in (inbox.path(old), check):
        os.utime(path, (1, 1))
    assert inbox.clear(inbox.names(), before=datetime(2020, 1, 1, tzinfo=UTC)) == 2
    assert inbox.names() == [str(new)]
    assert Inbox(tmp_path / "nothing").names() == []
