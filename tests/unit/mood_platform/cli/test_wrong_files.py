"""Files that a command is given and cannot use: named in a sentence, before anything runs."""

import os
import re
from pathlib import Path

import pytest

from mood_platform.cli.main import main

NO_YAML = {
    "an open bracket": b"limits: {seconds: [",
    "a tab": b"limits:\n\tseconds: 5\n",
    "binary": bytes(range(256)),
    "zeros": bytes(64),
    "a list as a key": b"? [a]\n: 1\n",
    "a mapping as a key": b"? {a: 1}\n: 1\n",
    "a number that is none": b"limits: {seconds: !!int abc}\n",
    "a day that is none": b"limits: {seconds: !!timestamp 2026-99-99}\n",
    "countless brackets": b"[" * 20_000,
    "an object of Python": b"!!python/object/apply:os.getcwd []\n",
}
NO_LIMITS = {
    "a list": b"- 1\n- 2\n",
    "nothing": b"",
    "limits that are a list": b"limits: [1]\n",
    "limits that are nothing": b"limits:\n",
    "keys of two kinds": b"limits: {1: 2, speed: 3}\n",
}


def told(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What the command says when it ends as wrong use; line breaks are the console's."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    said = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert caught.value.code == 2, said
    assert "Something unexpected" not in said
    return said


def write_manifest(folder: Path, text: bytes) -> Path:
    folder.mkdir()
    (folder / "test_set.json").write_bytes(text)
    return folder


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b"\xff", b'{"schema": "mood-test-set/9"}'])
def test_a_manifest_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    folder = write_manifest(tmp_path / "toys", text)
    for data in (folder, tmp_path):
        assert "test_set.json" in told(capsys, "test", "image", "--data", data).replace(" ", "")


@pytest.mark.parametrize("content", [*NO_YAML.values(), *NO_LIMITS.values()], ids=[*NO_YAML, *NO_LIMITS])
def test_limits_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    limits, data = tmp_path / "limits.yaml", write_manifest(tmp_path / "toys", b"{}")
    limits.write_bytes(content)
    said = told(capsys, "test", "image", "--data", data, "--limits", limits)
    assert "limits" in said
    assert "test_set.json" not in said


@pytest.mark.parametrize("content", NO_YAML.values(), ids=NO_YAML)
def test_a_challenge_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("challenge.yaml").write_bytes(content)
    assert "challenge.yaml" in told(capsys, "admin", "apply", "challenge.yaml", "--nodes-elsewhere")


@pytest.mark.parametrize("command", [("test", "image", "--data", "toys", "--limits"), ("admin", "apply")])
@pytest.mark.parametrize("name", ["folder", "nowhere.yaml"])
def test_a_folder_or_nothing_where_a_file_is_wanted_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_manifest(tmp_path / "toys", b"{}")
    (tmp_path / "folder").mkdir()
    assert name in told(capsys, *command, name)


@pytest.mark.parametrize("name", ["folder", "nowhere/report.json"])
def test_a_report_that_could_not_be_written_is_refused_before_the_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert f"{name} cannot be written" in told(capsys, "test", "image", "--json", name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_report_in_a_closed_folder_is_refused_before_the_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written" in told(capsys, "test", "image", "--json", tmp_path / "report.json")
