"""The vector quantizer against brute force and sums by hand."""

import pytest

torch = pytest.importorskip("torch")
from mood_reference.nets.quantizer import Quantizer  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

X = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))


def make_quantizer(codes: int = 6) -> Quantizer:
    """Return a quantizer in use: no code is so rare that it starts again."""
    torch.manual_seed(0)
    quantizer = Quantizer(codes, 3, decay=0.9)
    quantizer.counts.fill_(2.0)
    quantizer.sums.copy_(2 * quantizer.codes)
    return quantizer


def find_nearest_by_loop(codes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    chosen = torch.empty(len(x), *x.shape[2:], dtype=torch.long)
    for place in torch.cartesian_prod(*(torch.arange(size) for size in chosen.shape)):
        b, row, column = place.tolist()
        distances = [float((x[b, :, row, column] - code).norm()) for code in codes]
        chosen[b, row, column] = distances.index(min(distances))
    return chosen


def test_each_vector_becomes_the_nearest_code() -> None:
    quantizer = make_quantizer().eval()
    quantized, chosen, commitment = quantizer(X)
    assert torch.equal(chosen, find_nearest_by_loop(quantizer.codes, X))
    for b, row, column in ((0, 0, 0), (1, 3, 4)):
        expected = quantizer.codes[chosen[b, row, column]]
        assert torch.allclose(quantized[b, :, row, column], expected, atol=1e-6)
    assert torch.allclose(quantizer.look_up(chosen), quantized, atol=1e-6)
    assert torch.allclose(commitment, (X - quantized).square().sum(dim=(1, 2, 3)), atol=1e-4)


def test_the_gradient_passes_straight_through() -> None:
    x = X.clone().requires_grad_()
    weights = torch.randn_like(X)
    (make_quantizer().eval()(x)[0] * weights).sum().backward()
    assert torch.equal(x.grad, weights)


def test_the_commitment_draws_the_vectors_and_leaves_the_codes() -> None:
    x, quantizer = X.clone().requires_grad_(), make_quantizer().eval()
    quantized, _, commitment = quantizer(x)
    commitment.sum().backward()
    assert torch.allclose(x.grad, 2 * (X - quantized.detach()), atol=1e-5)
    assert not list(quantizer.parameters())


def test_a_batch_moves_each_code_to_the_moving_mean_of_its_vectors() -> None:
    quantizer = make_quantizer()
    codes = quantizer.codes.clone()
    _, chosen, _ = quantizer(X)
    vectors = X.permute(0, 2, 3, 1).reshape(-1, 3)
    for number, code in enumerate(codes):
        own = vectors[chosen.flatten() == number]
        count = 0.9 * 2 + 0.1 * len(own)
        total = 0.9 * 2 * code + 0.1 * own.sum(0)
        assert float(quantizer.counts[number]) == pytest.approx(count, rel=1e-5)
        assert torch.allclose(quantizer.codes[number], total / count, atol=1e-6)


def test_nothing_moves_in_evaluation_mode() -> None:
    quantizer = make_quantizer().eval()
    before = {key: value.clone() for key, value in quantizer.state_dict().items()}
    quantizer(X)
    assert set(before) == {"codes", "counts", "sums"}
    assert all(torch.equal(before[key], value) for key, value in quantizer.state_dict().items())


def test_a_code_that_no_vector_chooses_starts_again_at_a_vector() -> None:
    quantizer = make_quantizer()
    quantizer.codes[2] = 100.0
    quantizer.sums[2] = 200.0
    for _ in range(40):  # 2 * 0.9^40 = 0.03 vectors a batch
        quantizer(X)
    assert float(quantizer.codes[2].abs().max()) <= float(X.abs().max())
    assert float(quantizer.counts.min()) > 0


def test_the_first_batch_sets_all_codes_and_training_lowers_the_distance() -> None:
    torch.manual_seed(0)
    quantizer, far = Quantizer(6, 3), 50 + X
    first = float(quantizer(far)[2].sum())
    assert float((quantizer.codes - 50).abs().max()) < 5
    for _ in range(100):
        quantizer(far)
    assert float(quantizer(far)[2].sum()) < first
