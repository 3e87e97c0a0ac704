"""Training on a folder ends in calibrated weights, the same for the same seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mood_reference.data import read_training_scans
from mood_reference.methods import MethodName, Profile
from mood_reference.scoring import score_raw
from mood_reference.training import train_method
from mood_reference.weights import Weights


def train(folder: Path, method: MethodName = MethodName.PCA) -> Weights:
    return train_method(
        method=method, dataset="brain", data=folder, profile=Profile.TINY, seed=0, report=lambda *_: None
    )


def test_the_99th_percentile_of_held_out_normals_becomes_the_middle_of_the_scale(
    write_scans: Callable[..., Path],
) -> None:
    folder = write_scans(6)
    weights = train(folder)
    scores, foreground, sample = score_raw(read_training_scans(folder, 64)[5], weights)
    assert weights.header.tau_pixel == pytest.approx(np.quantile(scores[foreground], 0.99))
    assert weights.header.tau_sample == pytest.approx(sample)


def test_equal_folders_give_equal_weights(write_scans: Callable[..., Path]) -> None:
    folder = write_scans(3)
    first, second = train(folder), train(folder)
    assert first.header == second.header
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)


def test_one_scan_is_too_few(write_scans: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        train(write_scans(1))


@pytest.mark.torch
def test_the_autoencoder_goes_through_the_same_door(write_scans: Callable[..., Path]) -> None:
    pytest.importorskip("torch")
    weights = train(write_scans(2), MethodName.CEVAE)
    assert weights.header.tau_pixel > 0
    assert weights.header.config["steps"] == 10
