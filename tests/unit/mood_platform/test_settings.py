"""Settings come from variables and secret files; what is missing is named, no secret has a default."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from mood_platform.settings import MigrationSettings, Settings


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "MOOD_DATABASE__URL").write_text("postgresql+psycopg://mood:from-a-file@db/mood\n")
    (tmp_path / "MOOD_BROKER__URL").write_text("redis://:from-a-file@broker:6379/0")
    (tmp_path / "somebody_elses").write_text("not ours")
    return tmp_path


def test_a_secret_file_stands_for_the_variable_of_its_name(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOD_STORAGE__ROOT", "/files")
    settings = Settings(_secrets_dir=secrets)
    assert settings.database.url.get_secret_value() == "postgresql+psycopg://mood:from-a-file@db/mood"
    assert settings.broker.url.get_secret_value() == "redis://:from-a-file@broker:6379/0"


def test_a_variable_wins_over_a_file_and_other_fields_of_its_group_join_it(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOD_DATABASE__URL", "postgresql+psycopg://elsewhere/mood")
    monkeypatch.setenv("MOOD_DATABASE__POOL_SIZE", "9")
    found = MigrationSettings(_secrets_dir=secrets).database
    assert (found.url.get_secret_value(), found.pool_size) == ("postgresql+psycopg://elsewhere/mood", 9)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="database"):
        Settings(_secrets_dir=tmp_path / "there is no such folder")


def test_a_secret_is_not_printed(secrets: Path) -> None:
    assert "from-a-file" not in repr(MigrationSettings(_secrets_dir=secrets))


def test_no_secret_has_a_default() -> None:
    groups = [field.annotation for field in Settings.model_fields.values()]
    found = [
        name
        for group in groups
        for name, field in getattr(group, "model_fields", {}).items()
        if field.annotation is SecretStr and not field.is_required()
    ]
    assert found == []
