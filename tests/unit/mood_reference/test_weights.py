"""A weights file gives back what was saved and refuses what it does not know."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from mood_reference.models.small_cevae import Config, PixelScore
from mood_reference.weights import Header, Weights, load_weights, save_weights

CONFIG = Config(pixel_score=PixelScore.COMBI)
WEIGHTS = Weights(
    Header(method="small_cevae", dataset="brain", config=asdict(CONFIG), tau_pixel=0.1, scale_sample=1 / 3),
    {"mean": np.arange(6, dtype=np.float16).reshape(2, 3)},
)


def test_weights_survive_the_disk_to_the_last_bit(tmp_path: Path) -> None:
    save_weights(tmp_path / "new" / "w.npz", WEIGHTS)
    loaded = load_weights(tmp_path / "new" / "w.npz")
    assert (loaded.header.tau_pixel, loaded.header.scale_sample) == (0.1, 1 / 3)
    assert np.array_equal(loaded.arrays["mean"], WEIGHTS.arrays["mean"])
    assert loaded.arrays["mean"].dtype == np.float16
    assert Config(**loaded.header.config).pixel_score == PixelScore.COMBI


def test_another_schema_is_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", replace_schema("mood-reference/0"))
    with pytest.raises(ValueError, match="train the method again"):
        load_weights(tmp_path / "w.npz")


def replace_schema(schema: str) -> Weights:
    return Weights(replace(WEIGHTS.header, schema=schema), WEIGHTS.arrays)
