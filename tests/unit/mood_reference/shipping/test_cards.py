"""A card tells what the weights record, and admits what does not work."""

import json
from pathlib import Path
from typing import Any

import pytest

from mood_reference.shipping.cards import NO_SUCCESS, validation_file, write_card, write_index
from mood_reference.weights import Header, Weights, save_weights

PAINTED = {"ap": 0.08, "auroc": 0.9, "prevalence": 0.01}
TRAINED = {
    "profile": "cpu",
    "seed": 3,
    "settings": ["components=8"],
    "data": {"name": "train-brain", "digest": "0123456789abcdef"},
    "scans": {"learnt": 67, "held_out": 13},
    "seconds": 12.5,
    "machine": "x86_64, Python 3.11",
    "judged": [{**PAINTED, "ap": 0.02}, PAINTED],
}


def save(folder: Path, method: str = "pca", dataset: str = "brain", **trained: Any) -> Path:
    path = folder / f"{dataset}.npz"
    header = Header(method=method, dataset=dataset, config={"components": 8}, trained={**TRAINED, **trained})
    save_weights(path, Weights(header, {}))
    return path


def save_validation(path: Path, *, ap: float) -> None:
    measured = {"pixel": {**PAINTED, "ap": ap}, "sample": {"prevalence": 1.0}, "slices": {"prevalence": 0.0}}
    text = json.dumps({"data": "validation-brain", "seconds_per_case": 0.5, **measured})
    validation_file(path).write_text(text)


def test_a_card_names_data_schedule_time_machine_and_settings(tmp_path: Path) -> None:
    save(tmp_path)
    card = write_card(tmp_path)
    assert card.startswith("# PCA residual (Saase)\n\nMethod `pca`, thesis section 4.1.3.")
    for fact in (
        "67 normal scans of train-brain (digest `0123456789ab`)",
        "13 more, to choose and to calibrate on",
        "| profile, seed | cpu, 3 |",
        "12.5 s on x86_64, Python 3.11",
        "Settings: `components=8`.",
    ):
        assert fact in card


def test_the_best_way_to_score_painted_spheres_is_told_with_chance(tmp_path: Path) -> None:
    save(tmp_path)
    assert "| voxels of held-out scans with painted spheres | 0.0800 | 0.9000 | 0.0100 |" in write_card(
        tmp_path
    )


def test_validation_scores_are_told_when_they_were_measured(tmp_path: Path) -> None:
    save_validation(save(tmp_path), ap=0.3)
    card = write_card(tmp_path)
    assert "| voxels of validation-brain | 0.3000 | 0.9000 | 0.0100 |" in card
    assert "| time for a case | 0.50 s |" in card
    assert "scans of validation-brain" not in card  # one class only: nothing to measure


@pytest.mark.parametrize(("ap", "fails"), [(0.049, True), (0.05, False)])
def test_less_than_five_times_chance_does_not_work(ap: float, *, fails: bool, tmp_path: Path) -> None:
    save(tmp_path, judged=[{**PAINTED, "ap": ap}])
    assert (NO_SUCCESS in write_card(tmp_path)) is fails


def test_validation_spheres_decide_over_painted_ones(tmp_path: Path) -> None:
    save_validation(save(tmp_path), ap=0.01)
    assert NO_SUCCESS in write_card(tmp_path)


def test_each_dataset_is_judged_alone(tmp_path: Path) -> None:
    save(tmp_path)
    save(tmp_path, dataset="abdom", judged=[{**PAINTED, "ap": 0.01}])
    brain, abdom = write_card(tmp_path).split("## abdom")
    assert NO_SUCCESS not in brain
    assert NO_SUCCESS in abdom


def test_weights_from_before_there_were_records_get_a_card_too(tmp_path: Path) -> None:
    save_weights(tmp_path / "brain.npz", Weights(Header(method="vae", dataset="brain", config={}), {}))
    assert "unnamed data" in write_card(tmp_path)


def test_a_folder_without_weights_or_with_those_of_two_methods_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"neither brain\.npz nor abdom\.npz"):
        write_card(tmp_path)
    save(tmp_path)
    save(tmp_path, "vae", "abdom")
    with pytest.raises(ValueError, match="mixes weights of pca and vae"):
        write_card(tmp_path)


def test_the_table_of_cards_shows_scores_and_admits_what_does_not_work(tmp_path: Path) -> None:
    for dataset, ap in (("brain", 0.3), ("abdom", 0.02)):
        save_validation(save(tmp_path, dataset=dataset), ap=ap)
    brain, abdom = write_index([tmp_path]).splitlines()[-2:]
    assert brain.startswith("| [PCA residual (Saase)](pca.md) | brain | 0.300 | 0.900 |  | 12 | 0.50 |")
    assert abdom.startswith(
        "| [PCA residual (Saase)](pca.md): does not work at this budget | abdom | 0.020 |"
    )
