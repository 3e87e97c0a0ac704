"""Bytes in and out of a case's volumes, without an engine."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError, NotFound

from mood_platform.execution.runtime import Collected
from mood_platform.execution.transfer import collect, input_archive

GO_FOLDER, GO_LINK, GO_PIPE = 1 << 31, 1 << 27, 1 << 25


class Holder:
    """Answers like docker's get_archive: chunks of a tar, and a stat."""

    def __init__(self, content: bytes, *, chunk: int = 512, **stat: int) -> None:
        self._parts = [content[start : start + chunk] for start in range(0, len(content), chunk)]
        self._stat = stat

    def get_archive(self, _path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        return iter(self._parts), self._stat


class Empty:
    def get_archive(self, path: str) -> Any:
        raise NotFound(path)


def tar_with(content: bytes, **fields: Any) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("case.nii.gz")
        member.size = len(content)
        for name, value in fields.items():
            setattr(member, name, value)
        archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 3 * 2**20 + 7])
def test_the_input_archive_holds_the_case_and_nothing_about_it(tmp_path: Path, size: int) -> None:
    case = tmp_path / "patient-17-tumour.nii.gz"
    case.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    whole = b"".join(input_archive(case))
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        [member] = archive.getmembers()
        content = archive.extractfile(member)
        assert content is not None
        assert content.read() == case.read_bytes()
    assert (member.name, member.mtime, member.uid, member.uname, member.mode) == (
        "case.nii.gz",
        0,
        0,
        "",
        0o444,
    )
    assert b"tumour" not in whole[:512]


@pytest.mark.parametrize("chunk", [1, 100, 512, 100_000])
def test_a_regular_file_is_copied_whatever_the_chunks(tmp_path: Path, chunk: int) -> None:
    content, target = bytes(range(256)) * 20, tmp_path / "out"
    holder: Any = Holder(tar_with(content), chunk=chunk, mode=0o644, size=len(content))
    assert collect(holder, "/x", target, limit=len(content)) is Collected.PRESENT
    assert target.read_bytes() == content


@pytest.mark.parametrize("mode", [GO_FOLDER | 0o755, GO_LINK | 0o777, GO_PIPE | 0o644])
def test_anything_else_is_irregular(tmp_path: Path, mode: int) -> None:
    holder: Any = Holder(tar_with(b"x"), mode=mode, size=1)
    assert collect(holder, "/x", tmp_path / "out", limit=10) is Collected.IRREGULAR
    assert not (tmp_path / "out").exists()


def test_a_link_in_the_tar_is_irregular_whatever_the_stat_says(tmp_path: Path) -> None:
    holder: Any = Holder(tar_with(b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), mode=0o644, size=0)
    assert collect(holder, "/x", tmp_path / "out", limit=10) is Collected.IRREGULAR


def test_the_size_is_checked_before_a_byte_is_taken(tmp_path: Path) -> None:
    holder: Any = Holder(b"", mode=0o644, size=11)
    assert collect(holder, "/x", tmp_path / "out", limit=10) is Collected.TOO_LARGE


def test_the_size_in_the_tar_is_checked_too(tmp_path: Path) -> None:
    holder: Any = Holder(tar_with(bytes(11)), mode=0o644, size=1)
    assert collect(holder, "/x", tmp_path / "out", limit=10) is Collected.TOO_LARGE


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    holder: Any = Empty()
    assert collect(holder, "/x", tmp_path / "out", limit=10) is Collected.MISSING


class Refusing(Holder):
    """Shows its input, unless the engine is sick, and the output only after so many refusals."""

    def __init__(self, *, refusals: int, sick: bool = False) -> None:
        super().__init__(tar_with(b"scores"), mode=0o644, size=6)
        self._refusals, self._sick = refusals, sick

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        asked_for_output = path == "/mnt/pred/case.nii.gz"
        self._refusals -= asked_for_output
        if self._sick or (asked_for_output and self._refusals >= 0):
            raise APIError("500 Server Error: too many links")
        return super().get_archive(path)


def collected(holder: Holder, tmp_path: Path) -> Collected:
    return collect(holder, "/mnt/pred/case.nii.gz", tmp_path / "out", limit=100)  # type: ignore[arg-type]


def test_what_a_well_engine_cannot_show_twice_is_the_containers_doing(tmp_path: Path) -> None:
    assert collected(Refusing(refusals=2), tmp_path) is Collected.IRREGULAR
    assert collected(Refusing(refusals=1), tmp_path) is Collected.PRESENT


def test_an_engine_that_does_not_show_the_input_either_is_sick(tmp_path: Path) -> None:
    with pytest.raises(APIError):
        collected(Refusing(refusals=2, sick=True), tmp_path)


def test_a_tar_that_no_reader_takes_is_the_containers_doing_where_the_engine_is_well(tmp_path: Path) -> None:
    broken = Holder(b"\xff" * 2048, mode=0o644, size=6)
    assert collected(broken, tmp_path) is Collected.IRREGULAR
