"""The U-Net: shapes, independence of slices, and that it can learn at all."""

import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.unet import UNet  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("size", [(32, 32), (13, 21), (2, 3)])
def test_any_size_comes_out_as_it_went_in(size: tuple[int, int]) -> None:
    assert UNet((4, 8, 8), outputs=3)(torch.rand(2, 1, *size)).shape == (2, 3, *size)


def test_a_slice_is_independent_of_its_neighbours_while_training_too() -> None:
    torch.manual_seed(0)
    net, x = UNet((4, 8, 8)).train(), torch.rand(3, 1, 16, 16)
    assert torch.allclose(net(x)[1:2], net(x[1:2]), atol=1e-6)


def test_it_learns_to_mark_bright_pixels() -> None:
    torch.manual_seed(1)
    net, x = UNet((4, 8)), torch.rand(4, 1, 16, 16)
    losses = []
    for _ in range(40):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x), (x > 0.5).float())
        losses.append(float(loss.detach()))
        for weight, slope in zip(net.parameters(), torch.autograd.grad(loss, net.parameters()), strict=True):
            weight.data -= 0.5 * slope
    assert losses[-1] < 0.5 * losses[0]
