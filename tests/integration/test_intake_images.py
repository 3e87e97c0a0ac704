"""Intake on real archives in the real child process: accepted, rejected by reason, the same image twice."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.failures import FailureReason
from mood_platform.models import Image, ImageState, Upload, UploadState
from mood_platform.queueing import Job
from mood_platform.storage.keys import image_key
from mood_platform.storage.local import LocalStore
from mood_support.image_archives import SCRIPTS, ImageDraft, Member, tar_of
from mood_support.intake import Intake

pytestmark = pytest.mark.integration


def save(
    scripts: tuple[str, ...] = SCRIPTS,
    *,
    architecture: str = "amd64",
    tag: str = "team:latest",
    layers: list[str] | None = None,
    inner: dict[str, Any] | None = None,
) -> bytes:
    """What `docker save` of a one-layer image writes."""
    return ImageDraft(
        layers=[tar_of(*(Member(name, mode=0o755) for name in scripts))],
        config=inner or {},
        outer={"architecture": architecture},
        tags=[tag],
        layer_names=layers,
    ).archive()


@pytest.fixture
def world(sessions: Sessions, store: LocalStore) -> Intake:
    return Intake(sessions, store)


def test_a_good_archive_is_accepted_and_stored_without_its_tags(world: Intake) -> None:
    image = world.check(world.hand_in(gzip.compress(save(tag="python:3"))))
    assert (image.state, image.reason) == (ImageState.ACCEPTED, None)
    assert image.facts["tasks"] == ["sample", "pixel"]
    assert image.digest is not None
    with world.store.local(image_key(image.digest)) as path, tarfile.open(path) as clean:
        manifest = json.load(clean.extractfile("manifest.json") or io.BytesIO())
    assert manifest[0]["RepoTags"] is None
    assert f"sha256:{manifest[0]['Config'].removesuffix('.json')}" == image.digest


def test_the_upload_is_used_up_and_its_file_gone(world: Intake) -> None:
    image = world.check(world.hand_in(save()))
    with world.sessions() as session:
        assert session.get_one(Upload, image.id).state is UploadState.USED
    assert list((world.store.root / "uploads").iterdir()) == []


def test_the_announced_hash_is_compared(world: Intake) -> None:
    archive = save()
    good = world.check(world.hand_in(archive, sha256=hashlib.sha256(archive).hexdigest()))
    assert good.state is ImageState.ACCEPTED
    bad = world.check(world.hand_in(archive, sha256="0" * 64))
    assert (bad.state, bad.reason) == (ImageState.REJECTED, FailureReason.IMAGE_TRUNCATED)
    assert "0" * 64 in bad.detail


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"hello" * 200, FailureReason.IMAGE_NOT_TAR),
        (save(architecture="arm64"), FailureReason.IMAGE_WRONG_PLATFORM),
        (save(SCRIPTS[:1]), FailureReason.IMAGE_SCRIPT_MISSING),
        (gzip.compress(save())[:-200], FailureReason.IMAGE_TRUNCATED),
    ],
    ids=["no tar", "arm64", "scripts missing", "cut off"],
)
def test_an_unfit_archive_is_rejected_by_reason_and_mailed(
    world: Intake, archive: bytes, reason: FailureReason
) -> None:
    image = world.check(world.hand_in(archive))
    assert (image.state, image.reason, image.digest) == (ImageState.REJECTED, reason, None)
    assert world.queue.sent[-1] == (Job.SEND_MAIL, {"kind": "image_rejected", "image": str(image.id)})
    assert list((world.store.root / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "archive",
    [
        save(architecture="arm\0"),
        save(layers=["layer.tar", "lost\0.tar"]),
        save(layers=["layer.tar", "lost\udcff.tar"]),
        save(inner={"Entrypoint": ["/run\0"]}),
        save(inner={"Volumes": {"/cache\0": {}}}),
        save(inner={"Env": ["A\udcff=1"]}),
    ],
    ids=["architecture", "layer", "layer, half a character", "entry point", "volume", "variable"],
)
def test_text_that_no_database_takes_is_a_rejection_not_an_endless_check(
    world: Intake, archive: bytes
) -> None:
    assert world.check(world.hand_in(archive)).state is ImageState.REJECTED


def test_an_image_with_one_task_says_so(world: Intake) -> None:
    image = world.check(world.hand_in(save(tuple(name for name in SCRIPTS if "sample" in name))))
    assert image.facts["tasks"] == ["sample"]


def test_the_same_image_handed_in_again_is_the_one_the_team_has(world: Intake) -> None:
    first = world.check(world.hand_in(save()))
    second = world.check(world.hand_in(gzip.compress(save(tag="other:name"))))
    third = world.check(world.hand_in(save()))
    assert (second.id, third.id) == (first.id, first.id)
    with world.sessions() as session:
        assert [image.digest for image in session.scalars(select(Image))] == [first.digest]
        assert {upload.state for upload in session.scalars(select(Upload))} == {UploadState.USED}


def test_an_image_that_was_removed_comes_back_when_it_is_handed_in_again(world: Intake) -> None:
    first = world.check(world.hand_in(save()))
    with transaction(world.sessions, world.queue) as tx:
        removed = tx.session.get_one(Image, first.id)
        removed.removed_at, removed.removed_by = tx.now, "retention"
    again = world.check(world.hand_in(save()))
    assert (again.id, again.removed_at, again.removed_by) == (first.id, None, "")


def test_of_equal_images_the_upload_that_began_first_counts_for_the_grace(world: Intake) -> None:
    early, late = world.hand_in(save()), world.hand_in(save())
    begun = world.image(early).upload_begun_at
    assert begun < world.image(late).upload_begun_at
    world.check(late)
    assert (world.check(early).id, world.image(early).upload_begun_at) == (late, begun)


def test_two_teams_may_hand_in_the_same_image(world: Intake) -> None:
    first = world.check(world.hand_in(save()))
    other = world.check(world.hand_in(save(), by=world.south))
    assert (other.digest, other.id != first.id) == (first.digest, True)


def test_equal_images_checked_at_once_leave_one(world: Intake) -> None:
    ids = [world.hand_in(save()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.check, ids))
    assert len({world.image(image_id).id for image_id in ids}) == 1
    with world.sessions() as session:
        assert session.scalars(select(Image.state)).all() == [ImageState.ACCEPTED]


def test_a_check_that_is_delivered_twice_changes_nothing(world: Intake) -> None:
    image_id = world.hand_in(save())
    first = world.check(image_id)
    again = world.check(image_id)
    assert (again.id, again.state, again.checked_at) == (first.id, first.state, first.checked_at)
