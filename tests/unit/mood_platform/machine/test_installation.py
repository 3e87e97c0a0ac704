"""Settings file and programs of an installation."""

import re
import stat
from configparser import RawConfigParser
from pathlib import Path

import pytest

from mood_platform.errors import Misconfigured
from mood_platform.machine.installation import Installation
from mood_platform.machine.processes import MARK
from mood_platform.machine.programs import Program, supervisor_configuration


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    home = tmp_path / "home"
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "PG_VERSION").write_text("15")  # a cluster is there: none is made
    return Installation(home)


def prepare(installation: Installation, *, port: int = 8030) -> dict[str, str]:
    installation.prepare(port=port, holder_image="sha256:base")
    return installation.settings()


def test_settings_name_engines_files_and_port_below_the_home(installation: Installation) -> None:
    settings = prepare(installation)
    assert settings["MOOD_API__PORT"] == "8030"
    assert settings["MOOD_STORAGE__ROOT"] == str(installation.home / "files")
    assert str(installation.home) in settings["MOOD_DATABASE__URL"]
    assert str(installation.home) in settings["MOOD_BROKER__URL"]


def test_settings_are_private_from_the_first_byte(installation: Installation) -> None:
    prepare(installation)
    assert stat.S_IMODE(installation.settings_file.stat().st_mode) == 0o600


def test_the_instance_name_and_added_lines_survive_a_second_start(installation: Installation) -> None:
    installation.settings_file.write_text("MOOD_EXECUTION__LEASE_SECONDS=5\n")
    first = prepare(installation)
    second = prepare(installation, port=8031)
    assert first["MOOD_EXECUTION__INSTANCE"] == second["MOOD_EXECUTION__INSTANCE"]
    assert second["MOOD_EXECUTION__LEASE_SECONDS"] == "5"
    assert second["MOOD_API__PORT"] == "8031"


def test_two_installations_have_two_instance_names(installation: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "b")  # short: a socket lies in it
    (other.home / "postgres" / "data").mkdir(parents=True)
    (other.home / "postgres" / "data" / "PG_VERSION").write_text("15")
    names = {prepare(one)["MOOD_EXECUTION__INSTANCE"] for one in (installation, other)}
    assert len(names) == 2


def test_the_settings_file_reads_as_checked_settings(installation: Installation) -> None:
    prepare(installation)
    settings = installation.read_settings()
    assert settings.execution.holder_image == "sha256:base"
    assert settings.api.port == 8030
    assert settings.mail_folder == installation.home / "mail"


def test_a_folder_without_a_platform_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no platform lives in"):
        Installation(tmp_path).settings()


@pytest.mark.parametrize(
    ("line", "told"),
    [(b"MOOD_API__PORT=sesame", "api.port: "), (b"sesame", "sesame: "), (b"\xff", "not text")],
)
def test_a_line_that_cannot_be_used_is_named_without_what_it_holds(
    installation: Installation, line: bytes, told: str
) -> None:
    prepare(installation)
    with installation.settings_file.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(Misconfigured, match=re.escape(told)) as caught:
        installation.read_settings()
    assert "=sesame" not in caught.value.detail
    assert "postgresql" not in caught.value.detail


def test_a_path_too_long_for_sockets_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 90)
    with pytest.raises(Misconfigured, match="too long"):
        Installation(home).prepare(port=8030, holder_image="x")
    assert not home.exists()


def test_every_process_carries_the_mark_it_is_found_by(installation: Installation) -> None:
    prepare(installation)
    assert installation.environment({"PATH": "/bin"})[MARK] == str(installation.home)


def test_slots_take_every_stage_and_one_worker_takes_toys_only(installation: Installation) -> None:
    prepare(installation)
    queues = {
        one.name: one.command[one.command.index("-Q") + 1] for one in programs_with_queues(installation)
    }
    assert queues == {
        "upkeep": "upkeep,mail",
        "keeper": "retention",
        "evaluate": "evaluate,intake",
        "toy": "toy",
        "slot1": "toy,challenge,analysis",
        "slot2": "toy,challenge,analysis",
        "slot3": "toy,challenge,analysis",
    }


def programs_with_queues(installation: Installation) -> list[Program]:
    return [one for one in installation.programs(slots=3) if "-Q" in one.command]


def test_the_supervisor_restarts_everything_and_starts_engines_first(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(installation)
    programs = installation.programs(slots=1)
    text = supervisor_configuration(programs, logs=tmp_path, run=tmp_path)
    config = RawConfigParser()
    config.read_string(text)
    sections = {name: config[f"program:{name}"] for name in (one.name for one in programs)}
    assert {one["autorestart"] for one in sections.values()} == {"true"}
    started = {name for name, one in sections.items() if one["autostart"] == "true"}
    assert started == {"postgres", "valkey"}


def test_a_percent_sign_in_a_command_reaches_the_program_unchanged(tmp_path: Path) -> None:
    section = Program("worker", ["celery", "-n", "slot1@%h"], order=3).section(tmp_path)
    command = next(line for line in section.splitlines() if line.startswith("command"))
    assert command % {} == "command = celery -n slot1@%h"
