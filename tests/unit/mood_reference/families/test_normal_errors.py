"""How much of an error is normal."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.normal_errors import (  # noqa: E402 - needs PyTorch
    NormalError,
    make_error_find,
    make_normal_error_stage,
)
from mood_reference.families.slicewise import score_slicewise  # noqa: E402 - needs PyTorch
from mood_reference.scans.slices import SliceConfig  # noqa: E402 - needs PyTorch
from mood_reference.scans.volumes import find_foreground  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = replace(SliceConfig(), side=16, depth=8)


def measure(scans: np.ndarray, net: torch.nn.Module) -> float:
    stage = make_normal_error_stage("scale", CONFIG, of="net")
    module = stage.build({})
    assert isinstance(module, NormalError)
    assert stage.fit is not None
    stage.fit(module, stage.prepare(scans), {"net": net}, 0)
    return float(module.level)


def test_it_is_the_99th_percentile_in_the_bodies_and_scans_without_one_are_left_out(scan: np.ndarray) -> None:
    net = torch.nn.AvgPool2d(3, 1, padding=1)
    errors = score_slicewise(scan, CONFIG, make_error_find(net)).voxels[find_foreground(scan)]
    found = measure(np.stack([np.zeros_like(scan), scan]), net)
    assert found == pytest.approx(np.quantile(errors, 0.99))


def test_it_can_divide_even_where_nothing_is_wrong(scan: np.ndarray) -> None:
    assert 0 < measure(scan[None], torch.nn.Identity()) < 1e-30


def test_the_error_keeps_its_sign_and_a_slice_scores_the_mean_of_its_size() -> None:
    x = torch.tensor([[[[1.0, -2.0], [0.0, 3.0]]]])
    ((error,), slices) = make_error_find(torch.zeros_like)(x)
    assert torch.equal(error, x[:, 0])
    assert slices.tolist() == [1.5]
