"""Layers against their literal forms."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - needs PyTorch

from mood_reference.nets.blocks import CoordConv2d, Decoder, Encoder, make_coordinates  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("transposed", [False, True])
def test_a_coordconv_equals_concatenating_the_coordinates(transposed: bool) -> None:
    torch.manual_seed(0)
    layer = CoordConv2d(3, 5, transposed=transposed)
    literal = (nn.ConvTranspose2d if transposed else nn.Conv2d)(5, 5, 4, 2, 1)
    literal.load_state_dict({"weight": layer.weight, "bias": layer.bias})
    x = torch.randn(2, 3, 8, 8)
    joined = torch.cat([x, make_coordinates(x).expand(2, -1, -1, -1)], dim=1)
    assert torch.allclose(layer(x), literal(joined), atol=1e-5)


def test_coordinates_run_from_minus_one_to_one_along_rows_and_columns() -> None:
    rows, columns = make_coordinates(torch.zeros(1, 1, 3, 5))[0]
    assert rows[:, 0].tolist() == [-1, 0, 1]
    assert columns[0].tolist() == [-1, -0.5, 0, 0.5, 1]


@pytest.mark.parametrize("coordinates", [False, True])
def test_encoder_and_decoder_mirror_each_other(coordinates: bool) -> None:
    x = torch.randn(2, 1, 32, 32)
    z = Encoder((2, 3), 7, side=32, coordinates=coordinates)(x)
    assert z.shape == (2, 7)
    assert Decoder((2, 3), 7, side=32, coordinates=coordinates)(z).shape == x.shape


def test_the_last_layer_as_a_matrix_equals_the_convolution_to_one_pixel() -> None:
    torch.manual_seed(0)
    head = Encoder((2, 3), 7, side=16, coordinates=False).heads[0]
    convolution = nn.Conv2d(3, 7, 4)
    convolution.load_state_dict({"weight": head.weight.view(7, 3, 4, 4), "bias": head.bias})
    features = torch.randn(5, 3, 4, 4)
    assert torch.allclose(head(features.flatten(1)), convolution(features)[:, :, 0, 0], atol=1e-5)
