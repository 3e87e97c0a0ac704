"""The rare branches of the numerics: large volumes in parts, empty inputs, ties of everything."""

import gzip
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    Batching,
    CaseScore,
    EvaluatorError,
    Evidence,
    InvalidTestSet,
    ManifestCase,
    PixelCase,
    Quantizer,
    SetScore,
    StreamingAveragePrecision,
    Task,
    clean_scores,
    pooled_aps,
    read_prediction,
    sum_evidence,
)
from mood_evaluator.analysis import (
    CaseGroup,
    Measures,
    curve_rows,
    dice_rows,
    froc_rows,
    group_rows,
    measure_cases,
    object_rows,
    per_scan_rows,
    scan_rows,
)
from mood_evaluator.errors import InvalidScoredRun, InvalidTable
from mood_evaluator.objects import ScanObjects
from mood_evaluator.placement import differs
from mood_evaluator.runs import Detection, ScoredRun, Standings, bootstrap_runs, gather_runs
from mood_evaluator.slices import SliceScores
from mood_evaluator.tables import Method, Scheme, ScoreTable, bootstrap_table

SHAPE = (110, 100, 60)  # more than one part


def write(path: Path, voxels: np.ndarray) -> Path:
    nib.Nifti1Image(voxels, np.eye(4)).to_filename(path)
    return path


@pytest.mark.parametrize("place", [0, 30, 59])
def test_an_anomaly_in_any_part_of_a_large_volume_is_found(tmp_path: Path, place: int) -> None:
    random = np.random.default_rng(place)
    label = np.zeros(SHAPE, np.uint8)
    label[20:40, 20:40, place] = 1
    scores = (random.random(SHAPE, np.float32) * (random.random(SHAPE) < 0.4) + label * np.float32(0.3)) / 2
    case = PixelCase("a", write(tmp_path / "s.nii.gz", scores), write(tmp_path / "l.nii.gz", label), SHAPE)
    expected = average_precision_score(label.ravel(), scores.astype(np.float32).ravel())
    assert pooled_aps([case], [["a"]]) == pytest.approx((expected,), abs=1e-12)


def test_a_large_prediction_that_breaks_off_late_counts_as_all_zero(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    label = np.zeros(SHAPE, np.uint8)
    label[:, :, 5] = 1
    scores = {name: random.random(SHAPE, np.float32) for name in "ab"}
    truth = write(tmp_path / "l.nii.gz", label)
    cases = [PixelCase(n, write(tmp_path / f"{n}.nii.gz", scores[n]), truth, SHAPE) for n in "ab"]
    whole = (tmp_path / "b.nii.gz").read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(whole[: int(len(whole) * 0.9)])
    pooled = np.concatenate([scores["a"].ravel(), np.zeros(label.size, np.float32)])
    expected = average_precision_score(np.tile(label.ravel(), 2), pooled)
    assert pooled_aps(cases, [["a", "b"]], threads=2) == pytest.approx((expected,), abs=1e-12)


def test_many_scores_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["mood_evaluator.streaming"], "CHUNK", 50)
    random = np.random.default_rng(2)
    scores, labels = random.random(700).astype(np.float32).round(2), random.random(700) < 0.2
    pool = StreamingAveragePrecision()
    pool.add_positives(scores[labels])
    pool.add_negatives(scores[~labels])
    assert pool.result() == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


def test_nothing_is_clean() -> None:
    assert clean_scores(np.zeros(0, np.float32)).values.size == 0


def test_evidence_adds_in_any_order_and_histograms_too() -> None:
    random = np.random.default_rng(5)
    parts = [Evidence.of(random.random(50), random.random(50) < 0.2) for _ in range(3)]
    first, *rest = (
        sum_evidence(order).to_bytes() for order in (parts, parts[::-1], [parts[1], parts[0], parts[2]])
    )
    assert all(other == first for other in rest)
    one, other = parts[0].two_sided, parts[1].two_sided
    assert ((one + other).positives.sum(), (one + other).negatives.sum()) == (
        one.positives.sum() + other.positives.sum(), one.negatives.sum() + other.negatives.sum(),
    )  # fmt: skip


def test_a_table_of_scores_is_bootstrapped_from_its_seed() -> None:
    table = ScoreTable("t", ("A", "B"), ("x", "y", "z"), np.array([[0.9, 0.8, 0.7], [0.1, 0.2, 0.3]]))
    found = bootstrap_table(table, Method(scheme=Scheme.MEAN_THEN_RANK), n=20, seed=1)
    assert (found.ranks == [1, 2]).all()


def lone_runs() -> Standings:
    """Return runs of a scan that is abnormal throughout: no negative, no object."""
    runs = []
    for team in "AB":
        evidence = Evidence.of(np.full(10, 0.5), np.ones(10, np.bool_))
        score = SetScore(score=evidence.ap(Quantizer.TWO_SIDED), valid=1, total=1, valid_share=0.5)
        cases, objects = {"a": CaseScore(valid=True, evidence=evidence)}, {"a": ScanObjects((), ())}
        runs.append(
            ScoredRun(
                team, Task.PIXEL, "lone", "d", "two-sided", score, {"a": True}, cases,
                detection=Detection(0.5, 1.0), objects=objects,
            )
        )  # fmt: skip
    return gather_runs(runs)


def test_where_nothing_is_normal_what_needs_normal_voxels_is_left_out() -> None:
    standings = lone_runs()
    assert curve_rows(standings, "lone") == []
    assert froc_rows(standings, "lone") == []
    assert object_rows(standings, "lone")[0]["cpm"] is None
    assert [row["auroc"] for row in scan_rows(standings, "lone")] == [None, None]
    assert per_scan_rows(standings, "lone", scan_rows(standings, "lone"))[0]["auroc_of_scans"] is None
    assert dice_rows(standings, "lone") == []
    group = CaseGroup("category", "x", "x", 0.0, ("a",))
    assert {row["ap"] for row in group_rows(standings, "lone", [group])} == {None}
    assert "consensus" not in bootstrap_runs(standings, n=5, seed=0).to_json()


def test_gzip_with_trailing_garbage_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "x.nii.gz"
    write(path, np.zeros((3, 3, 3), np.float32))
    path.write_bytes(path.read_bytes() + gzip.compress(b"more") + b"\x1f\x8bgarbage")
    label = write(tmp_path / "l.nii.gz", np.ones((3, 3, 3), np.uint8))
    assert pooled_aps([PixelCase("a", path, label, (3, 3, 3))], [["a"]]) == (1.0,)


def test_a_team_without_a_result_has_no_curve_and_scans_without_predictions_no_objects() -> None:
    run = lone_runs().sets["lone"]["A"]
    lost = replace(run, result=SetScore(valid=0, total=1, valid_share=0.5), objects={})
    standings = gather_runs([lost])
    assert curve_rows(standings, "lone") == []
    assert object_rows(standings, "lone") == []


def test_objects_without_an_anomaly_have_no_froc() -> None:
    assert froc_rows(lone_runs(), "lone") == []


def test_an_empty_label_has_neither_size_nor_contrast(tmp_path: Path) -> None:
    write(tmp_path / "l.nii.gz", np.zeros((3, 3, 3), np.uint8))
    write(tmp_path / "all.nii.gz", np.ones((3, 3, 3), np.uint8))
    write(tmp_path / "i.nii.gz", np.ones((3, 3, 3), np.float32))
    empty = ManifestCase("a", "i.nii.gz", "l.nii.gz", (3, 3, 3), abnormal=True, tasks=(Task.SAMPLE,))
    full = replace(empty, id="b", label="all.nii.gz")
    assert measure_cases([empty, full], tmp_path) == {"b": Measures(27.0, None)}


@pytest.mark.parametrize("batches", [[[]], ["a"], [[1]]])
def test_a_batching_of_anything_but_names_is_refused(batches: object) -> None:
    with pytest.raises(InvalidTestSet, match="non-empty list of case ids"):
        Batching.from_json({"seed": "0", "draw": 0, "size": 1, "batches": batches})


def test_an_affine_that_makes_no_sense_always_differs(tmp_path: Path) -> None:
    path = tmp_path / "x.nii"
    write(path, np.zeros((3, 3, 3), np.float32))
    raw = bytearray(path.read_bytes())
    raw[252:256] = np.array([1, 0], "<i2").tobytes()  # qform_code, sform_code
    raw[256:260] = np.float32(5).tobytes()  # quatern_b
    path.write_bytes(raw)
    assert read_prediction(path, shape=(3, 3, 3)).affine is None
    assert differs(None, ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)))


def test_an_entry_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lone_runs().sets["lone"]["A"].save(tmp_path / "run.zip")
    monkeypatch.setattr("mood_evaluator.runs.scored_run._MAX_ENTRY", 10)
    with pytest.raises(InvalidScoredRun, match="larger than"):
        ScoredRun.load(tmp_path / "run.zip")


def test_a_run_keeps_its_slices_and_who_may_win(tmp_path: Path) -> None:
    run = replace(lone_runs().sets["lone"]["A"], slices={"a": SliceScores((0.5,), (10,))}, eligible=False)
    run.save(tmp_path / "run.zip")
    loaded = ScoredRun.load(tmp_path / "run.zip")
    assert (loaded.slices, loaded.eligible) == (run.slices, False)
    with pytest.raises(EvaluatorError, match="eligible team"):
        gather_runs([loaded])


def test_one_algorithm_cannot_be_unstable() -> None:
    table = ScoreTable("t", ("A",), ("x", "y"), np.array([[0.9, 0.8]]))
    with pytest.raises(InvalidTable, match="at least two"):
        bootstrap_table(table, Method(scheme=Scheme.MEAN_THEN_RANK), n=2, seed=1)


def test_where_nothing_is_abnormal_scans_have_no_scores() -> None:
    evidence = Evidence.of(np.full(10, 0.5), None)
    score = SetScore(score=0.5, valid=1, total=1, valid_share=0.5)
    cases = {"a": CaseScore(valid=True, evidence=evidence)}
    run = ScoredRun("A", Task.PIXEL, "normal", "d", "two-sided", score, {"a": False}, cases)
    standings = gather_runs([run])
    assert scan_rows(standings, "normal") == []
    assert per_scan_rows(standings, "normal", []) == []
    assert dice_rows(standings, "normal") == []
