"""Applies an edition's rules and installs test sets; both can be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mood_evaluator import InvalidTestSet, Manifest, ManifestCase, load_test_set
from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.accounts.reasons import checked_words, require_reason
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.challenges.neutral import check_neutral
from mood_platform.challenges.plan import check_ranking, check_test_sets, plan_change
from mood_platform.challenges.queries import newest_test_set
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Invalid
from mood_platform.models import Case, Challenge, TestSet
from mood_platform.storage.keys import is_scan, label_key, scan_key
from mood_platform.storage.store import ObjectStore

Progress = Callable[[int, int], None]
"""Called with files done and files in all."""


def apply_challenge(
    tx: Transaction, *, config: ChallengeConfig, reason: str = "", actor: str = PLATFORM
) -> Challenge:
    """Create the edition or change its rules; Runs that exist keep the copy they were started with.

    Once there are Submissions a change wants a reason, which the teams read. Without a change nothing is
    written. The test sets are resolved first.
    """
    mistakes = Mistakes(f"challenge {config.slug}")
    check_test_sets(tx, config, mistakes)
    check_ranking(tx, config, mistakes)
    mistakes.require_none()
    challenge = tx.session.scalar(
        select(Challenge).where(Challenge.slug == config.slug).with_for_update(key_share=True)
    )
    plan = plan_change(tx, config)
    if challenge is not None and not plan.lines:
        return challenge
    reason = require_reason("challenge.apply", reason) if plan.teams else checked_words("reason", reason)
    if challenge is None:
        challenge = Challenge(slug=config.slug, created_at=tx.now)
        tx.session.add(challenge)
    before = challenge.config or {}
    challenge.config = config.to_json()
    challenge.opens, challenge.closes = config.opens, config.closes
    challenge.upload_grace_seconds = int(config.upload_grace.total_seconds())
    challenge.updated_at = tx.now
    tx.session.flush()
    audit(
        tx,
        actor=actor,
        action="challenge.apply",
        subject=subject_of("challenge", challenge),
        reason=reason,
        data={"before": before, "after": challenge.config, "lines": list(plan.lines)},
    )
    return challenge


def install_test_set(
    tx: Transaction,
    *,
    folder: Path,
    store: ObjectStore,
    progress: Progress | None = None,
    actor: str = PLATFORM,
) -> TestSet:
    """Check every hash, copy the files into the store, then add the rows; the same digest installs once.

    An older version that is installed again is in use again: a correction can be taken back.
    """
    manifest = _read_manifest(folder)
    known = _installed(tx, manifest)
    if known is not None:
        _use_again(tx, known, actor=actor)
        return known
    files = [*_files(manifest, folder)]
    for done, (key, path, digest) in enumerate(files, start=1):
        _store_checked(store, key=key, path=path, digest=digest)
        if progress:
            progress(done, len(files))
    return _add_rows(tx, manifest, actor=actor)


def _read_manifest(folder: Path) -> Manifest:
    try:
        return load_test_set(folder)
    except InvalidTestSet as error:
        raise Invalid(str(error), remedy="Build or import the test set again with mood-test-sets.") from error


def _installed(tx: Transaction, manifest: Manifest) -> TestSet | None:
    same = (TestSet.name == manifest.name, TestSet.digest == manifest.digest)
    return tx.session.scalar(select(TestSet).where(*same))


def _use_again(tx: Transaction, row: TestSet, *, actor: str) -> None:
    if newest_test_set(tx, row.name).id == row.id:
        return
    row.installed_at = tx.now
    data = {"name": row.name, "digest": row.digest}
    audit(tx, actor=actor, action="test_set.use_again", subject=subject_of("test_set", row), data=data)
    tx.session.flush()


def _files(manifest: Manifest, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """(object key, local file, promised SHA-256) of every case and label."""
    for case in manifest.cases:
        yield scan_key(case.sha256_image), _inside(folder, case.image), case.sha256_image
        if case.label is not None:
            promised = case.sha256_label or ""
            yield label_key(promised), _inside(folder, case.label), promised


def _inside(folder: Path, relative: str) -> Path:
    path = folder / relative
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Invalid(
            f"{folder / 'test_set.json'}: {relative!r} leaves the folder.",
            remedy="Name files inside the test set.",
        )
    return path


def _store_checked(store: ObjectStore, *, key: str, path: Path, digest: str) -> None:
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Invalid(
            f"{path}: it cannot be read ({error.strerror}).", remedy="Copy the whole test set."
        ) from error
    if found != digest:
        raise Invalid(
            f"{path}: its SHA-256 is {found}, the manifest says {digest}.",
            remedy="Copy or build the test set again.",
        )
    if is_scan(key):
        check_neutral(path)
    if not store.exists(key):
        store.put_file(key, path)


def _add_rows(tx: Transaction, manifest: Manifest, *, actor: str) -> TestSet:
    row = TestSet(
        name=manifest.name,
        digest=manifest.digest,
        dataset=manifest.dataset,
        purpose=manifest.purpose,
        manifest=manifest.to_json(),
        installed_at=tx.now,
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError:  # another process installed it meanwhile
        installed = _installed(tx, manifest)
        assert installed is not None, "the unique constraint on name and digest says it is there"
        return installed
    tx.session.add_all(_case_row(row, place, case) for place, case in enumerate(manifest.cases))
    data = {"name": row.name, "digest": row.digest, "cases": len(manifest.cases)}
    audit(tx, actor=actor, action="test_set.install", subject=subject_of("test_set", row), data=data)
    return row


def _case_row(row: TestSet, place: int, case: ManifestCase) -> Case:
    x, y, z = case.shape
    return Case(
        test_set_id=row.id,
        case_id=case.id,
        position=place,
        image_sha256=case.sha256_image,
        label_sha256=case.sha256_label,
        shape={"x": x, "y": y, "z": z},
        abnormal=case.abnormal,
        tasks=[str(task) for task in case.tasks],
        affine=None if case.affine is None else [*map(list, case.affine)],
    )
