"""The one file that a trained method is: arrays, configuration and calibration, as .npz without pickle."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
SCHEMA = "mood-reference/1"
HEADER = "header"  # name of the entry that holds the JSON text


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a container must know beside the arrays."""

    method: str
    dataset: str  # brain | abdom
    config: dict[str, Any]  # of the method's own Config
    tau_pixel: float = 1.0  # raw voxel score in the middle of the scale
    tau_sample: float = 1.0  # raw sample score in the middle of the scale
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class Weights:
    header: Header
    arrays: Arrays


def save_weights(path: Path, weights: Weights) -> None:
    text = json.dumps(asdict(weights.header), sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.array(text)}, **weights.arrays)


def load_weights(path: Path) -> Weights:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    fields = json.loads(str(arrays.pop(HEADER)))
    if fields["schema"] != SCHEMA:
        raise ValueError(f"{path} has schema {fields['schema']}, not {SCHEMA}; train the method again.")
    return Weights(Header(**fields), arrays)
