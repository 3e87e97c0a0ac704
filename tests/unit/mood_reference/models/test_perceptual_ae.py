"""Features, the relative loss and the average over axes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.models.perceptual_ae import (
    Autoencoder,
    Config,
    Vgg,
    cut_across,
    find_relative_error,
    make_config,
    make_find,
    make_scorer,
    make_stages,
)
from mood_reference.stages import export_nets, freeze

pytestmark = pytest.mark.torch


def make_tiny(dataset: str = "brain") -> tuple[Config, Vgg, Autoencoder]:
    config = make_config(profile=Profile.TINY, dataset=dataset)
    torch.manual_seed(0)
    return config, Vgg(config).eval(), Autoencoder(config).eval()


def test_the_loss_is_the_literal_formula_for_each_slice() -> None:
    wanted, found = np.random.default_rng(0).normal(size=(2, 3, 4, 5, 5)).astype(np.float32)
    expected = [np.abs(a - b).mean() / np.abs(a).mean() for a, b in zip(wanted, found, strict=True)]
    error = find_relative_error(torch.from_numpy(wanted), torch.from_numpy(found))
    assert error.tolist() == pytest.approx(expected, rel=1e-5)


def test_features_come_from_the_named_layer() -> None:
    config = Config(vgg_maps=(2, 4, 8), vgg_layers=(2, 2, 2), feature=(2, 1))
    vgg, x = Vgg(config).eval(), torch.randn(1, 1, 16, 16)
    first, second = vgg.blocks[0][0](x), vgg.blocks[0][1]  # type: ignore[index]
    expected = vgg.blocks[1][0](torch.nn.functional.max_pool2d(second(first), 2))  # type: ignore[index]
    assert torch.allclose(vgg.find_features(x), expected, atol=1e-5)
    assert expected.shape == (1, 4, 8, 8)


def test_a_training_step_changes_the_autoencoder_and_not_the_features() -> None:
    config, vgg, net = make_tiny()
    stage, x = make_stages(config)[1], torch.rand(2, 1, 32, 32)
    assert stage.loss is not None
    before = vgg.find_features(x)
    loss = stage.loss(net.train(), (x,), {"vgg": freeze(vgg)})["loss"]
    loss.backward()
    assert all(weight.grad is not None for weight in net.parameters())
    assert all(weight.grad is None for weight in vgg.parameters())
    assert torch.allclose(vgg.find_features(x), before, atol=1e-5)
    assert float(net.norm) != 1.0


def test_pixels_score_the_mean_feature_difference_over_the_fixed_size() -> None:
    _, vgg, net = make_tiny()
    net.norm.fill_(2.0)
    x = torch.rand(3, 1, 32, 32)
    (maps,), _ = make_find(vgg, net)(x)
    features, restored = vgg.find_features(x).detach(), vgg.find_features(net(x)).detach()
    small = (features - restored).abs().mean(1) / 2  # (3, 16, 16)
    assert maps.shape == (3, 32, 32)
    # Bilinear doubling puts 9/16 of a coarse pixel and 7/16 of its neighbours into a fine one.
    corner = torch.tensor([[9.0, 3.0], [3.0, 1.0]]) / 16
    expected = (small[:, 4:6, 4:6] * corner).sum(dim=(1, 2))
    assert torch.allclose(maps[:, 9, 9], expected, atol=1e-5)
    (alone,), _ = make_find(vgg, net)(x[1:2])
    assert torch.allclose(alone, maps[1:2], atol=1e-5)


def test_the_map_of_a_scan_is_the_mean_over_its_axes(scan: NDArray[np.float32]) -> None:
    config, *_ = make_tiny()
    torch.manual_seed(1)
    stages = make_stages(config)
    nets = {stage.name: freeze(stage.build({})) for stage in stages}
    arrays = {key: value.astype(np.float32) for key, value in export_nets(nets).items()}
    for name, net in nets.items():  # with the weights as the file keeps them
        net.load_state_dict({key: torch.tensor(arrays[f"{name}/{key}"]) for key in net.state_dict()})
    maps = [
        score_slicewise(scan, cut_across(config, axis), make_find(nets["vgg"], nets[f"axis{axis}"])).voxels  # type: ignore[arg-type]
        for axis in (0, 1, 2)
    ]
    found = make_scorer(config=config, arrays=arrays)(scan)
    np.testing.assert_allclose(found.voxels, sum(maps) / 3, rtol=1e-4)
    assert found.slices is None


def test_an_abdomen_has_two_axes_and_a_brain_three() -> None:
    names = {
        dataset: [stage.name for stage in make_stages(make_config(profile=Profile.TINY, dataset=dataset))]
        for dataset in ("brain", "abdom")
    }
    assert names == {"brain": ["vgg", "axis0", "axis1", "axis2"], "abdom": ["vgg", "axis0", "axis2"]}


def test_only_slices_that_show_left_and_right_are_mirrored() -> None:
    config, *_ = make_tiny()
    assert [cut_across(config, axis).mirror_axis for axis in (0, 1, 2)] == [None, 0, 0]


def test_the_full_size_nets_fit_together() -> None:
    config = replace(make_config(profile=Profile.PAPER, dataset="abdom"), side=64)
    with torch.no_grad():
        restored = Autoencoder(config)(torch.zeros(1, 1, 64, 64))
        assert Vgg(config).eval().find_features(restored).shape == (1, 512, 8, 8)
