"""Installing test sets and applying challenges on a real database and store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mood_evaluator import Dataset, Task
from mood_platform.challenges.queries import (
    cases_of,
    newest_test_set,
    run_test_sets,
)
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.errors import Invalid, Misconfigured, NotFound
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Case, Stage, TestSet
from mood_platform.storage.local import LocalStore
from mood_support.edition import DOCUMENT, make_edition, write_test_set

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_test_set(tmp_path / "test-brain", purpose="test", dataset=Dataset.BRAIN)


def test_an_installed_test_set_has_its_rows_and_objects(
    sessions: Sessions, store: LocalStore, folder: Path
) -> None:
    steps: list[tuple[int, int]] = []
    with transaction(sessions, FakeQueue()) as tx:
        installed = install_test_set(
            tx, folder=folder, store=store, progress=lambda *step: steps.append(step)
        )
    assert (installed.name, installed.public) == ("test-brain", False)
    assert steps == [(done, 6) for done in range(1, 7)]
    with transaction(sessions, FakeQueue()) as tx:
        cases = cases_of(tx, test_set=newest_test_set(tx, "test-brain"), task=Task.PIXEL)
        assert [case.abnormal for case in cases] == [True, False, True, False]
        for case in cases:
            assert store.exists(f"cases/{case.image_sha256}.nii.gz")
            assert case.label_sha256 is None or store.exists(f"labels/{case.label_sha256}.nii.gz")


@pytest.mark.parametrize(
    ("stages", "wrong"),
    [
        ({"toy": {"brain": ["test-brain"], "abdom": ["toy-abdom"]}}, "test-brain"),
        ({"challenge": {"brain": ["toy-brain"], "abdom": ["test-abdom"]}}, "toy-brain"),
        ({"challenge": {"brain": ["test-abdom"], "abdom": ["test-abdom"]}}, "test-abdom"),
    ],
    ids=["hidden cases as toy cases", "public cases as hidden ones", "another dataset"],
)
def test_a_stage_that_names_a_test_set_of_another_kind_is_refused(
    sessions: Sessions, store: LocalStore, tmp_path: Path, stages: dict[str, object], wrong: str
) -> None:
    """Where a later version of a set, or a hand in the database, made it another one."""
    both = {**DOCUMENT["stages"], **stages}
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(tx, store=store, folder=tmp_path, cases=2)
        challenge.config = {**challenge.config, "stages": both}
        with pytest.raises(Misconfigured, match=wrong):
            run_test_sets(tx, challenge=challenge, stage=Stage.CHALLENGE)


def test_installing_twice_changes_nothing(sessions: Sessions, store: LocalStore, folder: Path) -> None:
    ids = set()
    for _ in range(2):
        with transaction(sessions, FakeQueue()) as tx:
            ids.add(install_test_set(tx, folder=folder, store=store).id)
    assert len(ids) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 4


def test_a_changed_file_is_refused_and_leaves_no_row(
    sessions: Sessions, store: LocalStore, folder: Path
) -> None:
    victim = next((folder / "images").iterdir())
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(Invalid, match=victim.name), transaction(sessions, FakeQueue()) as tx:
        install_test_set(tx, folder=folder, store=store)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(TestSet)) == 0


def test_a_missing_file_is_named(sessions: Sessions, store: LocalStore, folder: Path) -> None:
    victim = next((folder / "labels").iterdir())
    victim.unlink()
    with pytest.raises(Invalid, match=victim.name), transaction(sessions, FakeQueue()) as tx:
        install_test_set(tx, folder=folder, store=store)


def test_a_link_out_of_the_folder_is_refused(sessions: Sessions, store: LocalStore, folder: Path) -> None:
    victim = next((folder / "images").iterdir())
    victim.rename(folder.parent / "outside")
    victim.symlink_to(folder.parent / "outside")
    with pytest.raises(Invalid, match="leaves the folder"), transaction(sessions, FakeQueue()) as tx:
        install_test_set(tx, folder=folder, store=store)


def test_a_broken_manifest_is_a_sentence(sessions: Sessions, store: LocalStore, folder: Path) -> None:
    manifest = json.loads((folder / "test_set.json").read_text())
    manifest["purpose"] = "toy"
    (folder / "test_set.json").write_text(json.dumps(manifest))
    with pytest.raises(Invalid, match=r"test_set\.json"), transaction(sessions, FakeQueue()) as tx:
        install_test_set(tx, folder=folder, store=store)


def test_the_newest_version_of_a_name_is_used(sessions: Sessions, store: LocalStore, folder: Path) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        install_test_set(tx, folder=folder, store=store)
    larger = write_test_set(
        folder.parent / "more" / "test-brain", purpose="test", dataset=Dataset.BRAIN, cases=6
    )
    with transaction(sessions, FakeQueue()) as tx:
        second = install_test_set(tx, folder=larger, store=store)
    with transaction(sessions, FakeQueue()) as tx:
        assert newest_test_set(tx, "test-brain").digest == second.digest
        with pytest.raises(NotFound, match="test-abdom"):
            newest_test_set(tx, "test-abdom")


def test_a_run_of_the_challenge_stage_starts_with_the_toy_set(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(tx, store=store, folder=tmp_path)
        toy = {d: str(newest_test_set(tx, f"toy-{d}").id) for d in Dataset}
        main = {d: (str(newest_test_set(tx, f"test-{d}").id),) for d in Dataset}
        both = run_test_sets(tx, challenge=challenge, stage=Stage.CHALLENGE)
        assert both == RunTestSets(toy=toy, main=main)
        assert run_test_sets(tx, challenge=challenge, stage=Stage.TOY) == RunTestSets(toy=toy, main={})
