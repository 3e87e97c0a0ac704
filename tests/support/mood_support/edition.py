"""A small edition for tests: tiny test sets on disk, a challenge with them, participants and images."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from nibabel.nifti1 import Nifti1Image

from mood_evaluator import Batching, Dataset, Manifest, ManifestCase, Task, draw_batching, save_test_set
from mood_platform.accounts.names import looks_of
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge, install_test_set
from mood_platform.db.transaction import Transaction
from mood_platform.images.image_config import CHECK
from mood_platform.models import Challenge, Image, ImageState, Team, Upload, UploadState, User
from mood_platform.storage.store import ObjectStore

Shape = tuple[int, int, int]
SHAPE: Shape = (4, 4, 4)
DOCUMENT: Mapping[str, Any] = {
    "schema": "mood-challenge/1",
    "slug": "tiny",
    "title": "A tiny edition",
    "timeline": {"opens": "2026-01-01T00:00:00Z", "closes": "2099-01-01T00:00:00Z", "upload_grace": "2h"},
    "entry": {"open": True, "i_accept_unbounded_teams": "Tests found many."},
    "quota": {"challenge": 10, "attempts": 30},
    "limits": {
        "seconds": 3,
        "memory": "256MiB",
        "tmp": "16MiB",
        "output": "128MiB",
        "shm": "16MiB",
        "gpus": 0,
    },
    "scoring": {"valid_share": 0.5},
    "stages": {
        "toy": {"brain": ["toy-brain"], "abdom": ["toy-abdom"]},
        "challenge": {"brain": ["test-brain"], "abdom": ["test-abdom"]},
    },
    "retention": {"predictions": "30d after publication", "logs": "90d"},
}


def make_edition(
    tx: Transaction,
    *,
    store: ObjectStore,
    folder: Path,
    cases: int = 4,
    hidden_cases: int | None = None,
    shape: Shape = SHAPE,
    hidden: bool = False,
    **changes: Any,
) -> Challenge:
    """Four installed test sets of `cases` Cases each, and the challenge that uses them.

    `hidden`: as in a real edition; else all is told at once.
    """
    for stage, count in (("toy", cases), ("test", cases if hidden_cases is None else hidden_cases)):
        for dataset in Dataset:
            name = folder / f"{stage}-{dataset}"
            secret = hidden and stage == "test"
            built = write_test_set(
                name, purpose=stage, dataset=dataset, cases=count, shape=shape, hidden=secret
            )
            install_test_set(tx, folder=built, store=store)
    return apply_challenge(tx, config=ChallengeConfig.parse({**DOCUMENT, **changes}))


def write_test_set(
    folder: Path,
    *,
    purpose: str,
    dataset: Dataset,
    cases: int = 4,
    shape: Shape = SHAPE,
    hidden: bool = False,
) -> Path:
    """Alternating abnormal and normal volumes; the same bytes every time."""
    for sub in ("images", "labels"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    made = tuple(_write_case(folder, f"{purpose}-{dataset}-{index}", index, shape) for index in range(cases))
    save_test_set(
        Manifest(
            name=folder.name,
            dataset=dataset,
            purpose=purpose,
            recipe="tiny",
            generator_version="1",
            source_subjects=1,
            cases=made,
            batchings=_batchings(made),
            not_hidden=not hidden,
            secret_sha256=hashlib.sha256(folder.name.encode()).hexdigest() if hidden else None,
        ),
        folder,
    )
    return folder


def make_participant(
    tx: Transaction, name: str, *, organizer: bool = False, reference: bool = False
) -> Principal:
    """A user with a team of the same name; the password hash is no hash, so nobody can log in."""
    title = name.title()
    team = Team(
        handle=name,
        name=title,
        **looks_of(title),
        reference=reference,
        created_at=tx.now,
    )
    tx.session.add(team)
    tx.session.flush()
    user = User(
        email=f"{name}@example.org",
        name=name,
        password_hash="!",
        created_at=tx.now,
        team_id=team.id,
        organizer=organizer,
    )
    tx.session.add(user)
    tx.session.flush()
    return Principal(user=user, team=team, organizer=organizer)


def make_image(
    tx: Transaction,
    *,
    principal: Principal,
    state: ImageState = ImageState.ACCEPTED,
    begun_at: datetime | None = None,
) -> Image:
    """An image with scripts for both Tasks, already through intake; its archive is not in the store."""
    team, begun = principal.require_team(), begun_at or tx.now
    image = Image(
        team_id=team.id,
        digest=f"sha256:{uuid4().hex * 2}",
        name="image.tar",
        size=1,
        state=state,
        facts={"tasks": [str(task) for task in Task], "check": CHECK},
        upload_begun_at=begun,
        state_since=tx.now,
        created_at=tx.now,
    )
    tx.session.add(image)
    tx.session.flush()
    tx.session.add(
        Upload(
            id=image.id,
            team_id=team.id,
            user_id=principal.user.id,
            image_id=image.id,
            size=1,
            filename="image.tar",
            state=UploadState.USED,
            state_since=begun,
            created_at=begun,
            expires_at=begun + timedelta(hours=48),
        )
    )
    tx.session.flush()
    return image


def _write_case(folder: Path, name: str, index: int, shape: Shape) -> ManifestCase:
    abnormal = index % 2 == 0
    digest = hashlib.sha256(name.encode())
    case_id = digest.hexdigest()[:32]
    voxels = np.random.default_rng(list(digest.digest())).random(shape, dtype=np.float32)
    label = np.zeros(shape, np.uint8)
    label[1:3, 1:3, 1:3] = 1
    image = _write_volume(folder / "images" / f"{case_id}.nii.gz", voxels)
    truth = _write_volume(folder / "labels" / f"{case_id}.nii.gz", label) if abnormal else None
    return ManifestCase(
        id=case_id,
        image=f"images/{case_id}.nii.gz",
        label=f"labels/{case_id}.nii.gz" if abnormal else None,
        shape=shape,
        abnormal=abnormal,
        tasks=(Task.SAMPLE, Task.PIXEL),
        scope="local" if abnormal else None,
        origin="artificial" if abnormal else "none",
        category="image" if abnormal else None,
        sha256_image=image,
        sha256_label=truth,
    )


def _write_volume(path: Path, voxels: np.ndarray[Any, Any]) -> str:
    """Write neutrally (no name, no date) and return the SHA-256."""
    volume = Nifti1Image(voxels, np.eye(4))  # type: ignore[no-untyped-call]  # nibabel leaves it so
    data = gzip.compress(volume.to_bytes(), mtime=0)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _batchings(cases: tuple[ManifestCase, ...]) -> tuple[Batching, ...]:
    has_positive = {case.id: case.label is not None for case in cases}
    size = 2 if len(cases) < 20 else 20  # many batches of two would hardly ever have an abnormal case each
    return tuple(draw_batching(has_positive, size=size, seed=seed) for seed in ("first", "second"))
