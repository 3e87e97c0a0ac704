"""Tokens: private, one a platform, never sent to another."""

import stat
from pathlib import Path

import pytest

from mood_platform.cli import credentials
from mood_platform.cli.problems import Exit, Problem


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MOOD_TOKEN", raising=False)
    monkeypatch.delenv("MOOD_URL", raising=False)
    return tmp_path


def test_a_saved_token_is_found_again_and_only_for_its_platform() -> None:
    credentials.save_token("http://a.test", "mood_a")
    credentials.save_token("http://b.test", "mood_b")
    assert credentials.find_token("http://a.test") == "mood_a"
    assert credentials.find_token("http://b.test") == "mood_b"
    assert credentials.find_token("http://c.test") is None


def test_the_file_is_for_its_owner_only() -> None:
    path = credentials.save_token("http://a.test", "mood_a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_last_login_is_the_default_platform() -> None:
    assert credentials.platform_url() == credentials.DEFAULT_URL
    credentials.save_token("http://a.test", "mood_a")
    assert credentials.platform_url() == "http://a.test"


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.save_token("http://a.test", "mood_a")
    monkeypatch.setenv("MOOD_URL", "http://b.test/")
    monkeypatch.setenv("MOOD_TOKEN", "mood_env")
    assert credentials.platform_url() == "http://b.test"
    assert credentials.find_token("http://b.test") == "mood_env"


def test_logging_out_forgets_one_platform() -> None:
    credentials.save_token("http://a.test", "mood_a")
    credentials.save_token("http://b.test", "mood_b")
    credentials.forget_token("http://a.test")
    assert credentials.find_token("http://a.test") is None
    assert credentials.find_token("http://b.test") == "mood_b"


def test_without_a_login_the_next_step_is_named() -> None:
    with pytest.raises(Problem) as caught:
        credentials.need_token("http://a.test")
    assert caught.value.code is Exit.NOT_ALLOWED
    assert "mood login" in caught.value.remedy


def test_a_damaged_file_is_named(folder: Path) -> None:
    path = credentials.save_token("http://a.test", "mood_a")
    path.write_text("{")
    with pytest.raises(Problem, match="not JSON"):
        credentials.find_token("http://a.test")
