"""The offline comparisons train nothing twice, measure nothing twice, and keep settings apart."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

pytest.importorskip("torch")

from mood_studies.study.orderings.experiments import EXPERIMENTS, Claim, Variant, shares_nets
from mood_studies.study.orderings.measuring import Bench, find_cases
from mood_studies.study.orderings.offline import (
    SEEDS,
    Job,
    conclude,
    on_test,
    on_tuning,
    unique,
    unique_scores,
)

pytestmark = pytest.mark.torch
BY_KEY = {experiment.key: experiment for experiment in EXPERIMENTS}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("train", "shifted", "synth-tuning", "synth-test", "population-train", "population-test"):
        folder = tmp_path / "data" / f"{name}-brain"
        folder.mkdir(parents=True)
        (folder / "test_set.json").write_text(json.dumps({"digest": name}))
    return Bench(tmp_path / "data", tmp_path / "results")


def jobs_of(*keys: str) -> list[Job]:
    return [(BY_KEY[key], variant, 0) for key in keys for variant in BY_KEY[key].variants]


def test_scores_of_one_net_need_one_training(bench: Bench) -> None:
    assert len(unique(bench, jobs_of("scores"))) == 2  # the DAE and the VAE
    assert len(unique_scores(bench, jobs_of("scores"), SEEDS, on_test)) == len(BY_KEY["scores"].variants)


def test_what_two_experiments_share_is_measured_once(bench: Bench) -> None:
    hierarchy, both = jobs_of("hierarchy"), jobs_of("hierarchy", "restoring")
    assert len(unique_scores(bench, both, SEEDS, on_test)) == len(hierarchy)


def test_a_tuning_set_that_two_experiments_choose_on_is_measured_once(bench: Bench) -> None:
    found = unique_scores(bench, jobs_of("density-synth", "density-shifted"), SEEDS, on_tuning)
    tuning = [(job[1].name, choice) for job, _, choice in found]
    assert len(tuning) == len(set(tuning)) == 3 + 3 + 4 + 4 + 4


def test_other_settings_steps_seeds_or_scans_have_places_of_their_own(bench: Bench) -> None:
    variant, data = Variant("VAE", "vae"), "train-brain"
    places = {
        bench.weights(variant, data, 0),
        bench.weights(variant, data, 1),
        bench.weights(Variant("VAE", "vae", ("latents=16",)), data, 0),
        bench.weights(variant, "shifted-brain", 0),
        Bench(bench.data, bench.results, steps=7).weights(variant, data, 0),
    }
    assert len(places) == 5


def test_a_choice_is_made_on_the_tuning_set_and_it_alone_is_measured_on_the_test_set(bench: Bench) -> None:
    density = BY_KEY["density-synth"]
    cradl, glow = density.find("CRADL"), density.find("Glow")
    assert on_test(bench, density, glow, SEEDS) == [("synth-test-brain", ())]
    assert on_test(bench, density, cradl, SEEDS) == []  # nothing is tuned yet
    for seed in SEEDS:
        for place, (test, choice) in enumerate(on_tuning(bench, density, cradl, SEEDS)):
            best = place == 2
            write_counts(bench.counts(density, cradl, test, seed, choice), separated=best)
    assert on_test(bench, density, cradl, SEEDS) == [("synth-test-brain", ("components=4",))]


def test_what_holds_in_every_seed_and_scan_is_reproduced_and_a_tie_is_not(bench: Bench) -> None:
    experiment = BY_KEY["population"]
    write_scan(bench.data / experiment.test)
    for variant in experiment.variants:
        for seed in SEEDS:
            path = bench.counts(experiment, variant, experiment.test, seed, ())
            write_counts(path, separated=variant.name != "irVAE")
    found = conclude(bench, experiment, SEEDS)
    verdicts = {one["worse"]: (one["reproduced"], one["reversed"]) for one in found["orderings"]}
    assert verdicts == {"irVAE": (True, False), "FPI": (False, False)}  # ceVAE above both
    assert (found["scans"], found["seeds"], found["only_abnormal"]) == (1, [0, 1, 2], True)
    assert found["body"] == {"pixel_ap": 2 / 8, "pixel_auroc": (56 + 6 / 2) / 62}


def write_scan(folder: Path) -> None:
    """Four voxels a side; the body are the eight in the middle, of which two are abnormal."""
    for name, marked in (("image", np.s_[1:3, 1:3, 1:3]), ("mask", np.s_[1:3, 1, 1])):
        volume = np.zeros((4, 4, 4), np.float32)
        volume[marked] = 1
        nibabel.Nifti1Image(volume, np.eye(4)).to_filename(folder / f"{name}.nii.gz")
    case = {"image": "image.nii.gz", "label": "mask.nii.gz", "abnormal": True, "tasks": ["pixel"]}
    manifest = json.loads((folder / "test_set.json").read_text())
    (folder / "test_set.json").write_text(json.dumps(manifest | {"cases": [case]}))


def write_counts(path: Path, *, separated: bool) -> None:
    """One abnormal scan of two voxels, whose abnormal one scores highest where they are separated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    low, high = np.array([[1, 0]], np.uint32), np.array([[0, 1]], np.uint32)
    positives, negatives = (high, low) if separated else (low, high)
    np.savez(path, positives=positives, negatives=negatives, abnormal=np.array([True]))


def test_scores_of_one_net_are_paired_and_nets_of_other_settings_are_not() -> None:
    scores, factor = BY_KEY["scores"], BY_KEY["factor"]
    assert shares_nets(scores.find("KL-gradient"), scores.find("Rec-gradient"))
    assert shares_nets(BY_KEY["density-synth"].find("VAE"), BY_KEY["density-synth"].find("VAE + GMM"))
    assert not shares_nets(factor.find("w=0.5, combi"), factor.find("w=0, combi"))


def test_every_claim_names_two_variants_and_none_is_made_twice() -> None:
    for experiment in EXPERIMENTS:
        assert len(set(experiment.claims)) == len(experiment.claims)
        for claim in experiment.claims:
            assert isinstance(claim, Claim)
            assert experiment.find(claim.better) is not experiment.find(claim.worse)


def test_normal_scans_are_scored_only_where_they_count(tmp_path: Path) -> None:
    cases = [{"id": f"{n}", "abnormal": n > 1, "tasks": ["sample", "pixel"][: n + 1]} for n in range(4)]
    (tmp_path / "test_set.json").write_text(json.dumps({"cases": cases}))
    assert [case["id"] for case in find_cases(tmp_path, only_abnormal=False)] == ["1", "2", "3"]
    assert [case["id"] for case in find_cases(tmp_path, only_abnormal=True)] == ["2", "3"]
