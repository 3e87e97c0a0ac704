"""From a submission to its results with a scripted engine and the real evaluator: reports, failures."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import average_precision_score
from sqlalchemy import select, update

from mood_evaluator import Dataset, Evidence, PositiveScores, Task, canonical_digest
from mood_platform.db.engine import Sessions
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob, Collected, Execution
from mood_platform.execution.usage import Usage
from mood_platform.failures import FailureReason
from mood_platform.models import Case, CaseRun, CaseRunState, Run, RunState, Stage, Submission, TestSet
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.runs.due import exclusively
from mood_platform.runs.service import start_analysis
from mood_platform.runs.sweeper import STALE_SECONDS, sweep
from mood_platform.scoring.dataset_results import result_of_part
from mood_platform.scoring.run_facts import read_run
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.scoring.stored_positives import stored_positives
from mood_platform.storage.local import LocalStore
from mood_support.drive import drive, echo, evaluation_of
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration

CRASH = Scripted.ending(1, log=b"Traceback: no weights\n\x1b[31mred\x1b[0m\x00")


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets")


def document(platform: TinyPlatform, key: str | None) -> dict[str, Any]:
    assert key is not None
    found: dict[str, Any] = json.loads(platform.store.read(key, limit=10**7))
    return found


def case_runs(platform: TinyPlatform, run: Run) -> list[CaseRun]:
    with platform.open() as tx:
        return list(tx.session.scalars(select(CaseRun).where(CaseRun.run_id == run.id)))


def voxels(path: Path) -> np.ndarray[Any, Any]:
    return np.asanyarray(Nifti1Image.from_filename(path).dataobj).ravel()


def oracle(platform: TinyPlatform, part: dict[str, Any]) -> list[float]:
    """scikit-learn on the kept predictions and labels of each stored batch."""
    with platform.open() as tx:
        query = select(TestSet.manifest).where(TestSet.digest == part["digest"])
        manifest = tx.session.scalars(query).one()
    cases = {case["id"]: case for case in manifest["cases"]}
    return [
        average_precision_score(*_pooled(platform, part, [cases[name] for name in batch]))
        for batch in manifest["batchings"][0]["batches"]
    ]


def _pooled(
    platform: TinyPlatform, part: dict[str, Any], cases: list[dict[str, Any]]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    scores, labels = [], []
    for case in cases:
        prediction = platform.store.path(part["cases"][case["id"]]["prediction"])
        readable = prediction.with_name("prediction.nii.gz")
        readable.write_bytes(prediction.read_bytes())
        scores.append(voxels(readable))
        sha256 = case["sha256"]["label"]
        label = voxels(platform.store.path(f"labels/{sha256}.nii.gz")) if sha256 else scores[-1] * 0
        labels.append(label)
    return np.concatenate(labels), np.concatenate(scores)


def test_a_pixel_run_ends_scored_with_the_aps_of_scikit_learn(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(echo))
    run = platform.run_of(submission)
    assert run.state is RunState.SCORED
    results = document(platform, run.results_key)
    assert results["schema"] == "mood-run-results/1"
    assert results["digest"] == canonical_digest(results)
    assert [part["dataset"] for part in results["test_sets"]] == ["brain", "abdom"]
    for part in results["test_sets"]:
        expected = oracle(platform, part)
        assert part["result"]["official"]["batch_aps"] == pytest.approx(expected, abs=1e-12)
        assert part["result"]["score"] == pytest.approx(np.mean(expected), abs=1e-12)
    assert results["node_classes"] == [{"cases": 8, "cpu": "test"}]


def test_the_scores_of_abnormal_voxels_are_stored_and_nothing_changes_without_them(
    platform: TinyPlatform,
) -> None:
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(echo))
    with platform.open() as tx:
        view = read_run(tx, run_id=platform.run_of(submission).id)
    part = next(part for part in view.parts if not part.toy)
    expected = result_of_part(evaluation_of(platform), Task.PIXEL, part, scoring={"valid_share": 0.5})
    stored = {one: stored_positives(platform.store, one.evidence_key) for one in part.case_runs}
    assert {one for one, key in stored.items() if key} == {one for one in stored if one.case.abnormal}
    for case_run, key in stored.items():
        if key:
            found = PositiveScores.from_bytes(platform.store.read(key, limit=10**7))
            assert case_run.score is not None
            assert found.counts.sum() == case_run.score["evidence"]["positives"]
            platform.store.delete(key)
    assert result_of_part(evaluation_of(platform), Task.PIXEL, part, scoring={"valid_share": 0.5}) == expected


def test_a_sample_run_is_scored_over_all_scans_at_once(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), task=Task.SAMPLE)
    drive(platform, FakeRuntime(echo))
    run = platform.run_of(submission)
    assert run.state is RunState.SCORED
    for part in document(platform, run.results_key)["test_sets"]:
        with platform.open() as tx:
            manifest = tx.session.scalars(
                select(TestSet.manifest).where(TestSet.digest == part["digest"])
            ).one()
        abnormal = [case["abnormal"] for case in manifest["cases"]]
        scores = [part["cases"][case["id"]]["score"]["score"] for case in manifest["cases"]]
        assert part["result"]["score"] == pytest.approx(average_precision_score(abnormal, scores), abs=1e-12)


def test_every_pixel_case_leaves_evidence_that_can_be_read(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(lambda job: echo(job) if job.dataset is Dataset.BRAIN else CRASH))
    for case_run in case_runs(platform, platform.run_of(submission)):
        assert case_run.evidence_key is not None
        evidence = Evidence.from_bytes(platform.store.read(case_run.evidence_key, limit=10**7))
        assert evidence.voxels == 64
        assert (evidence.max == 0) == (case_run.state is CaseRunState.CRASHED)


def with_affine(content: bytes, size: float) -> bytes:
    image = Nifti1Image.from_bytes(gzip.decompress(content))
    return gzip.compress(Nifti1Image(np.asarray(image.dataobj), np.diag([size, size, size, 1])).to_bytes())


@pytest.mark.parametrize("told", [True, False])
def test_an_affine_other_than_the_test_sets_is_flagged_on_normal_cases_too(
    platform: TinyPlatform, told: bool
) -> None:
    """The manifest tells it, or, where an older one does not, the header of the image."""
    own = 2.0 if told else 1.0
    if told:
        rows = [[own, 0, 0, 0], [0, own, 0, 0], [0, 0, own, 0]]
        with platform.open() as tx:
            tx.session.execute(update(Case).values(affine=rows))
    for size in (own, 3.0):
        submission = platform.submit(platform.join(f"north {size}"))
        drive(platform, FakeRuntime(lambda job: Scripted.writing(with_affine(job.case.read_bytes(), size))))  # noqa: B023 - run at once
        flags = [case_run.flags for case_run in case_runs(platform, platform.run_of(submission))]
        assert flags == [[] if size == own else ["affine_differs"]] * 16


def test_the_toy_report_comes_first_and_opens_the_hidden_cases(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    seen: list[bool] = []

    def watch(job: CaseJob) -> Scripted:
        seen.append(platform.run_of(submission).toy_reported_at is not None)
        return echo(job)

    drive(platform, FakeRuntime(watch))
    assert seen == [False] * 8 + [True] * 8
    run = platform.run_of(submission)
    report = document(platform, run.toy_report_key)
    assert report["schema"] == "mood-toy-report/1"
    assert report["head"] == (
        "8 toy cases only show that your container works; they do not predict your rank."
    )
    assert list(report["datasets"]) == ["brain", "abdom"]
    for dataset in report["datasets"].values():
        assert 0 < dataset["ap"] <= 1
        for case in dataset["cases"]:
            assert (case["outcome"], case["log"], case["limit_seconds"]) == ("succeeded", "done\n", 3)
    assert (Job.SEND_MAIL, {"kind": "toy_report", "run": str(run.id)}) in platform.queue.sent


def test_a_toy_submission_ends_scored_on_its_toy_cases(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    drive(platform, FakeRuntime(echo))
    run = platform.run_of(submission)
    assert run.state is RunState.SCORED
    report, results = document(platform, run.toy_report_key), document(platform, run.results_key)
    assert [part["result"]["score"] for part in results["test_sets"]] == [
        dataset["ap"] for dataset in report["datasets"].values()
    ]


def test_when_every_toy_case_fails_the_run_fails_unseen_by_hidden_cases_and_is_refunded(
    platform: TinyPlatform,
) -> None:
    submission = platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda _: CRASH)
    drive(platform, runtime)
    run = platform.run_of(submission)
    assert (run.state, run.reason) == (RunState.FAILED, FailureReason.TOY_FAILED)
    assert len(runtime.jobs) == 8
    states = Counter(case_run.state for case_run in case_runs(platform, run))
    assert states == {CaseRunState.CRASHED: 8, CaseRunState.CANCELLED: 8}
    with platform.open() as tx:
        assert tx.session.get_one(Submission, submission.id).refunded_at is not None
    report = document(platform, run.toy_report_key)
    assert report["failed"]
    case = report["datasets"]["brain"]["cases"][0]
    assert (case["outcome"], case["text"]) == ("crashed", FailureReason.CRASHED.text)
    assert case["log"] == "Traceback: no weights\nred"
    assert report["datasets"]["brain"]["ap"] is None


def test_the_toy_report_holds_a_log_as_far_as_the_limit_says(platform: TinyPlatform) -> None:
    log = "".join(f"line {number}\n" for number in range(10_000))
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(lambda _: Scripted.ending(1, log=log.encode())))
    report = document(platform, platform.run_of(submission).toy_report_key)
    assert {case["log"] for part in report["datasets"].values() for case in part["cases"]} == {log}


def test_one_toy_case_that_works_is_enough_to_go_on(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    first: list[str] = []

    def only_first(job: CaseJob) -> Scripted:
        first.append(job.claim_id)
        return echo(job) if len(first) == 1 else CRASH

    drive(platform, FakeRuntime(only_first))
    run = platform.run_of(submission)
    assert run.state is RunState.SCORED
    assert all(part["result"]["score"] is None for part in document(platform, run.results_key)["test_sets"])


def test_failed_and_invalid_hidden_cases_count_as_zero_and_are_named(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    answers = iter([Scripted.writing(b"no nifti"), Scripted(None, b"", Execution(killed_at_limit=True))])

    def mostly(job: CaseJob) -> Scripted:
        hidden = platform.run_of(submission).toy_reported_at is not None
        return next(answers, echo(job)) if hidden and job.dataset is Dataset.BRAIN else echo(job)

    drive(platform, FakeRuntime(mostly))
    run = platform.run_of(submission)
    brain, abdom = document(platform, run.results_key)["test_sets"]
    outcomes = Counter(case["outcome"] for case in brain["cases"].values())
    assert outcomes == {"succeeded": 2, "output_invalid": 1, "timed_out": 1}
    assert (brain["result"]["valid"], brain["result"]["total"]) == (2, 4)
    assert brain["result"]["score"] is not None
    assert abdom["result"]["valid"] == 4


def test_below_the_bar_there_is_no_result(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    runtime = FakeRuntime(lambda job: echo(job) if job.dataset is Dataset.BRAIN else CRASH)
    drive(platform, runtime)
    run = platform.run_of(submission)
    brain, abdom = document(platform, run.results_key)["test_sets"]
    assert run.state is RunState.SCORED
    assert brain["result"]["score"] is not None
    assert abdom["result"]["score"] is None


def test_scores_outside_the_range_are_warned_about(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"), task=Task.SAMPLE, stage=Stage.TOY)
    slow = Execution(exit_code=0, seconds=2.5, collected=Collected.PRESENT)
    drive(platform, FakeRuntime(lambda _: Scripted(b"7\n", b"", slow)))
    with platform.open() as tx:
        run = tx.session.scalars(select(Run)).one()
    codes = Counter(warning["code"] for warning in document(platform, run.toy_report_key)["warnings"])
    assert codes == {"clamped": 2, "all_scores_equal": 2, "slow": 2}


def test_the_toy_report_says_what_each_toy_case_used(platform: TinyPlatform) -> None:
    platform.submit(platform.join("north"), task=Task.SAMPLE, stage=Stage.TOY)
    usage = Usage(seconds=0.1, cpu_seconds=0.05, memory_peak=2**20)
    ran = Execution(exit_code=0, seconds=0.1, collected=Collected.PRESENT, usage=usage)
    drive(platform, FakeRuntime(lambda _: Scripted(b"0.5\n", b"", ran)))
    with platform.open() as tx:
        run = tx.session.scalars(select(Run)).one()
    brain = document(platform, run.toy_report_key)["datasets"]["brain"]
    assert [case["usage"] for case in brain["cases"]] == [usage.to_json()] * len(brain["cases"])


def test_two_runs_of_the_same_predictions_have_equal_results(platform: TinyPlatform) -> None:
    submissions = [platform.submit(platform.join(name)) for name in ("north", "south")]
    drive(platform, FakeRuntime(echo))
    first, second = (
        [part["result"] for part in document(platform, platform.run_of(one).results_key)["test_sets"]]
        for one in submissions
    )
    assert first == second


def test_an_analysis_is_scored_too_and_changes_nothing_else(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"))
    drive(platform, FakeRuntime(echo))
    mails = platform.queue.names().count(Job.SEND_MAIL)
    with platform.open() as tx:
        analysis = start_analysis(tx, submission=submission, test_set_names=["test-abdom"], actor="o")
    drive(platform, FakeRuntime(echo))
    with platform.open() as tx:
        run = tx.session.get_one(Run, analysis.id)
    assert run.state is RunState.SCORED
    assert [part["name"] for part in document(platform, run.results_key)["test_sets"]] == ["test-abdom"]
    assert platform.queue.names().count(Job.SEND_MAIL) == mails


def test_scoring_again_changes_nothing(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    drive(platform, FakeRuntime(echo))
    run, evaluation = platform.run_of(submission), evaluation_of(platform)
    for case_run in case_runs(platform, run):
        assert not score_case(evaluation, case_run_id=case_run.id)
    score_run(evaluation, run_id=run.id)
    assert platform.run_of(submission).state_since == run.state_since


def test_a_second_scorer_of_the_same_run_leaves_at_once(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    run = platform.run_of(submission)
    with exclusively(platform.sessions, run.id) as first, exclusively(platform.sessions, run.id) as second:
        assert (first, second) == (True, False)
        score_run(evaluation_of(platform), run_id=run.id)
    assert platform.run_of(submission).toy_reported_at is None


def test_lost_scoring_messages_are_sent_again_by_the_sweeper(platform: TinyPlatform) -> None:
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    slot = platform.slot(FakeRuntime(echo))
    platform.queue.drain({Job.WORK: lambda stage: work_once(slot, stages={Stage(stage)})})
    run = platform.run_of(submission)
    assert Counter(case.state for case in case_runs(platform, run)) == {CaseRunState.COLLECTED: 8}
    with platform.open() as tx:
        for case_run in tx.session.scalars(select(CaseRun)):
            case_run.state_since -= timedelta(seconds=2 * STALE_SECONDS)
    sweep(platform.sessions, platform.queue, max_attempts=3)
    assert [job for job, _ in platform.queue.pending] == [Job.SCORE_CASE] * 8
    drive(platform, FakeRuntime(echo))
    assert platform.run_of(submission).state is RunState.SCORED
