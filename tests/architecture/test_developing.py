"""docs/developing.md is true: what it names is there, and what it says must not be forgotten is missed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mood_platform.failures import FailureReason
from mood_platform.queueing import Job

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/developing.md").read_text()
TREE = PAGE.split("## The tree\n```\n")[1].split("```")[0]
NAMED = sorted(set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:md|toml|yml))(?:::(\w+))?`", PAGE)))
ROOMS = sorted(path.parent for path in ROOT.glob("*/src/mood_*/*/__init__.py"))
PLATFORM = ROOT / "platform/src/mood_platform"


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{file}::{name}" for file, name in NAMED])
def test_every_file_and_name_that_the_page_mentions_is_there(file: str, name: str) -> None:
    path = ROOT / file
    assert path.exists() or file.startswith("log/"), f"{file} is gone; say where it went"
    if name:
        assert re.search(rf"^(?:class |def |)\s*{name}\b", path.read_text(), re.MULTILINE), (
            f"{file} has no {name}"
        )


def test_the_page_names_enough_to_be_worth_a_test() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_room_is_in_the_picture_of_the_tree(room: Path) -> None:
    package = TREE.split(room.parent.name)[1].split("\n\n")[0]
    assert re.search(rf"\b{room.name}\b", package), f"{room.name} is not below {room.parent.name}"


def test_every_command_that_the_page_tells_to_type_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z][a-z-]*)", PAGE)) - {"lint"} <= set(targets)
    studies = re.findall(r"^([a-z-]+):", (ROOT / "studies/Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"make -C studies ([a-z-]+)", PAGE)) <= set(studies)


@pytest.mark.parametrize("job", Job)
def test_every_job_is_registered_and_in_the_table_of_processes(job: Job) -> None:
    assert f"Job.{job.name}" in (PLATFORM / "worker/jobs.py").read_text()
    table = (ROOT / "docs/architecture.md").read_text().split("## Processes and queues")[1].split("\n\n")[1]
    assert f"`{job.value}`" in table


SOURCES = [path.read_text() for path in PLATFORM.rglob("*.py") if path.name != "failures.py"]


OF_EARLIER_VERSIONS = {FailureReason.ABANDONED, FailureReason.SCORING_FAILED}
"""Rows have them; nothing gives them any more."""


@pytest.mark.parametrize("reason", sorted(set(FailureReason) - OF_EARLIER_VERSIONS))
def test_every_failure_reason_is_given_by_something(reason: FailureReason) -> None:
    given = re.compile(rf"\b(?:FailureReason|Why|Reason)\.{reason.name}\b")
    assert any(given.search(text) for text in SOURCES)
