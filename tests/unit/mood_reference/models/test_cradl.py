"""CRADL on features that a twin computes by hand."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models.cradl import CANDIDATES, make_config, make_scorer, make_stages  # noqa: E402
from mood_reference.stages import export_nets, freeze, restore_nets  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = make_config(profile=Profile.TINY, dataset="brain")


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """An encoder as it starts, and mixtures fitted to its features of noise."""
    torch.manual_seed(0)
    first, second = make_stages(CONFIG)
    encoder = freeze(first.build({}))
    head = second.build({})
    volumes = np.random.default_rng(0).uniform(0.2, 0.8, (4, 24, 24, 24)).astype(np.float32)
    assert second.fit is not None
    second.fit(head, second.prepare(volumes), {"cradl": encoder}, 0)
    return export_nets({"cradl": encoder, "gmm": head})


def test_the_file_holds_every_number_of_components(arrays: dict[str, np.ndarray]) -> None:
    for change in CANDIDATES:
        assert f"gmm/mixtures.{change['components']}.means" in arrays
        make_scorer(config=replace(CONFIG, **change), arrays=arrays)


def test_a_slice_scores_minus_the_log_likelihood_of_its_features(
    arrays: dict[str, np.ndarray], scan: np.ndarray
) -> None:
    config = replace(CONFIG, components=1, side=32, depth=32)
    found = make_scorer(config=config, arrays=arrays)(scan)
    nets = restore_nets(make_stages(config), arrays)
    x = make_stages(config)[0].prepare(scan[None]).all()
    features = nets["cradl"].encode(torch.from_numpy(x))[0]  # type: ignore[operator]
    head = nets["gmm"]
    scaled = (features - head.centre) / head.scale  # type: ignore[operator]
    root = head.mixtures["1"].roots[0]  # type: ignore[index, union-attr]
    normal = torch.distributions.MultivariateNormal(
        head.mixtures["1"].means[0],  # type: ignore[index, union-attr]
        precision_matrix=root @ root.T,
    )
    assert found.slices is not None
    known = found.slices[np.isfinite(found.slices)]
    assert np.allclose(known, -normal.log_prob(scaled).numpy(), rtol=1e-3)
