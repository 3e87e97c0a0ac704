"""Training on a folder ends in calibrated weights, the same for the same seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mood_reference.learning.training import Order, train_method
from mood_reference.methods import MethodName, Profile
from mood_reference.scans.nifti import read_training_scans
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.weights import Weights


def train(folder: Path, method: MethodName = MethodName.PCA) -> Weights:
    return train_method(Order(method=method, dataset="brain", data=folder, profile=Profile.TINY))


def test_the_99th_percentile_of_held_out_normals_becomes_the_middle_of_the_scale(
    write_scans: Callable[..., Path],
) -> None:
    folder = write_scans(6)
    weights = train(folder)
    raw = make_raw_scorer(weights)(read_training_scans(folder, 64)[5])
    assert weights.header.tau_pixel == pytest.approx(np.quantile(raw.voxels[raw.foreground], 0.99))
    assert weights.header.centre_sample == pytest.approx(raw.sample)


def test_equal_folders_give_equal_weights(write_scans: Callable[..., Path]) -> None:
    folder = write_scans(3)
    first, second = train(folder), train(folder)
    assert first.header.config == second.header.config
    assert first.header.tau_pixel == second.header.tau_pixel
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)


def test_one_scan_is_too_few(write_scans: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        train(write_scans(1))


@pytest.mark.torch
def test_the_autoencoder_goes_through_the_same_door(write_scans: Callable[..., Path]) -> None:
    pytest.importorskip("torch")
    weights = train(write_scans(2), MethodName.SMALL_CEVAE)
    assert weights.header.tau_pixel > 0
    assert weights.header.config["steps"] == 10


def test_the_weights_say_how_they_came_about(write_scans: Callable[..., Path]) -> None:
    trained = train(write_scans(3)).header.trained
    assert trained["scans"] == {"learnt": 2, "held_out": 1}
    assert trained["profile"] == "tiny"
    assert trained["judged"][0]["ap"] > trained["judged"][0]["prevalence"]


def test_settings_of_the_command_line_reach_the_config(write_scans: Callable[..., Path]) -> None:
    order = Order(
        method=MethodName.PCA,
        dataset="brain",
        data=write_scans(3),
        profile=Profile.TINY,
        settings=["components=1", "smoothing=0.5"],
    )
    weights = train_method(order)
    assert weights.header.config["components"] == 1
    assert len(weights.arrays["components"]) == 1
