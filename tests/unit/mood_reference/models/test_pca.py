"""The residual of a linear model."""

import numpy as np
import pytest

from mood_reference.methods import Profile
from mood_reference.models.pca import Config, make_config, score, train

RNG = np.random.default_rng(0)


def make_family(count: int, seed: int = 1) -> np.ndarray:
    """Scans of 12³ voxels with three degrees of freedom: what a linear model can learn exactly."""
    basis = np.random.default_rng(0).uniform(0.1, 0.3, (3, 12, 12, 12))
    weights = np.random.default_rng(seed).uniform(0.5, 1, (count, 3))
    return np.tensordot(weights, basis, axes=1).astype(np.float32)


CONFIG = Config(size=12, shift=0, min_std=0.05, smoothing=0, residual_smoothing=0)


def fit(**changes: object) -> dict[str, np.ndarray]:
    config = Config(**{name: getattr(CONFIG, name) for name in CONFIG.__slots__} | changes)
    return train(make_family(20), config=config, seed=0, report=lambda *_: None)


def test_components_are_orthonormal() -> None:
    components = fit()["components"].astype(np.float32)
    assert np.allclose(components @ components.T, np.eye(len(components)), atol=2e-3)


def test_no_more_components_than_asked_for_or_than_the_scans_span() -> None:
    assert len(fit(components=2)["components"]) == 2
    assert len(fit()["components"]) < 20


def test_a_new_member_of_the_family_has_hardly_a_residual_and_an_outlier_has() -> None:
    arrays, member = fit(), make_family(1, seed=99)[0]
    changed = member.copy()
    changed[4:6, 4:6, 4:6] += 0.3
    normal = score(member, config=CONFIG, arrays=arrays)
    abnormal = score(changed, config=CONFIG, arrays=arrays)
    assert normal.max() < 0.3
    assert abnormal[4:6, 4:6, 4:6].min() > 3 * normal.max()


def test_a_larger_scan_is_scored_on_its_own_grid() -> None:
    volume = np.repeat(np.repeat(make_family(1)[0], 2, axis=0), 3, axis=2)
    assert score(volume, config=CONFIG, arrays=fit()).shape == (24, 12, 36)


@pytest.mark.parametrize(("dataset", "axis"), [("brain", 0), ("abdom", None)])
def test_only_the_symmetric_anatomy_is_mirrored(dataset: str, axis: int | None) -> None:
    assert make_config(profile=Profile.CPU, dataset=dataset).mirror_axis == axis


def test_shifted_and_mirrored_copies_make_small_misplacements_normal() -> None:
    volumes = make_family(12)
    moved = np.roll(volumes[0], 1, axis=1)
    residuals = [
        score(
            moved,
            config=CONFIG,
            arrays=train(volumes, config=config, seed=0, report=lambda *_: None),
        ).mean()
        for config in (Config(size=12, shift=0), Config(size=12, shift=1))
    ]
    assert residuals[1] < 0.5 * residuals[0]
