"""What stands beside the official score: headed as deciding nothing, in the board's order, without ranks."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from mood_evaluator import CaseScore, Evidence, Quantizer, Task
from mood_evaluator.analysis import calibrate, calibrations, size_classes, supplement_of
from mood_evaluator.body import BodyScores
from mood_evaluator.dataset_result import score_cases
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.lesions import Lesion, LesionScores
from mood_evaluator.objects import FoundObject, ObjectSweep, ReferenceObject, ScanObjects, SweptScan
from mood_evaluator.runs import Detection, Ranking, ScoredRun, bootstrap_runs, gather_runs

IDS = [f"c{number}" for number in range(6)]
ABNORMAL = {name: number < 3 for number, name in enumerate(IDS)}
TEAMS = {"late": 0.9, "early": 0.2, "middle": 0.45}  # by name and by score in different orders
BODY = BodyScores(0.7, 0.1, 0.9, 0.05, 0.4, 1.0)


def scan(name: str, *, hit: bool) -> ScanObjects:
    wanted = (ReferenceObject(10.0 * (1 + IDS.index(name)), hit, True),) if ABNORMAL[name] else ()
    return ScanObjects((FoundObject(9.0, 0.8, (1, 1, 1), 0 if hit else None),), wanted)


def pixel_run(team: str, quality: float) -> ScoredRun:
    random = np.random.default_rng(4)
    truth = np.arange(60) < 10
    cases = {
        name: CaseScore(
            valid=True,
            evidence=Evidence.of(
                (quality * truth + (1 - quality) * random.random(60)).astype(np.float32),
                truth if ABNORMAL[name] else None,
            ),
        )
        for name in IDS
    }
    result = score_cases(
        task=Task.PIXEL, abnormal=ABNORMAL, batchings=(), case_scores=cases, precision=Quantizer.TWO_SIDED
    )
    objects = {name: scan(name, hit=ABNORMAL[name] and quality > 0.4) for name in IDS}
    swept = {
        name: SweptScan(
            (int(ABNORMAL[name]), int(quality < 0.4 and ABNORMAL[name])), (3, 0), int(ABNORMAL[name])
        )
        for name in IDS
    }
    lesions = {
        name: (Lesion(10.0 * (1 + IDS.index(name)), quality),) if ABNORMAL[name] else () for name in IDS
    }
    return ScoredRun(
        team, Task.PIXEL, "set", "d", "two-sided", result, ABNORMAL, cases,
        detection=Detection(0.5, 4.0), objects=objects, sweep=ObjectSweep((9, 99), 4.0, swept),
        lesions=LesionScores(lesions, {0.3: quality, 0.01: None}), body=BODY, spacings=((1.0, 1.0, 2.0),),
    )  # fmt: skip


def sample_run(team: str, quality: float) -> ScoredRun:
    cases = {name: CaseScore(valid=True, score=quality * ABNORMAL[name]) for name in IDS}
    result = score_cases(task=Task.SAMPLE, abnormal=ABNORMAL, batchings=(), case_scores=cases)
    return ScoredRun(team, Task.SAMPLE, "set", "d", "float32", result, ABNORMAL, cases)


RUNS = [pixel_run(team, quality) for team, quality in TEAMS.items()]
PIXEL = gather_runs(RUNS)


def words(document: Any) -> set[str]:
    if isinstance(document, Mapping):
        return {str(key) for key in document} | {word for part in document.values() for word in words(part)}
    return {word for part in document for word in words(part)} if isinstance(document, list) else set()


def test_it_is_headed_as_deciding_nothing_and_keeps_the_order_of_the_board() -> None:
    document = json.loads(json.dumps(supplement_of(PIXEL, n=20).to_json()))
    assert document["heading"] == "Analysis, decides nothing"
    assert document["order_of_the_official_board"] == ["late", "middle", "early"]
    for rows in document["sets"]["set"].values():
        teams = list(dict.fromkeys(row["team"] for row in rows))
        assert teams == ["late", "middle", "early"]
    assert "rank" not in words(document)


def test_every_number_of_objects_stands_beside_its_rule() -> None:
    part = supplement_of(PIXEL, n=20).to_json()["sets"]["set"]
    for rows, thresholds in ((part["detections"], 1), (part["object_sensitivity"], 2)):
        for row in rows:
            assert row["rule"]["factor"] == 2
            assert row["rule"]["min_volume_mm3"] == 4.0
            assert row["rule"]["spacings_mm"] == [[1.0, 1.0, 2.0]]
            assert len(row["rule"]["thresholds"]) == thresholds
    assert [row["f1"] for row in part["detections"]] == [2 * 3 / (2 * 3 + 3), 6 / 9, 0.0]
    assert part["body"][0]["body"] == BODY.to_json()
    assert 0.9 < part["body"][0]["auroc"] <= 1
    assert part["lesions"][0] == {
        "team": "late", "lesions": 3, "mean_ap": pytest.approx(0.9), "aupro": {"0.3": 0.9, "0.01": None},
    }  # fmt: skip


def test_without_extras_there_is_nothing_to_tell_and_the_sample_task_tells_calibration() -> None:
    plain = {"detection": None, "objects": {}, "sweep": None, "lesions": None, "body": None, "spacings": ()}
    bare = gather_runs([replace(run, **plain) for run in RUNS])
    assert supplement_of(bare).to_json()["sets"] == {"set": {}}
    samples = gather_runs([sample_run(team, quality) for team, quality in TEAMS.items()])
    part = supplement_of(samples).to_json()["sets"]["set"]
    assert list(part) == ["calibration"]
    assert [row["brier"] for row in part["calibration"]] == pytest.approx(
        [0.32, 0.005, 0.5 * 0.55**2]
    )  # all tied: by name


def test_a_thousand_calibrations_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(13)
    for _ in range(1_000):
        scores = np.round(random.random(int(random.integers(2, 60))), int(random.integers(1, 4)))
        truth = random.random(scores.size) < 0.4
        truth[:2] = True, False
        found = calibrate("A", scores, truth)
        assert found.brier == pytest.approx(brier_score_loss(truth, scores), abs=1e-12)
        assert found.brier_of_share == pytest.approx(
            brier_score_loss(truth, np.full(truth.size, truth.mean())), abs=1e-12
        )
        slow = []
        for low in range(10):
            own = [k for k, s in enumerate(scores) if low <= s * 10 < low + 1 or (low == 9 and s == 1)]
            if own:
                slow.append((len(own), np.mean([truth[k] for k in own]), np.mean([scores[k] for k in own])))
        got = [(one.scans, one.abnormal, one.mean_score) for one in found.bins]
        assert np.allclose(got, slow)
        if not (scores * 10 % 1 == 0).any():  # scikit-learn puts an edge into the bin below
            shares, means = calibration_curve(truth, scores, n_bins=10)
            assert np.allclose([row[1:] for row in got], list(zip(shares, means, strict=True)))


def test_sizes_are_thirds_of_the_lesions_and_say_how_many_were_found() -> None:
    rows = [row for row in size_classes(PIXEL, "set") if row.team == "late"]
    assert [(row.name, row.smallest, row.lesions, row.found) for row in rows] == [
        ("small", 10.0, 1, 1), ("medium", 20.0, 1, 1), ("large", 30.0, 1, 1),
    ]  # fmt: skip
    unseen = gather_runs([replace(run, objects={}, detection=None) for run in RUNS])
    assert {row.found for row in size_classes(unseen, "set")} == {None}
    assert unseen.sets["set"]["late"].rule is None
    empty = LesionScores(dict.fromkeys(IDS, ()), {0.3: None})
    healthy = gather_runs([replace(run, lesions=empty, objects={}) for run in RUNS])
    assert size_classes(healthy, "set") == ()
    assert supplement_of(healthy, n=5).sets["set"].lesions[0].mean_ap is None


def test_where_nothing_is_normal_there_is_no_auroc_of_whole_volumes() -> None:
    full = CaseScore(valid=True, evidence=Evidence.of(np.full(4, 0.5, np.float32), np.ones(4, np.bool_)))
    run = replace(RUNS[0], cases=dict.fromkeys(IDS, full))
    (found,) = supplement_of(gather_runs([run]), n=5).sets["set"].body
    assert (found.auroc, found.ap) == (None, 1.0)


def test_runs_are_ranked_by_object_sensitivity_where_that_is_asked_for() -> None:
    assert PIXEL.rankings() == {"set": {"early": 3, "late": 1, "middle": 2}}
    ranked = gather_runs([run.by_object_sensitivity() for run in RUNS])
    assert ranked.ranking is Ranking.OBJECT_SENSITIVITY
    assert ranked.rankings() == {"set": {"early": 1, "late": 2, "middle": 2}}
    drawn = bootstrap_runs(ranked, n=30, seed=1).sets["set"]
    assert drawn.to_json()["algorithms"][0]["whole_set_interval"] is None
    expected = RUNS[1].sweep.replicates(ABNORMAL, n=30, seed=1, stream="set").draws  # type: ignore[union-attr]
    assert np.array_equal(drawn.replicates[:, ranked.teams.index("early")], expected)


def test_a_team_without_a_result_on_one_test_set_has_no_draws_and_no_row_there() -> None:
    other = [replace(run, test_set="other") for run in RUNS]
    other[0] = replace(other[0], result=replace(other[0].result, score=None))
    both = gather_runs([run.by_object_sensitivity() for run in (*RUNS, *other)])
    drawn = bootstrap_runs(both, n=5, seed=1).sets["other"].replicates
    assert np.isnan(drawn[:, both.teams.index("late")]).all()
    assert {row.team for row in supplement_of(both, n=5).sets["other"].lesions} == {"early", "middle"}


def test_a_run_without_a_result_or_a_sweep_has_no_object_sensitivity() -> None:
    lost = replace(RUNS[0], result=replace(RUNS[0].result, score=None))
    assert lost.by_object_sensitivity().result.score is None
    with pytest.raises(EvaluatorError, match="--object-sensitivity"):
        replace(RUNS[0], sweep=None).by_object_sensitivity()


def test_object_sensitivities_of_different_least_volumes_are_not_compared() -> None:
    other = replace(RUNS[1], sweep=replace(RUNS[1].sweep, min_volume=5.0))  # type: ignore[type-var]
    gather_runs([RUNS[0], other])  # the AP does not ask for it
    with pytest.raises(EvaluatorError, match="different least volumes"):
        gather_runs([run.by_object_sensitivity() for run in (RUNS[0], other)])


def test_a_sample_run_that_failed_counts_as_zero() -> None:
    run = sample_run("A", 0.5)
    failed = replace(run, cases={**run.cases, "c0": CaseScore(valid=False)})
    (found,) = calibrations(gather_runs([failed]), "set")
    assert found.brier == pytest.approx((1 + 2 * 0.25) / 6)
