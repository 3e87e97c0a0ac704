"""Intake on real archives in the real child process: accepted, rejected by reason, the same image twice."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.execution.image_config import ImageFacts
from mood_platform.failures import FailureReason
from mood_platform.models import Challenge, Image, ImageState, Upload, UploadState
from mood_platform.queueing import Job
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import check_image, image_key
from mood_platform.submissions.upload_files import append, upload_path
from mood_platform.submissions.uploads import create_upload, finish
from mood_platform.testing.edition import make_edition, make_participant
from mood_platform.testing.queue import FakeQueue

pytestmark = pytest.mark.integration
SCRIPTS = [
    f"workspace/run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in ("brain", "abdom")
]


def pack(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    return sink.getvalue()


def save(
    scripts: list[str] = SCRIPTS,
    *,
    architecture: str = "amd64",
    tag: str = "team:latest",
    layers: list[str] | None = None,
    inner: Mapping[str, Any] | None = None,
) -> bytes:
    """What `docker save` of a one-layer image writes."""
    layer = pack(dict.fromkeys(scripts, b"#!/bin/sh\n"))
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": inner or {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": layers or ["layer.tar"]}]
    return pack({name: config, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()})


class World:
    """An open challenge with two teams that hand in images."""

    def __init__(self, sessions: Sessions, store: LocalStore) -> None:
        self.sessions, self.store, self.queue = sessions, store, FakeQueue()
        with transaction(sessions, self.queue) as tx:
            self.challenge = make_edition(tx, store=store, folder=store.root.parent / "sets", cases=2)
            self.north, self.south = make_participant(tx, "north"), make_participant(tx, "south")

    def hand_in(self, archive: bytes, *, by: Principal | None = None, sha256: str | None = None) -> UUID:
        team = by or self.north
        with transaction(self.sessions, self.queue) as tx:
            upload = create_upload(
                tx,
                principal=team,
                challenge=tx.session.get_one(Challenge, self.challenge.id),
                size=len(archive),
                filename="image.tar",
                sha256=sha256,
                limit_bytes=2**30,
                hours=1,
                root=self.store.root,
            )
        append(self.store.root, upload.id, offset=0, size=len(archive), chunks=[archive])
        with transaction(self.sessions, self.queue) as tx:
            return finish(tx, principal=team, upload_id=upload.id, root=self.store.root).id

    def check(self, image_id: UUID) -> Image:
        check_image(self.sessions, self.queue, self.store, image_id=image_id)
        return self.image(image_id)

    def image(self, image_id: UUID) -> Image:
        with self.sessions() as session:
            return session.get_one(Image, image_id)


@pytest.fixture
def world(sessions: Sessions, store: LocalStore) -> World:
    return World(sessions, store)


def test_a_good_archive_is_accepted_and_stored_without_its_tags(world: World) -> None:
    image = world.check(world.hand_in(gzip.compress(save(tag="python:3"))))
    assert (image.state, image.reason, image.duplicate_of) == (ImageState.ACCEPTED, None, None)
    assert image.facts["tasks"] == ["sample", "pixel"]
    assert image.digest is not None
    with world.store.local(image_key(image.digest)) as path, tarfile.open(path) as clean:
        manifest = json.load(clean.extractfile("manifest.json") or io.BytesIO())
    assert manifest[0]["RepoTags"] is None
    assert f"sha256:{manifest[0]['Config'].removesuffix('.json')}" == image.digest


def test_the_upload_is_used_up_and_its_file_gone(world: World) -> None:
    image = world.check(world.hand_in(save()))
    assert image.upload_id is not None
    with world.sessions() as session:
        assert session.get_one(Upload, image.upload_id).state is UploadState.USED
    assert list((world.store.root / "uploads").iterdir()) == []


def test_the_announced_hash_is_compared(world: World) -> None:
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
    world: World, archive: bytes, reason: FailureReason
) -> None:
    image = world.check(world.hand_in(archive))
    assert (image.state, image.reason, image.digest) == (ImageState.REJECTED, reason, None)
    assert world.queue.sent[-1] == (Job.SEND_MAIL, {"kind": "image_rejected", "image": str(image.id)})
    assert list((world.store.root / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "archive",
    [
        save(architecture="arm\0"),
        save(layers=["lost\0.tar"]),
        save(layers=["lost\udcff.tar"]),
        save(inner={"Entrypoint": ["/run\0"]}),
        save(inner={"Volumes": {"/cache\0": {}}}),
        save(inner={"Env": ["A\udcff=1"]}),
    ],
    ids=["architecture", "layer", "layer, half a character", "entry point", "volume", "variable"],
)
def test_text_that_no_database_takes_is_a_rejection_not_an_endless_check(
    world: World, archive: bytes
) -> None:
    assert world.check(world.hand_in(archive)).state is ImageState.REJECTED


def test_an_image_with_one_task_says_so(world: World) -> None:
    image = world.check(world.hand_in(save([name for name in SCRIPTS if "sample" in name])))
    assert image.facts["tasks"] == ["sample"]


def test_the_same_image_twice_points_to_the_first(world: World) -> None:
    first = world.check(world.hand_in(save()))
    second = world.check(world.hand_in(gzip.compress(save(tag="other:name"))))
    third = world.check(world.hand_in(save()))
    assert (second.state, second.digest, second.duplicate_of) == (ImageState.ACCEPTED, first.digest, first.id)
    assert third.duplicate_of == first.id


def test_two_teams_may_hand_in_the_same_image(world: World) -> None:
    first = world.check(world.hand_in(save()))
    other = world.check(world.hand_in(save(), by=world.south))
    assert (other.digest, other.duplicate_of) == (first.digest, None)


def test_equal_images_checked_at_once_leave_one_original(world: World) -> None:
    ids = [world.hand_in(save()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(world.check, ids))
    originals = [image for image in images if image.duplicate_of is None]
    assert len(originals) == 1
    assert {image.duplicate_of for image in images if image.duplicate_of} == {originals[0].id}


def test_a_check_that_is_delivered_twice_changes_nothing(world: World) -> None:
    image_id = world.hand_in(save())
    first = world.check(image_id)
    again = world.check(image_id)
    assert (again.state, again.checked_at, again.duplicate_of) == (first.state, first.checked_at, None)


def test_a_check_that_broke_off_is_repeated(world: World) -> None:
    image_id = world.hand_in(save())

    def break_off(source: Path, target: Path, *, limit: int) -> ImageFacts:
        raise Transient(f"{source} {target} {limit}")

    with pytest.raises(Transient):
        check_image(world.sessions, world.queue, world.store, image_id=image_id, check=break_off)
    assert world.image(image_id).state is ImageState.CHECKING
    assert world.check(image_id).state is ImageState.ACCEPTED


def test_a_lost_file_ends_in_a_rejection_not_in_waiting(world: World) -> None:
    image_id = world.hand_in(save())
    upload_id = world.image(image_id).upload_id
    assert upload_id is not None
    upload_path(world.store.root, upload_id).unlink()
    image = world.check(image_id)
    assert (image.state, "gone" in image.detail) == (ImageState.REJECTED, True)
