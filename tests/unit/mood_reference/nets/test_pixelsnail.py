"""The prior must not look ahead, and must say what a plain loop says."""

import math

import pytest
import torch
from torch import Tensor

from mood_reference.nets.pixelsnail import (
    CausalAttention,
    CausalConv2d,
    GatedResidual,
    PixelSnail,
    draw_codes,
    draw_uniform,
    find_nll,
    restore_codes,
)

pytestmark = pytest.mark.torch

CODES, SIZE = 5, 4
THRESHOLD = 1.7  # of -log p; log 5 = 1.61 is that of a uniform prior


def make_prior() -> PixelSnail:
    torch.manual_seed(0)
    prior = PixelSnail(CODES, SIZE, maps=8, blocks=2, layers=2, heads=2)
    torch.nn.init.normal_(prior.place)
    return prior.eval()


def draw_random_codes(count: int) -> Tensor:
    return torch.randint(CODES, (count, SIZE, SIZE), generator=torch.Generator().manual_seed(1))


def test_a_changed_code_changes_logits_after_it_but_never_at_it_or_before() -> None:
    prior, position = make_prior(), torch.zeros(1)
    codes = draw_random_codes(1)
    with torch.no_grad():
        before = prior(codes, position).flatten(2)
        for place in range(SIZE**2):
            changed = codes.flatten(1).clone()
            changed[0, place] = (changed[0, place] + 1) % CODES
            moved = (prior(changed.view_as(codes), position).flatten(2) - before).abs().amax(dim=(0, 1))
            assert moved[: place + 1].max() == 0
            assert place == SIZE**2 - 1 or moved[place + 1 :].min() > 0


def test_the_position_of_a_slice_changes_its_logits() -> None:
    prior, codes = make_prior(), torch.zeros(2, SIZE, SIZE, dtype=torch.long)
    low, high = prior(codes, torch.tensor([-0.5, 0.5]))
    assert (low - high).abs().max() > 1e-3


def test_a_causal_convolution_sums_the_neighbours_before_a_place() -> None:
    conv = CausalConv2d(1, 1)
    torch.nn.init.ones_(conv.conv.weight)
    torch.nn.init.zeros_(conv.conv.bias)
    x = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    assert conv(x)[0, 0, 1, 1] == 1 + 2 + 3 + 4 + 5
    assert conv(x)[0, 0, 0, 0] == 1


def test_attention_equals_a_loop_over_places_and_heads() -> None:
    torch.manual_seed(0)
    attention, x = CausalAttention(4, heads=2), torch.randn(1, 4, 2, 3)
    query, key, value = attention.ask(torch.nn.functional.elu(x)).flatten(2)[0].T.split(4, dim=1)  # (6, 4)
    found = torch.zeros(6, 4)
    for place in range(6):
        for head in (slice(0, 2), slice(2, 4)):
            fits = key[: place + 1, head] @ query[place, head] / math.sqrt(2)
            found[place, head] = fits.softmax(0) @ value[: place + 1, head]
    expected = x + attention.answer(found.T.reshape(1, 4, 2, 3))
    assert torch.allclose(attention(x), expected, atol=1e-5)


def test_a_gate_adds_a_share_of_what_it_computes() -> None:
    torch.manual_seed(0)
    gate, x, condition = GatedResidual(3, CausalConv2d, 2), torch.randn(2, 3, 4, 4), torch.randn(2, 2)
    assert gate.shift is not None
    both = gate.body(x) + gate.shift(condition)[:, :, None, None]
    assert torch.allclose(gate(x, condition), x + both[:, :3] * both[:, 3:].sigmoid(), atol=1e-5)


def test_nll_equals_a_plain_loop() -> None:
    prior, codes = make_prior(), draw_random_codes(2)
    logits = prior(codes, torch.tensor([-0.5, 0.25])).detach()
    nll = find_nll(logits, codes)
    for b, row, column in torch.cartesian_prod(torch.arange(2), torch.arange(SIZE), torch.arange(SIZE)):
        here = logits[b, :, row, column].double()
        expected = math.log(sum(math.exp(value) for value in here)) - float(here[codes[b, row, column]])
        assert float(nll[b, row, column]) == pytest.approx(expected, abs=1e-5)


def restore_in_a_loop(prior: PixelSnail, codes: Tensor, position: Tensor, uniform: Tensor) -> Tensor:
    """Visit every code of one slice in raster order: the algorithm as it is told."""
    restored = codes.clone()
    for place in range(codes.numel()):
        row, column = divmod(place, codes.shape[1])
        chances = prior(restored[None], position[None])[0, :, row, column].double().softmax(0)
        if -chances[restored[row, column]].log() > THRESHOLD:
            reached = torch.searchsorted(chances.cumsum(0), uniform[place].double(), right=True)
            restored[row, column] = reached.clamp(max=len(chances) - 1)
    return restored


def test_restoring_equals_a_loop_over_all_codes() -> None:
    prior, codes = make_prior(), draw_random_codes(3)
    position, uniform = torch.tensor([-0.5, 0.0, 0.5]), draw_uniform(3, SIZE**2, torch.zeros(1))
    with torch.no_grad():
        restored = restore_codes(prior, codes, position, uniform, threshold=THRESHOLD, most=SIZE**2)
        looped = [restore_in_a_loop(prior, *one) for one in zip(codes, position, uniform, strict=True)]
    assert torch.equal(restored, torch.stack(looped))
    assert (restored != codes).any()


def test_at_most_so_many_codes_are_drawn_anew_and_none_below_the_threshold() -> None:
    prior, codes = make_prior(), draw_random_codes(2)
    position, uniform = torch.zeros(2), draw_uniform(2, SIZE**2, torch.zeros(1))
    few = restore_codes(prior, codes, position, uniform, threshold=0.0, most=3)
    assert (few != codes).flatten(1).sum(1).max() <= 3
    assert torch.equal(few.flatten(1)[:, 3:], codes.flatten(1)[:, 3:])
    assert torch.equal(restore_codes(prior, codes, position, uniform, threshold=1e3, most=9), codes)


def test_codes_are_drawn_as_often_as_they_are_probable() -> None:
    chances = torch.tensor([0.5, 0.0, 0.2, 0.3])
    count = 1000
    uniform = (torch.arange(count) + 0.5) / count
    drawn = draw_codes(chances.log().expand(count, 4), uniform)
    assert torch.bincount(drawn, minlength=4).tolist() == [500, 0, 200, 300]
