"""Numbers per kind of anomaly, per scan, slice and object, against independent twins."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from mood_evaluator import (
    CaseScore,
    Curve,
    Dataset,
    Evidence,
    Manifest,
    ManifestCase,
    PixelCase,
    Quantizer,
    Task,
    UndefinedScore,
    draw_batching,
)
from mood_evaluator.analysis import (
    Measures,
    agreement_rows,
    category_rows,
    chance_interval,
    curve_rows,
    detection_rows,
    dice_rows,
    froc_rows,
    group_cases,
    group_rows,
    measure_cases,
    median_rows,
    object_rows,
    per_scan_rows,
    scan_rows,
    slice_rows,
)
from mood_evaluator.analysis.chance import balanced_ap
from mood_evaluator.dataset_result import score_cases
from mood_evaluator.errors import InvalidGroundTruth
from mood_evaluator.objects import find_components, match_objects
from mood_evaluator.runs import Detection, ScoredRun, gather_runs
from mood_evaluator.slices import SliceScores, slices_of_case

SHAPE = (8, 8, 6)
RANDOM = np.random.default_rng(12)
IDS = [f"c{index:02}" for index in range(48)]
KINDS = [("toyish", "sphere"), ("toyish", "cube"), ("tumor", "bright")]
CASES = tuple(
    ManifestCase(
        name,
        f"images/{name}.nii.gz",
        f"labels/{name}.nii.gz" if index % 2 else None,
        SHAPE,
        abnormal=bool(index % 2),
        tasks=tuple(Task),
        scope="local" if index % 2 else None,
        origin="artificial" if index % 2 else "none",
        category=KINDS[index // 2 % 3][0] if index % 2 else None,
        subcategory=KINDS[index // 2 % 3][1] if index % 2 else None,
        difficulty=1 + index // 2 % 2 if index % 2 else None,
        sha256_image="0",
    )
    for index, name in enumerate(IDS)
)
LABELS = {case.id: np.zeros(SHAPE, np.bool_) for case in CASES}
for number, case in enumerate(case for case in CASES if case.abnormal):
    LABELS[case.id][1 : 3 + number % 4, 2:5, 1:4] = True
BATCHING = draw_batching({case.id: case.abnormal for case in CASES}, size=12, seed=0)
SET = Manifest("test", Dataset.BRAIN, "test", "r", "1", 1, CASES, (BATCHING,), not_hidden=True)
SCORES = {
    team: {name: RANDOM.random(SHAPE) * (1 - q) + q * LABELS[name] for name in IDS}
    for team, q in (("A", 0.4), ("B", 0.2), ("C", 0.1))
}
SAMPLE = {team: {name: float(np.quantile(SCORES[team][name], 0.98)) for name in IDS} for team in SCORES}
ABNORMAL = {case.id: case.abnormal for case in CASES}


def pixel_run(team: str, test_set: str = "test") -> ScoredRun:
    cases = {
        name: CaseScore(valid=True, evidence=Evidence.of(SCORES[team][name], LABELS[name])) for name in IDS
    }
    result = score_cases(
        task=Task.PIXEL, abnormal=ABNORMAL, batchings=(BATCHING,), case_scores=cases,
        precision=Quantizer.TWO_SIDED,
    )  # fmt: skip
    objects = {
        name: match_objects(
            find_components(SCORES[team][name] > 0.7, scores=SCORES[team][name].astype(np.float32)),
            find_components(LABELS[name]),
            voxel_volume=1.0,
            min_volume=1.0,
        )
        for name in IDS
    }
    slices = {
        name: SliceScores(
            tuple(SCORES[team][name].mean((0, 1))), tuple(map(int, 5 * LABELS[name].sum((0, 1))))
        )
        for name in IDS
    }
    return ScoredRun(
        team, Task.PIXEL, test_set, "d", "two-sided", result, ABNORMAL, cases, (BATCHING,),
        Detection(0.7, 1.0), objects, slices,
    )  # fmt: skip


def sample_run(team: str, test_set: str = "test") -> ScoredRun:
    cases = {name: CaseScore(valid=True, score=score) for name, score in SAMPLE[team].items()}
    result = score_cases(task=Task.SAMPLE, abnormal=ABNORMAL, batchings=(), case_scores=cases)
    return ScoredRun(team, Task.SAMPLE, test_set, "d", "float32", result, ABNORMAL, cases)


PIXEL = gather_runs([pixel_run(team) for team in SCORES])
SAMPLES = gather_runs([sample_run(team) for team in SCORES])


def row_of(rows: list[dict[str, object]], **wanted: object) -> Mapping[str, object]:
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def ids_of(category: str, subcategory: str) -> list[str]:
    return [case.id for case in CASES if (case.category, case.subcategory) == (category, subcategory)]


def test_a_kind_of_the_sample_task_stands_against_all_normal_scans_weighted_evenly() -> None:
    rows = group_rows(SAMPLES, "test", group_cases(SET, Task.SAMPLE, {}))
    found = row_of(rows, dimension="subcategory", group="tumor: bright", team="B")
    normal = [name for name in IDS if not ABNORMAL[name]]
    own = ids_of("tumor", "bright")
    labels = np.array([True] * len(own) + [False] * len(normal))
    scores = [SAMPLE["B"][name] for name in own + normal]
    weights = np.where(labels, 1 / len(own), 1 / len(normal))
    assert found["ap"] == pytest.approx(average_precision_score(labels, scores, sample_weight=weights))
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert (found["chance"], found["cases"], found["fpr_at_95_tpr"]) == (0.5, len(own), None)


def test_a_kind_of_the_pixel_task_pools_its_abnormal_scans() -> None:
    rows = group_rows(PIXEL, "test", group_cases(SET, Task.PIXEL, {}))
    found = row_of(rows, dimension="category", group="toyish", team="A")
    own = [name for kind in ("sphere", "cube") for name in ids_of("toyish", kind)]
    labels = np.concatenate([LABELS[name].ravel() for name in own])
    codes = Quantizer.TWO_SIDED.quantize(np.concatenate([SCORES["A"][name].ravel() for name in own]))
    assert found["ap"] == pytest.approx(average_precision_score(labels, codes), abs=1e-12)
    assert found["chance"] == labels.mean()
    assert found["chance_low"] < labels.mean() < found["chance_high"]


def test_the_median_is_over_teams_and_a_category_is_the_mean_of_its_subcategories() -> None:
    rows = group_rows(SAMPLES, "test", group_cases(SET, Task.SAMPLE, {}))
    medians = median_rows(rows, "A")
    kinds = {}
    for kind in ("sphere", "cube"):
        values = [row["ap"] for row in rows if row["group"] == f"toyish: {kind}"]
        found = row_of(medians, dimension="subcategory", group=f"toyish: {kind}")
        kinds[kind] = sorted(values)[1]
        assert (found["ap"], found["ap_best"]) == (kinds[kind], max(values))
        assert found["ap_of_best_team"] == row_of(rows, group=f"toyish: {kind}", team="A")["ap"]
    toyish = row_of(category_rows(medians), category="toyish")
    assert toyish["ap"] == pytest.approx((kinds["sphere"] + kinds["cube"]) / 2)
    assert toyish["subcategories"] == 2


def test_fpr_is_told_from_twenty_cases_on() -> None:
    rows = group_rows(SAMPLES, "test", group_cases(SET, Task.SAMPLE, {}))
    assert row_of(rows, dimension="origin", group="artificial", team="A")["fpr_at_95_tpr"] is not None
    assert row_of(rows, dimension="difficulty", group="1", team="A")["fpr_at_95_tpr"] is None


def test_without_normal_scans_a_kind_has_no_sample_score() -> None:
    with pytest.raises(UndefinedScore):
        balanced_ap(Curve.of(np.array([0.5]), np.array([True])))


@pytest.mark.parametrize("balanced", [True, False])
def test_random_guesses_score_within_their_interval_about_95_times_in_100(balanced: bool) -> None:
    random = np.random.default_rng(4)
    labels = np.arange(300) < 60
    weights = np.where(labels, 1 / 60, 1 / 240) if balanced else None
    aps = [average_precision_score(labels, random.random(300), sample_weight=weights) for _ in range(400)]
    low, high = chance_interval(60, 240, balanced=balanced)
    assert 0.91 <= np.mean([low <= ap <= high for ap in aps]) <= 0.99


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with images whose anomalies are 0.3 brighter, of voxels of 2 mm³."""
    home = tmp_path_factory.mktemp("set")
    for part in ("images", "labels"):
        (home / part).mkdir()
    for case in CASES:
        image: npt.NDArray[np.float32] = (0.5 + 0.3 * LABELS[case.id]).astype(np.float32)
        affine = np.diag([2.0, 1, 1, 1])
        nib.Nifti1Image(image, affine).to_filename(home / case.image)
        nib.Nifti1Image(LABELS[case.id].astype(np.uint8), affine).to_filename(
            home / f"labels/{case.id}.nii.gz"
        )
    return home


def test_size_and_contrast_are_measured_in_the_files(folder: Path) -> None:
    found = measure_cases(CASES, folder)
    assert set(found) == {name for name in IDS if ABNORMAL[name]}
    assert all(found[name].volume == 2 * LABELS[name].sum() for name in found)
    assert all(found[name].contrast == pytest.approx(0.3, abs=1e-6) for name in found)


def test_an_image_that_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").symlink_to(folder / "labels")
    with pytest.raises(InvalidGroundTruth, match=r"images/c01.nii.gz"):
        measure_cases(CASES, tmp_path)


def test_sizes_are_bins_in_a_test_set_and_levels_in_a_sweep(folder: Path) -> None:
    measures = measure_cases(CASES, folder)
    sizes = [group for group in group_cases(SET, Task.PIXEL, measures) if group.dimension == "size"]
    assert 2 <= len(sizes) <= 5
    assert sorted(name for group in sizes for name in group.ids) == sorted(measures)
    sweep = Manifest("sweep", Dataset.BRAIN, "size-sweep", "r", "1", 1, CASES, (BATCHING,), not_hidden=True)
    levels = [group for group in group_cases(sweep, Task.PIXEL, measures) if group.dimension == "size"]
    assert [group.place for group in levels] == sorted({found.volume for found in measures.values()})


def test_scans_are_scored_one_by_one_beside_the_whole_set() -> None:
    scans = scan_rows(PIXEL, "test")
    assert len(scans) == 3 * sum(ABNORMAL.values())
    found = row_of(scans, team="A", case="c01")
    codes = Quantizer.TWO_SIDED.quantize(SCORES["A"]["c01"].ravel())
    assert found["ap"] == pytest.approx(average_precision_score(LABELS["c01"].ravel(), codes), abs=1e-12)
    assert found["auroc"] == pytest.approx(roc_auc_score(LABELS["c01"].ravel(), codes))
    summary = row_of(per_scan_rows(PIXEL, "test", scans), team="A")
    assert summary["ap_of_scans"] == pytest.approx(
        np.mean([row["ap"] for row in scans if row["team"] == "A"])
    )
    assert summary["ap_of_set"] == pytest.approx(pixel_run("A").result.whole_set_ap)
    assert scan_rows(SAMPLES, "test") == []


def test_dice_is_taken_on_four_fifths_at_the_threshold_of_the_other_fifth() -> None:
    (found, *_) = dice_rows(PIXEL, "test")
    assert found["team"] == "A"
    chosen = found["threshold"]
    total = np.concatenate([LABELS[name].ravel() for name in IDS])
    everything = f1_score(total, np.concatenate([SCORES["A"][name].ravel() for name in IDS]) >= chosen)
    assert found["dsc"] == pytest.approx(everything, abs=0.05)


def test_dice_of_a_scan_at_the_threshold_of_other_scans_is_a_mean_over_scans_with_an_anomaly() -> None:
    fifth = sorted(IDS, key=lambda name: hashlib.sha256(name.encode()).digest())[: -(-len(IDS) // 5)]
    for found in dice_rows(PIXEL, "test"):
        rest = [name for name in IDS if name not in fifth and ABNORMAL[name]]
        codes = {name: Quantizer.TWO_SIDED.quantize(SCORES[found["team"]][name].ravel()) for name in rest}
        [least] = Quantizer.TWO_SIDED.quantize(np.array([found["threshold"]]))
        dice = [f1_score(LABELS[name].ravel(), codes[name] >= least) for name in rest]
        assert found["scans"] == len(rest)
        assert found["dsc_of_scans"] == pytest.approx(np.mean(dice), abs=1e-12)


def test_where_none_of_the_other_scans_has_an_anomaly_there_is_no_dice() -> None:
    first = min(IDS, key=lambda name: hashlib.sha256(name.encode()).digest())
    kept = [first, *[name for name in IDS if name != first and not ABNORMAL[name]][:4]]
    run = pixel_run("A")
    truth = {name: name == first for name in kept}
    voxels = {name: np.full(8, name == first) for name in kept}
    cases = {
        name: CaseScore(valid=True, evidence=Evidence.of(voxels[name] * 1.0, voxels[name])) for name in kept
    }
    alone = gather_runs([replace(run, abnormal=truth, cases=cases)])
    assert dice_rows(alone, "test") == []


@pytest.mark.parametrize(
    ("count", "sizes"), [(3, [3]), (9, [9]), (20, [5] * 4), (16, [6, 5, 5]), (25, [5] * 5), (60, [12] * 5)]
)
def test_groups_of_size_have_five_cases_at_least_where_there_are_enough(count: int, sizes: list[int]) -> None:
    cases = tuple(replace(CASES[1], id=f"g{number:02}") for number in range(count))
    measures = {case.id: Measures(float(place), None) for place, case in enumerate(cases)}
    known = replace(SET, cases=cases, batchings=())
    groups = [group for group in group_cases(known, Task.PIXEL, measures) if group.dimension == "size"]
    assert [len(group.ids) for group in groups] == sizes


def test_slices_with_few_annotated_voxels_are_left_out() -> None:
    (found, *_) = slice_rows(PIXEL, "test")
    pairs = [
        (SCORES["A"][name][:, :, z].mean(), 5 * LABELS[name][:, :, z].sum()) for name in IDS for z in range(6)
    ]
    kept = [(score, count >= 20) for score, count in pairs if count == 0 or count >= 20]
    assert found["auroc"] == pytest.approx(roc_auc_score([y for _, y in kept], [x for x, _ in kept]))
    assert (found["abnormal"], found["normal"]) == (sum(y for _, y in kept), sum(not y for _, y in kept))
    assert slice_rows(SAMPLES, "test") == []


def test_slices_are_read_from_files(folder: Path) -> None:
    case = PixelCase("c01", folder / "images/c01.nii.gz", folder / "labels/c01.nii.gz", SHAPE)
    found = slices_of_case(case)
    assert found.annotated == tuple(LABELS["c01"].sum((0, 1)))
    assert found.scores == pytest.approx((0.5 + 0.3 * LABELS["c01"]).mean((0, 1)))
    for lost in (None, folder / "nowhere"):
        assert slices_of_case(PixelCase("c00", lost, None, SHAPE)).scores == (0.0,) * 6


def test_objects_and_froc_are_told_per_team() -> None:
    rows = object_rows(PIXEL, "test")
    best, worst = row_of(rows, team="A"), row_of(rows, team="C")
    assert best["recall"] > worst["recall"]
    assert best["true"] + best["missed"] == sum(ABNORMAL.values())
    points = [row for row in froc_rows(PIXEL, "test") if row["team"] == "A"]
    assert points[-1]["sensitivity"] == best["recall"]
    assert object_rows(SAMPLES, "test") == []
    table = {row["class"]: row for row in detection_rows(PIXEL, SET) if row["team"] == "A"}
    assert table["difficulty 1"]["detected"] + table["difficulty 2"]["detected"] == best["true"]
    assert (table["FP"]["detected"], table["FP"]["reference"]) == (best["false"], None)


@pytest.mark.parametrize("standings", [PIXEL, SAMPLES])
def test_curves_start_and_end_in_the_corners_and_are_thinned(standings: object) -> None:
    rows = [row for row in curve_rows(standings, "test") if row["team"] == "B"]  # type: ignore[arg-type]
    assert (rows[0]["fpr"], rows[0]["tpr"]) == (0, 0)
    assert (rows[-1]["fpr"], rows[-1]["tpr"]) == (1, 1)
    assert len(rows) <= 202


def test_agreement_of_test_sets_is_kendalls_tau_b_over_shared_teams() -> None:
    runs = [sample_run(team) for team in SCORES] + [sample_run(team, "proxy") for team in ("A", "B")]
    assert agreement_rows(gather_runs(runs)) == [
        {"one": "test", "other": "proxy", "teams": 2, "kendall_tau_b": 1.0}
    ]
    lone = gather_runs([sample_run("A"), sample_run("B", "proxy")])
    assert agreement_rows(lone)[0]["kendall_tau_b"] is None


def test_local_and_global_corruptions_are_two_categories() -> None:
    corrupt = [
        replace(CASES[1], category="corruption", subcategory="x", scope=s) for s in ("local", "global")
    ]
    cases = (replace(corrupt[0], id="one"), replace(corrupt[1], id="two"))
    groups = group_cases(replace(SET, cases=cases, batchings=()), Task.SAMPLE, {})
    assert {g.name for g in groups if g.dimension == "category"} == {"local corruption", "global corruption"}
    assert {g.name for g in groups if g.dimension == "subcategory"} == {
        "local corruption: x", "global corruption: x",
    }  # fmt: skip
