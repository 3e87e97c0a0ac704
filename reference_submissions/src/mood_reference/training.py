"""Trains a method on a folder of normal scans and fixes its calibration on scans that it did not train on."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from mood_reference.calibration import fit_tau
from mood_reference.data import read_training_scans
from mood_reference.methods import MethodName, Profile, Report, load_method
from mood_reference.scoring import score_raw
from mood_reference.volumes import Volume
from mood_reference.weights import Header, Weights

SIZE = 64  # voxels along each axis of a training scan
HOLD_OUT = 6  # every sixth scan calibrates instead of training


def train_method(
    *, method: MethodName, dataset: str, data: Path, profile: Profile, seed: int, report: Report
) -> Weights:
    """Train on `data`, a folder of normal scans of one Dataset, and return calibrated weights."""
    volumes = read_training_scans(data, SIZE)
    if len(volumes) < 2:
        raise ValueError(f"{data} holds {len(volumes)} scan; training and calibration need at least two.")
    held_out = np.arange(len(volumes)) % HOLD_OUT == HOLD_OUT - 1
    held_out[-1] |= not held_out.any()
    module = load_method(method)
    config = module.make_config(profile=profile, dataset=dataset)
    arrays = module.train(volumes[~held_out], config=config, seed=seed, report=report)
    header = Header(method=method, dataset=dataset, config=asdict(config))
    return calibrate_on(volumes[held_out], Weights(header, arrays))


def calibrate_on(volumes: Volume, weights: Weights) -> Weights:
    """Return the weights with the middle of both scales fixed by the raw scores of normal scans."""
    maps, samples = [], []
    for volume in volumes:
        scores, foreground, sample = score_raw(volume, weights)
        maps.append(scores[foreground])
        samples.append(sample)
    pixel, sample = fit_tau(np.concatenate(maps)), fit_tau(np.array(samples, np.float32))
    return replace(weights, header=replace(weights.header, tau_pixel=pixel, tau_sample=sample))
