"""The wheels in an empty environment outside the repository, used by a participant and an organizer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from mood_platform.machine.processes import processes_of
from mood_support.live import docker_client, free_port

pytestmark = pytest.mark.docker

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SOURCES = sorted(path.parent for path in ROOT.glob("*/pyproject.toml"))
EXTRAS = {"mood_platform": "[server]", "mood_evaluator": "[fast,report]", "mood_test_sets": "[audit,dicom]"}
Mood = Callable[..., str]


def run(*words: str | Path, **options: object) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{words} → {done.returncode}\n{done.stdout}{done.stderr}"
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", folder, *SOURCES)
    return {path.name.split("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def outside() -> Iterator[Path]:
    """A folder that the repository is not above of; short, because sockets have short names."""
    folder = Path(tempfile.mkdtemp(prefix="mood-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def call(wheels: dict[str, Path], outside: Path) -> Mood:
    """Runs a command of the new environment; it sees nothing of this one."""
    environment = outside / "env"
    pins = re.findall(
        r"^\S+==\S+(?: ;[^\\\n]*)?", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE
    )
    (outside / "pins.txt").write_text("\n".join(pins))
    wanted = [
        f"{name.replace('_', '-')}{EXTRAS.get(name, '')} @ {path.as_uri()}" for name, path in wheels.items()
    ]
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    uv = [BIN / "uv", "pip", "install", "--python", environment / "bin" / "python"]
    pip = [BIN / "pip", "--python", environment / "bin" / "python", "install"]
    run(*(uv if uv[0].exists() else pip), "--quiet", "--constraint", outside / "pins.txt", *wanted)
    passed = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    words = {**passed, "HOME": str(outside), "XDG_CONFIG_HOME": str(outside / "config")}

    def one(command: str, *arguments: str | Path) -> str:
        return run(environment / "bin" / command, *arguments, cwd=outside, env=words)

    return one


def _metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def test_every_package_makes_a_wheel(wheels: dict[str, Path]) -> None:
    assert len(wheels) == len(SOURCES) >= 4


def test_every_wheel_carries_licence_and_readme(wheels: dict[str, Path]) -> None:
    readmes = [(source / "README.md").read_text().strip() for source in SOURCES]
    for name, wheel in wheels.items():
        told = _metadata(wheel)
        assert str(told["License-Expression"]).split()[0] == "Apache-2.0", name
        assert str(told.get_payload()).strip() in readmes, name
        files = {path.rsplit(".dist-info/licenses/")[-1] for path in ZipFile(wheel).namelist()}
        assert "LICENSE" in told.get_all("License-File", []), name
        assert files >= set(told.get_all("License-File", [])), name


def test_scans_travel_with_their_notice(wheels: dict[str, Path]) -> None:
    inside = ZipFile(wheels["mood_test_sets"]).namelist()
    (notice,) = (path for path in inside if path.startswith("mood_test_sets/") and path.endswith("NOTICE.md"))
    scans = [Path(path).name for path in inside if path.endswith(".nii.gz")]
    text = ZipFile(wheels["mood_test_sets"]).read(notice).decode()
    assert scans
    assert [name for name in scans if f"`{name}`" not in text] == []


def test_no_wheel_carries_tests_or_caches(wheels: dict[str, Path]) -> None:
    for wheel in wheels.values():
        assert [name for name in ZipFile(wheel).namelist() if re.search(r"\btests?/|__pycache__", name)] == []


def test_every_command_tells_its_version(call: Mood, wheels: dict[str, Path]) -> None:
    commands = {"mood_platform": "mood", "mood_evaluator": "mood-evaluate"}
    for name in sorted(wheels.keys() - {"mood_studies"}):
        told = call(commands.get(name, name.replace("_", "-")), "--version")
        assert str(_metadata(wheels[name])["Version"]) in told


def test_a_participant_begins_with_nothing_but_the_wheel(call: Mood, outside: Path) -> None:
    call("mood", "init", "my-submission")
    assert {"Dockerfile", "predict.py"} <= {path.name for path in (outside / "my-submission").iterdir()}


def test_helps_and_recipes_come_with_the_wheels(call: Mood) -> None:
    assert "report" in call("mood-evaluate", "--help")
    assert "mini" in call("mood-test-sets", "recipes")
    assert "vae" in call("mood-reference", "list")


def test_an_organizer_starts_a_platform_opens_an_edition_and_stops_without_a_trace(
    call: Mood, outside: Path
) -> None:
    home, port = outside / "home", free_port()
    call("mood", "base-image")
    call("mood-test-sets", "build", "mini", "sets", "--train", "1")
    (outside / "challenge.yaml").write_text(call("mood", "admin", "example"))
    try:
        call("mood", "up", "--home", home, "--port", str(port), "--slots", "1", "--detach")
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/health").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        sets = sorted((outside / "sets").glob("t*-*"))
        call("mood", "admin", "import", "--home", home, *(path for path in sets if "train" not in path.name))
        call("mood", "admin", "apply", "--home", home, "--yes", "--nodes-elsewhere", "challenge.yaml")
    finally:
        call("mood", "down", "--home", home)
    assert processes_of(home) == set()
    instance = re.findall(r"MOOD_EXECUTION__INSTANCE=(\S+)", (home / "settings.env").read_text())
    with docker_client() as client:
        owned = [one for one in client.containers.list(all=True) if set(instance) & set(one.labels.values())]
    assert instance
    assert owned == []
