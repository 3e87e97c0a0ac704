"""The one file that a trained method is: arrays, configuration and calibration, as .npz without pickle."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
SCHEMA = "mood-reference/2"
HEADER = "header"  # name of the entry that holds the JSON text


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a container must know beside the arrays."""

    method: str
    dataset: str  # brain | abdom
    config: dict[str, Any]  # of the method's own Config
    tau_pixel: float = 1.0  # raw voxel score in the middle of the scale
    centre_sample: float = 0.0  # raw sample score in the middle of the scale
    scale_sample: float = 1.0  # distance from it that is mapped half-way to the end
    trained: dict[str, Any] = field(default_factory=dict)  # how: profile, seed, scans, seconds, machine
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class Weights:
    header: Header
    arrays: Arrays


def save_weights(path: Path, weights: Weights) -> None:
    text = json.dumps(asdict(weights.header), sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{HEADER: np.array(text)}, **weights.arrays)
    partial.replace(path)


def load_weights(path: Path) -> Weights:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    fields = json.loads(str(arrays.pop(HEADER)))
    if fields["schema"] != SCHEMA:
        raise ValueError(f"{path} has schema {fields['schema']}, not {SCHEMA}; train the method again.")
    return Weights(Header(**fields), arrays)
