"""Whatever a command is given, its exit code says what happened; 1 means too few valid predictions alone."""

import bz2
import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.cli import HELP, main
from mood_evaluator.cli.ending import Commands, run_commands

SHAPE = (4, 5, 6)
SCORES = np.random.default_rng(1).random(SHAPE).astype(np.float32)
EXAMPLES = int(os.environ.get("MOOD_FUZZ", "60"))


def packed(image: object) -> bytes:
    stream = io.BytesIO()
    image.to_stream(stream)  # type: ignore[attr-defined]
    return gzip.compress(stream.getvalue(), mtime=0)


GOOD = packed(nib.Nifti1Image((SCORES > 0.7).astype(np.uint8), np.eye(4)))
PLAIN = gzip.decompress(GOOD)
BAD_LABELS = [
    b"", b"\x1f\x8b\x08", GOOD[:40], GOOD[:-9], GOOD + b"rest", bz2.compress(PLAIN), PLAIN[:300], PLAIN[:-1],
    gzip.compress(GOOD, mtime=0), packed(nib.Nifti1Image(np.zeros((4, 4), np.uint8), np.eye(4))),
    packed(nib.Nifti1Image(np.zeros((4, 4, 4, 2), np.uint8), np.eye(4))),
    packed(nib.Nifti1Image(np.full(SHAPE, np.nan, np.float32), np.eye(4))),
    packed(nib.Nifti1Image(SCORES + 1j, np.eye(4))), PLAIN[:40] + bytes(16) + PLAIN[56:],
    PLAIN[:42] + b"\xff\x7f" * 3 + PLAIN[48:],
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("labels/pixel", "predictions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "labels/pixel/c.nii.gz").write_bytes(GOOD)
    nib.Nifti1Image(SCORES, np.eye(4)).to_filename(tmp_path / "predictions/c.nii.gz")
    return tmp_path


def score(home: Path) -> int:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels")]
    return main(["score", "--task", "pixel", *given, "--batch-size", "0", "--threads", "1"])


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_labels_of_both_nifti_versions_give_equal_scores(
    home: Path, kind: type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(home) == 0
    expected = capsys.readouterr().out
    image = kind((SCORES > 0.7).astype(">i2"), np.eye(4))
    (home / "labels/pixel/c.nii.gz").write_bytes(packed(image))
    assert score(home) == 0
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("number", range(len(BAD_LABELS)))
def test_a_label_that_cannot_be_used_is_one_sentence_that_names_it(
    home: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "labels/pixel/c.nii.gz").write_bytes(BAD_LABELS[number])
    assert score(home) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"mood-evaluate: The label \S+c\.nii\.gz .*\. Write .*\.\n", printed.err)


def test_damaged_labels_and_predictions_end_with_0_1_or_2(home: Path) -> None:
    random = np.random.default_rng(7)
    for _ in range(EXAMPLES):
        for place in ("labels/pixel", "predictions"):
            content = bytearray(PLAIN if random.random() < 0.7 else GOOD)
            for _ in range(int(random.integers(1, 6))):
                content[int(random.integers(0, len(content)))] = int(random.integers(0, 256))
            content = (
                content[: int(random.integers(1, len(content) + 1))] if random.random() < 0.2 else content
            )
            (home / place / "c.nii.gz").write_bytes(bytes(content))
        assert score(home) in (0, 1, 2)


def test_damaged_tables_runs_and_manifests_end_with_0_or_2(home: Path) -> None:
    random = np.random.default_rng(8)
    run, table = home / "a.zip", home / "t.csv"
    given = [
        "--predictions",
        str(home / "predictions"),
        "--labels",
        str(home / "labels"),
        "--batch-size",
        "0",
    ]
    assert main(["evidence", "--task", "pixel", "--team", "A", *given, "--out", str(run)]) == 0
    table.write_text(
        "task,alg_name,value,case\n" + "".join(f"t,{a},0.{c},{c}\n" for a in "AB" for c in range(5))
    )
    for path in (run, table):
        sound = path.read_bytes()
        for _ in range(2 * EXAMPLES):
            content = bytearray(sound)
            for _ in range(int(random.integers(1, 4))):
                content[int(random.integers(0, len(content)))] = int(random.integers(0, 256))
            path.write_bytes(bytes(content))
            assert main(["rank", str(path)]) in (0, 2)
            assert main(["stability", str(path), "--bootstraps", "3"]) in (0, 2)


@pytest.mark.parametrize(
    "arguments",
    [["rank", "."], ["rank", "none.csv"], ["rank", "\0"], ["stability", ".", "--draws", "."],
     ["report", "x.zip", "--out", "."], ["analyse", ".", "--json", "x"], ["unheard"], ["--unheard"], ["rank"],
     ["score", "--task", "pixel", "--predictions", ".", "--labels", "\0"],
     ["score", "--task", "sample", "--predictions", ".", "--test-set", "."]],
)  # fmt: skip
def test_wrong_arguments_end_with_2(
    home: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert main(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_what_cannot_be_written_ends_with_2(home: Path) -> None:
    given = [
        "--predictions",
        str(home / "predictions"),
        "--labels",
        str(home / "labels"),
        "--batch-size",
        "0",
    ]
    assert main(["score", "--task", "pixel", *given, "--json", str(home)]) == 2
    shutil.rmtree(home / "predictions")
    assert main(["score", "--task", "pixel", *given]) == 2


@pytest.mark.parametrize("error", [KeyError("id"), EOFError(), MemoryError()])
def test_a_fault_of_ours_is_a_sentence_and_70_and_never_1(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Commands()
    app.callback()(lambda: None)

    @app.command("fail")
    def fail() -> None:
        raise error

    assert run_commands(app, ["fail"], name="mood-x", known={ZeroDivisionError: 2}) == 70
    printed = capsys.readouterr().err
    assert "mood-x: something unforeseen happened" in printed
    assert printed.count("\n") == 1
    run_commands(app, ["fail", "--debug"], name="mood-x", known={})
    assert "Traceback" in capsys.readouterr().err


COMMAND = [
    sys.executable,
    "-c",
    "import sys; from mood_evaluator.cli import main; sys.exit(main(sys.argv[1:]))",
]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["score", "--help"], ["rank", "t.csv"]])
def test_whoever_reads_no_more_ends_a_command_with_141(home: Path, arguments: list[str]) -> None:
    (home / "t.csv").write_text("task,alg_name,value,case\nt,A,1,x\n")
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=home, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [["unheard"], ["rank"], ["rank", "none.csv"]])
def test_an_error_that_nobody_reads_is_no_fault_of_ours(home: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=home, stdout=subprocess.PIPE, stderr=writer, check=False
    )
    os.close(writer)
    assert ended.returncode in (2, 141)


def test_names_are_written_in_whatever_a_terminal_takes(home: Path) -> None:
    (home / "t.csv").write_text("task,alg_name,value,case\nt,Müller,1,x\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [*COMMAND, "rank", "t.csv"]
    ended = subprocess.run(words, cwd=home, capture_output=True, env=environment, check=False)
    assert ended.returncode == 0
    assert rb"M\xfcller" in ended.stdout


@pytest.mark.parametrize("team", ["", " ", "a\nb", "\x1b[31mred", "\udcff"])
def test_a_team_whose_name_nobody_can_read_is_refused(
    home: Path, team: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels")]
    assert main(["evidence", "--task", "pixel", "--team", team, *given, "--out", str(home / "a.zip")]) == 2
    assert "is no name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--valid-share", "abc", "'abc' is not a share from 0 to 1"),
        ("--valid-share", "nan", "'nan' is not a share from 0 to 1"),
        ("--min-volume", "inf", "'inf' is not a volume of 0 mm"),
        ("--objects", "x", "'x' is not a score above 0, up to 1"),
    ],
)
def test_a_number_that_is_none_is_refused_in_words(
    home: Path, option: str, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels"), option, text]
    assert main(["evidence", "--task", "pixel", "--team", "A", *given, "--out", str(home / "a.zip")]) == 2
    assert words in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize("out", ["predictions/c.nii.gz", "labels/pixel/c.nii.gz", "none/out.json", "."])
def test_what_is_read_and_what_has_no_place_is_never_written(
    home: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels")]
    before = [path.read_bytes() for path in sorted(home.rglob("*.nii.gz"))]
    assert main(["score", "--task", "pixel", *given, "--json", str(home / out)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert [path.read_bytes() for path in sorted(home.rglob("*.nii.gz"))] == before


def test_a_table_or_run_is_not_overwritten_by_its_ranking(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "t.csv"
    path.write_text("task,alg_name,value,case\nt,A,1,x\nt,A,1,y\nt,B,0,x\nt,B,0,y\n")
    for command in ("rank", "stability"):
        assert main([command, str(path), "--json", str(path)]) == 2
        assert "is read, so it cannot be written" in capsys.readouterr().err
    assert main(["analyse", str(path), "--json", str(path)]) == 2
    assert path.read_text().startswith("task,")


def test_a_scored_run_is_a_zip_by_its_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home / "labels"), "--team", "A"]
    assert main(["evidence", "--task", "pixel", *given, "--out", str(home / "n.txt")]) == 2
    assert "does not end in .zip" in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_zip_of_something_else_says_what_it_lacks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(home / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "")
    assert main(["rank", str(home / "a.zip")]) == 2
    assert "is no scored run: the entry run.json is missing. Write it again" in capsys.readouterr().err


def test_exit_codes_are_documented() -> None:
    assert all(f"{code} " in HELP for code in (0, 1, 2, 70))
    scoring = (Path(__file__).parents[3] / "docs/scoring.md").read_text()
    assert all(f"| {code} |" in scoring for code in (0, 1, 2, 70, 130, 141))


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"mood-evaluate \d+\.\d+\.\d+\n", capsys.readouterr().out)
