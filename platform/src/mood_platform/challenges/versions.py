"""What changed between two versions of a test set: cases, images, labels."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select

from mood_evaluator import Manifest, ManifestCase
from mood_platform.challenges.queries import newest_test_set
from mood_platform.db.transaction import Transaction
from mood_platform.documents.changes import ChangedIds
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.models import TestSet


def change_between(before: Manifest, after: Manifest) -> ChangedIds:
    old = {case.id: case for case in before.cases}
    new = {case.id: case for case in after.cases}
    both = sorted(old.keys() & new.keys())
    other_image = [one for one in both if old[one].sha256_image != new[one].sha256_image]
    other_truth = [one for one in both if _truth(old[one]) != _truth(new[one])]
    return ChangedIds(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        images=tuple(other_image),
        labels=tuple(one for one in other_truth if one not in other_image),
    )


def version_before(tx: Transaction, *, test_set: TestSet) -> TestSet | None:
    """The version of the same name that was installed last before this one."""
    earlier = select(TestSet).where(
        TestSet.name == test_set.name,
        TestSet.installed_at < test_set.installed_at,
        TestSet.id != test_set.id,
    )
    return tx.session.scalar(earlier.order_by(TestSet.installed_at.desc(), TestSet.id).limit(1))


def newest_versions(tx: Transaction, test_sets: RunTestSets) -> RunTestSets:
    """Each in its newest installed version."""
    return test_sets.each(partial(_newest, tx))


def _newest(tx: Transaction, test_set_id: str) -> str:
    name = tx.session.scalars(select(TestSet.name).where(TestSet.id == test_set_id)).one()
    return str(newest_test_set(tx, name).id)


def _truth(case: ManifestCase) -> tuple[object, ...]:
    return case.sha256_label, case.abnormal, case.tasks
