"""What docker-compose.yml and its Dockerfiles promise: no default secret, no foreign image, least rights."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mood_platform.machine.installation import Installation
from mood_platform.queueing import Queue

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(SERVICES)
DOCKERFILES = sorted((ROOT / "infra").glob("*/Dockerfile"))
SECRET = re.compile(r"password|secret|token|credential|api_?key|://[^/\s:]*:[^@\s]+@", re.IGNORECASE)
MAY_HAVE_A_DEFAULT = {
    "COMPOSE_PROJECT_NAME", "MOOD_NODE", "MOOD_SLOT_GRACE", "MOOD_TRUSTED_PROXIES", "MOOD_BIND", "MOOD_PORT",
}  # fmt: skip
ENGINE = {"slot", "toy", "reaper"}
SEES_LABELS = {"api", "evaluate", "admin"}


def mounts(service: str) -> dict[str, str]:
    """Place in the container to what lies there."""
    parts = [
        one.rsplit(":", 1) if one.endswith(":ro") else [one] for one in SERVICES[service].get("volumes", [])
    ]
    pairs = [part[0].rsplit(":", 1) for part in parts]
    return {place: source for source, place in pairs}


def queues(words: list[str]) -> set[str]:
    return set(words[words.index("-Q") + 1].split(","))


def test_a_variable_without_a_value_stops_compose_with_a_remedy() -> None:
    for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", TEXT):
        if name not in MAY_HAVE_A_DEFAULT:
            assert rest.startswith(":?"), f"{name} has a default or none of a message"
            assert "Run make compose-env" in rest


def test_no_secret_stands_in_compose_file_or_dockerfiles() -> None:
    for service in SERVICES.values():
        for name in service.get("environment", {}):
            assert not SECRET.search(name), f"{name} belongs into a secret file"
            assert not name.endswith("__URL"), f"{name} holds a password: it belongs into a secret file"
    for path in DOCKERFILES:
        for line in path.read_text().splitlines():
            assert not (line.startswith(("ARG ", "ENV ")) and SECRET.search(line)), (
                f"{path.parent.name}: {line}"
            )


def test_every_secret_is_a_file_of_the_folder_that_the_environment_names() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert re.fullmatch(r"\$\{MOOD_SECRETS:\?[^}]+\}/" + name, secret["file"])


def test_no_tracked_file_gives_a_password_in_a_url() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if name.startswith("tests/") or path.suffix not in {
            ".py",
            ".yml",
            ".yaml",
            ".sh",
            ".env",
            ".conf",
            ".ini",
        }:
            continue
        found = re.findall(r"\w+://\w*:([^@/\s$%{}]+)@", path.read_text() if path.is_file() else "")
        assert found == [], name


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_every_dockerfile_builds_on_the_given_base_and_ends_as_an_unprivileged_user(path: Path) -> None:
    lines = path.read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert set(bases) == {"${MOOD_BASE_IMAGE}"}
    assert "ARG MOOD_BASE_IMAGE" in lines
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_no_right_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert "privileged" not in service
    assert ("/var/run/docker.sock" in mounts(name)) == (name in ENGINE)


@pytest.mark.parametrize("name", OURS)
def test_only_who_scores_imports_or_hands_out_toy_cases_sees_labels(name: str) -> None:
    places = mounts(name)
    assert ("/var/lib/mood/labels" in places) == (name in SEES_LABELS)
    assert "/var/lib/mood" not in places, "the whole store would contain the labels"


@pytest.mark.parametrize("name", OURS)
def test_only_the_api_is_reached_from_outside_and_by_default_from_this_machine_alone(name: str) -> None:
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    if name == "api":
        assert SERVICES[name]["ports"] == ["${MOOD_BIND:-127.0.0.1}:${MOOD_PORT:-8030}:8030"]
    else:
        assert "ports" not in SERVICES[name]
        assert SERVICES[name]["networks"] == ["inner"]


def test_the_workers_take_the_queues_that_those_of_one_machine_take(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("MOOD_API__PORT=8030\n")
    programs = {one.name: list(one.command) for one in Installation(tmp_path).programs(slots=1)}
    assert {name.rstrip("1") for name in programs} - {"valkey"} <= set(SERVICES)
    here = {name.rstrip("1"): queues(words) for name, words in programs.items() if "-Q" in words}
    there = {name: queues(one["command"]) for name, one in SERVICES.items() if "-Q" in one.get("command", [])}
    assert there == here
    assert set.union(*there.values()) == set(Queue)


def test_a_stop_waits_longer_than_the_longest_case_of_the_default_rules() -> None:
    assert SERVICES["slot"]["stop_grace_period"] == "${MOOD_SLOT_GRACE:-11m}"


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")
def test_compose_takes_the_file_once_its_variables_are_there_and_names_what_is_not(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    command = ["docker-compose", "--env-file", str(empty), "config", "--quiet"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "Run make compose-env" in refused.stderr
    names = set(re.findall(r"\$\{(\w+):\?", TEXT))
    full = tmp_path / "full"
    full.write_text("".join(f"{name}=/tmp\n" for name in sorted(names)))
    command = ["docker-compose", "--env-file", str(full), "config", "--quiet"]
    taken = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert taken.returncode == 0, taken.stderr
