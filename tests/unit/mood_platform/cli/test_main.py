"""The command as a whole: help, exit codes, no traceback."""

from pathlib import Path

import pytest

from mood_platform.cli.main import COMMANDS, main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0)


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MOOD_TOKEN", raising=False)
    monkeypatch.delenv("MOOD_URL", raising=False)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = capsys.readouterr().out
    for commands in COMMANDS.values():
        for name in commands:
            assert f" {name} " in told


@pytest.mark.parametrize("name", [name for commands in COMMANDS.values() for name in commands])
def test_every_command_explains_itself(name: str) -> None:
    assert run(name, "--help") == 0


def test_wrong_use_is_2() -> None:
    assert run("leaderboard") == 2
    assert run("no-such-command") == 2


def test_not_logged_in_is_4_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("whoami") == 4
    told = capsys.readouterr().err
    assert "mood login" in told
    assert "Traceback" not in told


def test_a_platform_that_does_not_answer_is_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOD_URL", "http://127.0.0.1:9")
    assert run("leaderboard", "pixel", "--challenge", "demo") == 3
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_debug_behind_the_command_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    from mood_platform.cli.problems import Problem

    with pytest.raises(Problem):
        main(["whoami", "--debug"])


def test_no_platform_in_a_folder_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("down", "--home", str(tmp_path)) == 3
    assert "no platform lives in" in capsys.readouterr().err
