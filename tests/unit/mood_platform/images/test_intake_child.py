"""The image check in its child process: bombs end the child, not the platform."""

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason as Why
from mood_platform.images.intake_child import check_image

LIMIT = 2**26
Write = Callable[[Any], Path]


def test_a_sound_archive_comes_back_as_facts_and_a_clean_copy(
    write: Write, draft: Any, tmp_path: Path
) -> None:
    target = tmp_path / "clean.tar"
    facts = check_image(write(draft()), target, limit=LIMIT)
    assert check_image(target, tmp_path / "again.tar", limit=LIMIT).digest == facts.digest


def test_a_refusal_comes_back_with_its_reason_and_leaves_no_file(
    write: Write, draft: Any, tmp_path: Path
) -> None:
    target = tmp_path / "clean.tar"
    with pytest.raises(SubmissionFault, match="linux/arm64") as caught:
        check_image(write(draft(outer={"architecture": "arm64"})), target, limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_WRONG_PLATFORM
    assert not target.exists()


def test_a_header_that_swells_to_gigabytes_is_refused(write: Write, tmp_path: Path) -> None:
    header = tarfile.TarInfo("bomb")
    header.type, header.size = tarfile.XHDTYPE, 2**30
    path = write(b"")
    with gzip.open(path, "wb", compresslevel=1) as sink:
        sink.write(header.tobuf())
        for _ in range(256):
            sink.write(bytes(2**20))
    with pytest.raises(SubmissionFault) as caught:
        check_image(path, tmp_path / "clean.tar", limit=2**31, memory=128 * 2**20)
    assert caught.value.reason is Why.IMAGE_TOO_COMPLEX


def test_a_file_that_cannot_be_written_is_an_outage(write: Write, draft: Any, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        check_image(write(draft()), tmp_path / "no" / "clean.tar", limit=LIMIT)
