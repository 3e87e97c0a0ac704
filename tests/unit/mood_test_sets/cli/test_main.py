"""The command line, called as a user calls it."""

import json
from pathlib import Path

import pytest

from mood_evaluator.test_set import load_test_set
from mood_test_sets.cli.main import main


def call(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return int(done.value.code or 0)


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mini")
    assert call("build", "mini", out, "--size", "32", "--train", "1", "--jobs", "1") == 0
    return out


def test_build_makes_six_sound_folders(mini: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = sorted(mini.iterdir())
    assert len(folders) == 6
    for folder in folders:
        assert call("check", folder) == 0
    assert "in order" in capsys.readouterr().out


def test_building_again_says_that_all_was_kept(mini: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("build", "mini", mini, "--size", "32", "--train", "1", "--jobs", "1") == 0
    assert capsys.readouterr().out.count("kept ") == 6


def test_check_reports_damage_with_exit_code_1(
    mini: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("check", tmp_path) == 1
    assert "test_set.json" in capsys.readouterr().err


def test_show_lists_every_case(mini: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", mini / "toy-brain") == 0
    assert capsys.readouterr().out.count("sphere") >= 3


def test_picture_writes_a_png(mini: Path, tmp_path: Path) -> None:
    assert call("picture", mini / "test-abdom", tmp_path / "sheet.png") == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_a_new_secret_builds_a_hidden_set(tmp_path: Path) -> None:
    assert call("new-secret", tmp_path / "key") == 0
    assert (
        call(
            "build",
            "mini",
            tmp_path / "out",
            "--size",
            "32",
            "--train",
            "1",
            "--jobs",
            "1",
            "--secret",
            tmp_path / "key",
        )
        == 0
    )
    assert not load_test_set(tmp_path / "out" / "test-brain").not_hidden


def test_a_weak_secret_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text("abcd")
    assert call("build", "mini", tmp_path / "out", "--secret", tmp_path / "key") == 2
    error = capsys.readouterr().err
    assert "128 random bits" in error
    assert "Traceback" not in error


def test_moods_layout_goes_out_and_comes_in(mini: Path, tmp_path: Path) -> None:
    assert call("export-mood", mini / "toy-brain", tmp_path / "mood") == 0
    sheet = tmp_path / "sheet.png"
    words = ("--dataset", "brain", "--purpose", "toy", "--picture", sheet)
    assert call("import", tmp_path / "mood", tmp_path / "back", *words) == 0
    before, after = load_test_set(mini / "toy-brain"), load_test_set(tmp_path / "back")
    assert sorted(str(case.sha256_label) for case in before.cases) == sorted(
        str(case.sha256_label) for case in after.cases
    )
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_holds_nothing_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("import", tmp_path, tmp_path / "out", "--dataset", "abdom") == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_errors_of_an_import_are_a_table_or_a_document_and_exit_code_1(
    mini: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("export-mood", mini / "toy-brain", tmp_path / "mood")
    victim = min((tmp_path / "mood" / "toy").iterdir())
    victim.write_bytes(b"nothing")
    assert call("import", tmp_path / "mood", tmp_path / "out", "--dataset", "brain") == 1
    assert "cannot be read" in capsys.readouterr().err.replace("\n", " ")
    assert call("import", tmp_path / "mood", tmp_path / "out", "--dataset", "brain", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert [(one["defect"], one["file"]) for one in report["findings"][:1]] == [
        ("unreadable", f"toy/{victim.name}")
    ]


def test_a_case_can_be_dropped(mini: Path, tmp_path: Path) -> None:
    victim = next(case for case in load_test_set(mini / "test-brain").cases if case.scope == "global")
    assert call("correct", mini / "test-brain", tmp_path / "out", "--drop", victim.id) == 0
    after = load_test_set(tmp_path / "out")
    assert (after.name, len(after.cases)) == ("test-brain", 4)


def test_a_fault_of_ours_leaves_with_70_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise EOFError("cut off")

    monkeypatch.setattr("mood_test_sets.cli.building.create_secret", fail)
    assert call("new-secret", tmp_path / "key") == 70
    told = capsys.readouterr().err
    assert "something unforeseen happened (EOFError: cut off)" in told
    assert "Traceback" not in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith("mood-test-sets ")
