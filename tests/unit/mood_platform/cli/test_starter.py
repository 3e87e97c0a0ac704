"""`mood init` writes a submission into a new folder, and never into one with something in it."""

from pathlib import Path

import pytest

from mood_platform.cli.main import main
from mood_platform.cli.starter import list_kit

SCRIPTS = {f"run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in ("brain", "abdom")}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0)


def test_a_new_folder_holds_all_that_a_submission_needs(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    assert run("init", str(folder)) == 0
    assert {path.name for path in folder.iterdir()} == {"Dockerfile", "README.md", "predict.py", *SCRIPTS}
    for source in list_kit():
        assert (folder / source.name).read_bytes() == source.read_bytes()
    assert all((folder / name).stat().st_mode & 0o111 for name in SCRIPTS)


def test_the_next_commands_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", str(tmp_path / "mine")) == 0
    told = capsys.readouterr().out
    assert all(
        word in told for word in (f"cd {tmp_path / 'mine'}", "docker build", "mood test", "mood submit")
    )


def test_an_empty_folder_is_taken_and_the_default_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-submission").mkdir()
    assert run("init") == 0
    assert (tmp_path / "my-submission" / "predict.py").is_file()


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "predict.py").write_text("mine")
    assert run("init", str(tmp_path)) == 2
    assert "is not empty. Name a new folder: mood init FOLDER." in capsys.readouterr().err.replace("\n", " ")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_way_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")
    assert run("init", str(tmp_path / "mine")) == 2
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"
