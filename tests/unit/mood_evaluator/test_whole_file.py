"""Files are written as a whole: what fails half-way leaves the earlier file, and no input is overwritten."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mood_evaluator.errors import EvaluatorError
from mood_evaluator.whole_file import need_place, whole_file


def test_a_full_disk_leaves_the_earlier_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("earlier")

    def fill() -> None:
        with whole_file(path) as place:
            place.write_text("half of w")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match=rf"No space left on device: '{path}'"):
        fill()
    assert path.read_text() == "earlier"
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]


def test_what_is_written_takes_the_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    for words in ("first", "second"):
        with whole_file(path) as place:
            place.write_text(words)
        assert path.read_text() == words
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]


def test_another_error_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "out"):
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError, match="font"), whole_file(tmp_path / "out"):
        (tmp_path / "font").read_bytes()
    assert not list(tmp_path.iterdir())


def test_devices_and_links_are_written_themselves(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    for path in (link, Path(os.devnull)):
        with whole_file(path) as place:
            place.write_text("words")
    assert link.is_symlink()
    assert target.read_text() == "words"


def test_a_command_that_runs_out_of_room_keeps_the_file_of_before(tmp_path: Path) -> None:
    """The limit on the size of a file stands for a disk."""
    rows = "".join(f"t,{team},0.{case},{case}\n" for team in "ABCDEFGH" for case in range(1, 9))
    (tmp_path / "t.csv").write_text("task,alg_name,value,case\n" + rows)
    out = tmp_path / "out.json"
    out.write_text("earlier")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    code = "import sys; from mood_evaluator.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-B", "-c", code, "rank", str(tmp_path / "t.csv"), "--json", str(out)]
    ended = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert ended.returncode == 2
    assert str(out) in ended.stderr
    assert out.read_text() == "earlier"


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    read = tmp_path / "read.csv"
    read.write_text("")
    (tmp_path / "other").hardlink_to(read)
    need_place(None, [read])
    need_place(tmp_path / "new", [read, None, tmp_path / "gone"])
    need_place(read)
    for path, inputs, words in (
        (tmp_path, [], "is a folder. Name a file"),
        (tmp_path / "no/new", [], "There is no folder .*no for new. Make it first"),
        (read, [tmp_path / "gone", read], "is read, so it cannot be written. Name another file"),
        (tmp_path / "other", [read], "is read"),
    ):
        with pytest.raises(EvaluatorError, match=words):
            need_place(path, inputs)
