"""A corrected label: Runs scored again from what they predicted, no container, a new version."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import average_precision_score
from sqlalchemy import func, select

from mood_evaluator import Dataset, Manifest, ManifestCase, Task, load_test_set, save_test_set
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict, Invalid
from mood_platform.leaderboards.export import export
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import (
    CaseRun,
    Challenge,
    Leaderboard,
    Rescoring,
    Run,
    RunScoring,
    ScoringState,
    TestSet,
)
from mood_platform.runs.rescorings import rescorings_of, start_rescoring
from mood_platform.runs.service import rerun, void_run
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.rescore import rescore_run
from mood_platform.storage.keys import leaderboard_key
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_support.contest import Contest
from mood_support.drive import evaluation_of
from mood_support.edition import make_participant, write_test_set
from mood_support.factories import make_platform
from mood_support.site import serve_site
from mood_test_sets.importing.correcting import correct_set

pytestmark = pytest.mark.integration
OLGA = "olga@example.org"


@dataclass(slots=True)
class Correction:
    """A contest of three teams on both Tasks, and ways to correct its brain test set."""

    contest: Contest
    folder: Path
    versions: list[Path] = field(default_factory=list)

    def challenge(self, tx: Any) -> Challenge:
        return tx.session.get_one(Challenge, self.contest.platform.challenge.id)

    def draft(self, task: Task = Task.PIXEL) -> dict[str, Any]:
        with self.contest.platform.open() as tx:
            store = self.contest.platform.store
            return draft(tx, challenge=self.challenge(tx), task=task, store=store).to_json()

    def publish(self, task: Task = Task.PIXEL, *, note: str = "", before_close: bool = True) -> Leaderboard:
        with self.contest.platform.open() as tx:
            return publish(
                tx,
                challenge=self.challenge(tx),
                task=task,
                actor=OLGA,
                store=self.contest.platform.store,
                note=note,
                before_close=before_close,
            )

    def correct(self) -> Manifest:
        """One abnormal brain case gets another mask, one becomes normal, a normal one abnormal."""
        before = load_test_set(self.folder / "test-brain")
        [first, second, *_] = [case for case in before.cases if case.abnormal]
        third = next(case for case in before.cases if not case.abnormal)
        labels = self.folder.parent / "corrected"
        labels.mkdir()
        for case in (first, third):
            mask = np.zeros(case.shape, np.uint8)
            mask[0, :, :2] = 1
            volume = Nifti1Image(mask, np.eye(4))  # type: ignore[no-untyped-call]
            (labels / f"{case.id}.nii.gz").write_bytes(gzip.compress(volume.to_bytes(), mtime=0))
        (labels / f"{second.id}.txt").write_text("0")
        out = self.folder.parent / "v2" / "test-brain"
        out.parent.mkdir()
        assert correct_set(self.folder / "test-brain", out, labels=labels).test_set is not None
        self.install(out)
        return load_test_set(out)

    def install(self, folder: Path) -> None:
        with self.contest.platform.open() as tx:
            install_test_set(tx, folder=folder, store=self.contest.platform.store)
        self.versions.append(folder)

    def rescore(self, task: Task = Task.PIXEL, *, reason: str = "Two labels were wrong.") -> Rescoring:
        with self.contest.platform.open() as tx:
            store = self.contest.platform.store
            return start_rescoring(
                tx, challenge=self.challenge(tx), task=task, reason=reason, actor=OLGA, store=store
            )

    def results(self, run: Run) -> list[dict[str, Any]]:
        """All results documents of a Run, the first ones first."""
        store = self.contest.platform.store
        keys = [key for key in store.keys(f"runs/{run.id}") if "/results" in key]
        return [json.loads(store.read(key, limit=10**7)) for key in sorted(keys, key=len)]

    def export(self) -> list[Path]:
        with self.contest.platform.open() as tx:
            folder, store = self.folder.parent / "export", self.contest.platform.store
            return export(tx, challenge=self.challenge(tx), folder=folder, store=store)

    def scorings(self) -> list[RunScoring]:
        with self.contest.platform.open() as tx:
            return list(tx.session.scalars(select(RunScoring)))


@pytest.fixture
def small(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Correction:
    """One Run of the pixel Task, scored, on one abnormal and one normal case of each Dataset."""
    return with_one_run(sessions, store, tmp_path / "sets", cases=2)


@pytest.fixture
def correction(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Correction:
    """The same on two abnormal and two normal cases: enough to be corrected."""
    return with_one_run(sessions, store, tmp_path / "sets", cases=4)


def with_one_run(sessions: Sessions, store: LocalStore, folder: Path, *, cases: int) -> Correction:
    made = Correction(Contest(make_platform(sessions, store, folder, cases=cases), folder), folder)
    made.contest.enter(made.contest.join("north"), quality=0.45)
    made.contest.run()
    return made


def oracle(store: LocalStore, results: dict[str, Any], folder: Path, task: Task) -> float:
    """scikit-learn on the voxels that were predicted and the labels in the folder, read anew."""
    manifest = load_test_set(folder)
    [part] = [one for one in results["test_sets"] if one["dataset"] == manifest.dataset]
    by_id = {case.id: case for case in manifest.cases}
    if task is Task.SAMPLE:
        scores = [predicted_score(store, part["cases"][one]["prediction"]) for one in by_id]
        return float(average_precision_score([case.abnormal for case in by_id.values()], scores))
    aps = []
    for batch in manifest.batchings[0].batches:
        truth = np.concatenate([read_label(folder, by_id[one]) for one in batch])
        scores = [predicted_voxels(store, part["cases"][one]["prediction"], by_id[one]) for one in batch]
        aps.append(average_precision_score(truth, np.concatenate(scores)))
    return float(np.mean(aps))


def read_label(folder: Path, case: ManifestCase) -> np.ndarray:
    if case.label is None:
        return np.zeros(np.prod(case.shape), bool)
    return np.asarray(Nifti1Image.from_filename(folder / case.label).dataobj).ravel(order="F") == 1


def predicted_voxels(store: LocalStore, key: str | None, case: ManifestCase) -> np.ndarray:
    if key is None:
        return np.zeros(np.prod(case.shape), np.float32)
    volume = Nifti1Image.from_bytes(gzip.decompress(store.read(key, limit=10**7)))
    return np.clip(np.asarray(volume.dataobj, np.float32), 0, 1).ravel(order="F")


def predicted_score(store: LocalStore, key: str | None) -> float:
    return 0.0 if key is None else float(store.read(key, limit=100))


@pytest.mark.parametrize("task", list(Task))
def test_published_corrected_and_published_again(
    sessions: Sessions, store: LocalStore, tmp_path: Path, task: Task
) -> None:
    folder = tmp_path / "sets"
    platform = make_platform(sessions, store, folder, cases=4)
    correction = Correction(Contest(platform, folder), folder)
    some = sorted(path.read_bytes() for path in (folder / "test-brain" / "images").iterdir())[:1]
    correction.contest.enter(correction.contest.join("north"), quality=0.45, task=task)
    west = correction.contest.join("west")
    correction.contest.enter(west, quality=0.1, task=task, skips=lambda job: job.case.read_bytes() in some)
    correction.contest.run()
    first = correction.publish(task, note="First.")
    stored = platform.store.read(leaderboard_key(first.id), limit=10**7)
    with platform.open() as tx:
        runs = {run.id: run.results_key for run in tx.session.scalars(select(Run))}
        attempts = tx.session.scalar(select(func.sum(CaseRun.attempt)))
    corrected = correction.correct()
    assert any("corrected" in warning for warning in correction.draft(task)["warnings"])
    made = correction.rescore(task)
    with pytest.raises(Conflict, match="Rescoring 1 is not over: 2 of 2"):
        correction.publish(task)
    assert correction.draft(task)["rescoring_pending"] == {"number": 1, "waiting": 2, "runs": 2}
    with pytest.raises(Conflict, match="not over"):
        correction.rescore(task)
    correction.contest.run()
    with platform.open() as tx:
        assert tx.session.scalar(select(func.sum(CaseRun.attempt))) == attempts, "a container was run"
        assert {run.id: run.results_key for run in tx.session.scalars(select(Run))} == runs
        scored = tx.session.scalars(
            select(Run)
            .join(RunScoring, RunScoring.run_id == Run.id)
            .where(RunScoring.rescoring_id == made.id, RunScoring.state == ScoringState.SCORED)
        ).all()
    assert len(scored) == 2
    for run in scored:
        before, after = correction.results(run)
        assert (before["rescoring"], after["rescoring"]) == (None, 1)
        for folder, document in ((correction.folder / "test-brain", before), (correction.versions[0], after)):
            [part] = [one for one in document["test_sets"] if one["dataset"] == "brain"]
            expected = oracle(platform.store, document, folder, task)
            assert part["result"]["score"] == pytest.approx(expected, abs=1e-12)
        assert before["test_sets"][1]["result"] == after["test_sets"][1]["result"], "abdomen did not change"
    document = correction.draft(task)
    assert document["datasets"]["brain"]["digest"] == corrected.digest
    assert document["changes"]["test_sets"]["brain"]["cases"] == {
        "added": 0, "removed": 0, "images": 0, "labels": 3,
    }  # fmt: skip
    assert len(document["changed_cases"]["brain"]["labels"]) == 3
    assert not any("corrected" in warning for warning in document["warnings"])
    written = {path.name for path in correction.export()}
    assert {f"{run.id}{number}.json" for run in scored for number in ("", "-1")} <= written
    second = correction.publish(task, note="Two labels corrected.")
    assert (second.version, second.previous_digest) == (2, first.digest)
    assert platform.store.read(leaderboard_key(first.id), limit=10**7) == stored
    told = json.dumps(second.document)
    assert not any(case.id in told for case in corrected.cases)
    changed = {row["team"]: row for row in second.document["changes"]["rows"]}
    old = {row["team"]: row["datasets"]["brain"]["score"] for row in first.document["rows"]}
    new = {row["team"]: row["datasets"]["brain"]["score"] for row in second.document["rows"]}
    for team, row in changed.items():
        cells = [row[when]["datasets"]["brain"]["score"] for when in ("before", "after")]
        assert cells == [old[team], new[team]]
    assert changed.keys() == {team for team in old if old[team] != new[team]} != set()


def test_a_rescoring_gives_what_a_new_run_on_the_corrected_set_gives(correction: Correction) -> None:
    correction.correct()
    correction.rescore()
    correction.contest.run()
    correction.contest.enter(correction.contest.join("twin"), quality=0.45)
    correction.contest.run()
    rows = {row["team"]: row["datasets"] for row in correction.draft()["rows"]}
    for dataset in Dataset:
        assert rows["twin"][dataset]["score"] == rows["north"][dataset]["score"]
        assert rows["twin"][dataset]["interval"] == rows["north"][dataset]["interval"]


def test_old_and_new_versions_are_not_mixed_and_the_remedy_works(correction: Correction) -> None:
    correction.correct()
    correction.contest.enter(correction.contest.join("late"), quality=0.4)
    correction.contest.run()
    with pytest.raises(Conflict, match="mood admin rescore"):
        correction.draft()
    correction.rescore()
    correction.contest.run()
    assert len(correction.draft()["rows"]) == 2


def test_a_second_correction_builds_on_the_first(correction: Correction, tmp_path: Path) -> None:
    correction.correct()
    correction.rescore()
    correction.contest.run()
    case = next(one for one in load_test_set(correction.versions[0]).cases if not one.abnormal)
    out = tmp_path / "v3" / "test-brain"
    out.parent.mkdir()
    correct_set(correction.versions[0], out, drop=[case.id])
    correction.install(out)
    assert correction.rescore().number == 2
    correction.contest.run()
    document = correction.draft()
    assert (document["rescoring"], document["datasets"]["brain"]["cases"]) == (2, 3)


def test_a_correction_can_be_taken_back(correction: Correction) -> None:
    before = correction.draft()["rows"]
    correction.correct()
    correction.rescore()
    correction.contest.run()
    assert correction.draft()["rows"] != before
    correction.install(correction.folder / "test-brain")
    correction.rescore(reason="The correction was wrong.")
    correction.contest.run()
    document = correction.draft()
    assert document["rows"] == before
    assert not any("corrected" in warning for warning in document["warnings"])


def test_a_run_again_after_a_correction_uses_the_corrected_set(correction: Correction) -> None:
    digest = correction.correct().digest
    with correction.contest.platform.open() as tx:
        found = tx.session.scalars(select(Run)).first()
        assert found is not None
        submission = find_any_submission(tx, submission_id=found.submission_id)
        again = rerun(tx, submission=submission, reason="A new label.", actor=OLGA)
        chosen = tx.session.get_one(TestSet, again.test_sets["main"]["brain"][0])
        assert chosen.digest == digest
        assert again.test_sets["main"]["abdom"] == found.test_sets["main"]["abdom"]


def test_scans_that_were_never_run_cannot_be_scored_and_are_named(small: Correction) -> None:
    other = small.folder.parent / "other" / "test-brain"
    more = write_test_set(other, purpose="test", dataset=Dataset.BRAIN, cases=3)
    small.install(more)
    with pytest.raises(Conflict, match="was added after north #") as refused:
        small.rescore()
    assert "mood admin rerun" in refused.value.remedy


def test_another_scan_under_the_same_id_is_refused_by_name(small: Correction, tmp_path: Path) -> None:
    before = load_test_set(small.folder / "test-brain")
    other = write_test_set(tmp_path / "x" / "test-brain", purpose="toy", dataset=Dataset.BRAIN, cases=2)
    document = load_test_set(other).to_json()
    swapped = json.loads(json.dumps(before.to_json()))
    swapped["cases"][0]["image"] = document["cases"][0]["image"]
    swapped["cases"][0]["sha256"]["image"] = document["cases"][0]["sha256"]["image"]
    for kind in ("images", "labels"):
        for path in (small.folder / "test-brain" / kind).iterdir():
            (other / kind / path.name).write_bytes(path.read_bytes())
    del swapped["digest"]
    save_test_set(Manifest.from_json(swapped), other)
    small.install(other)
    with pytest.raises(Conflict, match=f"{before.cases[0].id} has another scan"):
        small.rescore()


def test_a_prediction_that_is_not_kept_is_named_and_nothing_begins(small: Correction) -> None:
    platform = small.contest.platform
    with platform.open() as tx:
        victim = tx.session.scalars(
            select(CaseRun).where(~CaseRun.toy, CaseRun.prediction_key.is_not(None))
        ).first()
        assert victim is not None
    assert victim.prediction_key is not None
    platform.store.delete(victim.prediction_key)
    with pytest.raises(Conflict, match="is not kept any more"):
        small.rescore()
    assert small.scorings() == []


def test_a_reason_is_asked_for_and_kept(small: Correction) -> None:
    with pytest.raises(Invalid, match="reason"):
        small.rescore(reason=" ")


def test_what_cannot_be_scored_is_given_up_named_and_holds_publishing(small: Correction) -> None:
    platform = small.contest.platform
    small.rescore()
    victim = small.scorings()[0]
    with platform.open() as tx:
        run = tx.session.get_one(Run, victim.run_id)
        key = tx.session.scalars(
            select(CaseRun.prediction_key).where(CaseRun.run_id == run.id, ~CaseRun.toy)
        ).first()
    assert key is not None
    platform.store.delete(key)
    evaluation = evaluation_of(platform)
    for _ in range(5):
        rescore_run(evaluation, run_scoring_id=victim.id)
    small.contest.run()
    [failed] = [one for one in small.scorings() if one.state is ScoringState.FAILED]
    assert (failed.id, failed.attempt) == (victim.id, evaluation.max_attempts)
    assert key in failed.problem
    with pytest.raises(Conflict, match="could not be scored again"):
        small.draft()
    with platform.open() as tx:
        void_run(tx, run=tx.session.get_one(Run, victim.run_id), reason="Prediction lost.", actor=OLGA)
    assert small.draft()["rows"] == []


def test_a_lost_message_is_sent_again_by_the_sweeper(small: Correction) -> None:
    platform = small.contest.platform
    small.rescore()
    platform.queue.pending.clear()
    with platform.open() as tx:
        for scoring in tx.session.scalars(select(RunScoring)):
            scoring.state_since -= timedelta(minutes=1)
    sweep(platform.sessions, platform.queue, max_attempts=3)
    small.contest.run()
    assert {scoring.state for scoring in small.scorings()} == {ScoringState.SCORED}


def test_a_scoring_version_other_than_the_one_asked_for_scores_nothing(small: Correction) -> None:
    platform = small.contest.platform
    made = small.rescore()
    with platform.open() as tx:
        tx.session.get_one(Rescoring, made.id).scoring_version = 1
    small.contest.run()
    assert {scoring.state for scoring in small.scorings()} == {ScoringState.FAILED}
    assert "now, not 1" in small.scorings()[0].problem


def test_an_open_challenge_is_published_only_on_purpose(small: Correction) -> None:
    assert "until 2099" in small.draft()["warnings"][0]
    with pytest.raises(Conflict, match="before-close"):
        small.publish(before_close=False)
    assert small.publish().version == 1


def test_organizers_rescore_over_the_api_and_nobody_else(small: Correction, database_url: str) -> None:
    platform = small.contest.platform
    assert isinstance(platform.store, LocalStore)
    with platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    north = small.contest.join("stranger")
    place = "/api/v1/admin/challenges/tiny/rescorings"
    body = {"task": "pixel", "reason": "A label."}
    with serve_site(platform, database_url=database_url, root=platform.store.root) as site:
        with site.visit(north) as team:
            assert team.post(place, json=body).status_code == 404
            assert team.get(place).status_code == 404
        with site.visit(olga) as organizer:
            made = organizer.post(place, json=body)
            assert (made.status_code, made.json()["waiting"], made.json()["over"]) == (201, 1, False)
            small.contest.run()
            [view] = organizer.get(place).json()["items"]
            assert (view["scored"], view["over"], view["failed"], view["reason"]) == (1, True, [], "A label.")
    with platform.open() as tx:
        assert len(rescorings_of(tx, challenge=small.challenge(tx))) == 1
