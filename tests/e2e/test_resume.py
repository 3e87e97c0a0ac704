"""`mood submit` killed in mid-upload and typed again: it carries on at the byte the platform has."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_platform.machine.processes import wait_until
from mood_platform.models import Team, Upload, UploadState
from mood_support.live import LivePlatform, Person

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Cut:
    """What was there when the command had been killed, and what the same command did afterwards."""

    arrived: int
    before: list[Upload]
    after: list[Upload]
    person: Person


def uploads_of(platform: LivePlatform, team: str) -> list[Upload]:
    query = select(Upload).join(Team, Upload.team_id == Team.id).where(Team.handle == team)
    return list(platform.read(lambda session: session.scalars(query).all()))


@pytest.fixture(scope="module")
def cut(
    installed: LivePlatform,
    open_challenge: Callable[..., str],
    shell_image: Callable[..., str],
    save_and_remove: Callable[[str, Path], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Cut:
    slug, archive = open_challenge("resume"), tmp_path_factory.mktemp("resume") / "image.tar"
    save_and_remove(shell_image("resumed", pause=0), archive)
    person = installed.person("cutter", team="cutter")
    words = ("submit", archive, "--challenge", slug, "--task", "sample")
    command = person.start(*words)

    def file() -> Path:
        return installed.store.path(f"uploads/{uploads_of(installed, 'cutter')[0].id}")

    assert wait_until(lambda: bool(uploads_of(installed, "cutter")), seconds=60, every=0.02)
    assert wait_until(lambda: file().stat().st_size > 0, seconds=60, every=0.005)
    os.killpg(command.pid, signal.SIGKILL)
    command.wait()
    before, arrived = uploads_of(installed, "cutter"), file().stat().st_size
    person.mood(*words)
    return Cut(arrived, before, uploads_of(installed, "cutter"), person)


def test_the_kill_met_the_upload_in_its_middle(cut: Cut) -> None:
    (upload,) = cut.before
    assert upload.state is UploadState.RECEIVING
    assert 0 < cut.arrived < upload.size


def test_the_same_command_carried_on_with_the_same_upload_and_the_image_is_whole(cut: Cut) -> None:
    assert [upload.id for upload in cut.after] == [upload.id for upload in cut.before]
    (image,) = cut.person.get("/images").json()["items"]
    assert (image["state"], image["size"]) == ("accepted", cut.before[0].size)


def test_there_is_one_submission(cut: Cut) -> None:
    assert len(cut.person.ask("status")) == 1
