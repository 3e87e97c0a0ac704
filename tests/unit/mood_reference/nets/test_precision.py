"""Products in bfloat16 where the machine has units for them, float32 elsewhere."""

import pytest

torch = pytest.importorskip("torch")

from mood_reference.nets.precision import mixed_precision, name_precision  # noqa: E402

pytestmark = pytest.mark.torch
CPU = torch.device("cpu")


@pytest.mark.parametrize(("units", "kind"), [(True, torch.bfloat16), (False, torch.float32)])
def test_products_take_what_the_processor_is_made_for(
    units: bool, kind: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": units})
    layer, x = torch.nn.Linear(3, 2), torch.ones(4, 3)
    with mixed_precision(CPU):
        assert layer(x).dtype is kind
    assert layer.weight.dtype is torch.float32
    assert ("bfloat16" in name_precision(CPU)) is units
