"""Trains a variant with one seed and measures it on one set; both are kept, so a second call finds them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mood_reference.configs import apply_settings, rebuild_config
from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.models import load_method
from mood_reference.scans.nifti import read_scan
from mood_reference.scans.volumes import find_foreground
from mood_reference.scores.evaluating import ABNORMAL_SLICE, read_manifest, read_mask
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.weights import Weights, load_weights
from mood_studies.checkout import BIN
from mood_studies.intervals import Counts
from mood_studies.study.orderings.experiments import Experiment, Variant

COMMAND = BIN / "mood-reference"
LEVELS = 2**13  # of the voxel scores
TOP = 4000  # highest normal voxels of each scan, where levels are dense


@dataclass(frozen=True)
class Bench:
    """Where data and results are, and how long trainings are."""

    data: Path
    """Folder of the training and test sets."""
    results: Path
    steps: int | None = None
    """Of each training instead of the profile's; None leaves them."""
    profile: str = "cpu"

    def weights(self, variant: Variant, data: str, seed: int) -> Path:
        """Where a training's weights lie: another place for other settings, defaults, steps or scans."""
        config = asdict(self.configure(variant))
        words = [variant.method, variant.start, config, self.digest(data), seed]
        return self.results / "weights" / f"{variant.method}-{_hash(words)}.npz"

    def counts(
        self, experiment: Experiment, variant: Variant, test: str, seed: int, choice: tuple[str, ...]
    ) -> Path:
        """Where the counts of a training on a test set lie."""
        weights = self.weights(variant, experiment.train, seed)
        kept = ["abnormal"] if experiment.only_abnormal else []
        words = [weights.name, self.digest(test), *variant.scoring, *choice, *kept]
        return self.results / "measured" / f"{variant.method}-{_hash(words)}.npz"

    def configure(self, variant: Variant) -> Any:
        """Return the config that a variant is trained with."""
        return apply_settings(self._usual(variant), self.settings(variant))

    def settings(self, variant: Variant) -> tuple[str, ...]:
        """Return what a variant's training changes of its profile."""
        shorter = (f"steps={self.steps}",) if self.steps and hasattr(self._usual(variant), "steps") else ()
        return (*variant.training, *shorter)

    def _usual(self, variant: Variant) -> Any:
        return load_method(variant.method).make_config(profile=Profile(self.profile), dataset="brain")

    def digest(self, name: str) -> str:
        """Return the digest of a test set."""
        return _read_digest(self.data / name / "test_set.json")


@cache
def _read_digest(manifest: Path) -> str:
    return str(json.loads(manifest.read_text())["digest"])


def _hash(words: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(words, default=str).encode()).hexdigest()[:16]


def base_of(variant: Variant) -> Variant:
    """The method whose nets a variant builds on."""
    if variant.start is None:
        raise ValueError(f"{variant.name} builds on nothing")
    return Variant(variant.start, variant.start)


def train(bench: Bench, variant: Variant, *, data: str, seed: int) -> Path:
    """Train unless it was done; returns the weights file."""
    out = bench.weights(variant, data, seed)
    if out.exists():
        return out
    words = [
        COMMAND,
        "train",
        variant.method,
        "--data",
        bench.data / data,
        "--dataset",
        "brain",
        "--out",
        out,
    ]
    words += ["--seed", str(seed), "--profile", bench.profile]
    for setting in bench.settings(variant):
        words += ["--set", setting]
    if variant.start:
        words += ["--start-from", train(bench, base_of(variant), data=data, seed=seed)]
    log = out.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as stream:
        done = subprocess.run([str(word) for word in words], stdout=stream, stderr=stream, check=False)
    if done.returncode:
        raise RuntimeError(f"training {variant.name} failed; its messages are in {log}")
    return out


def measure(
    bench: Bench, experiment: Experiment, variant: Variant, *, test: str, seed: int, choice: tuple[str, ...]
) -> Path:
    """Score the scans of a set with trained weights unless it was done; returns the file of counts."""
    out = bench.counts(experiment, variant, test, seed, choice)
    if not out.exists():
        weights = load_weights(bench.weights(variant, experiment.train, seed))
        changed = change_scoring(weights, (*variant.scoring, *choice))
        out.parent.mkdir(parents=True, exist_ok=True)
        cases = find_cases(bench.data / test, only_abnormal=experiment.only_abnormal)
        _write_counts(out, changed, bench.data / test, cases)
    return out


def change_scoring(weights: Weights, settings: Sequence[str]) -> Weights:
    """Return the weights with other settings of scoring; raw scores ask for no calibration."""
    module = load_method(weights.header.method)
    config = apply_settings(rebuild_config(module.Config, weights.header.config), settings)
    return replace(weights, header=replace(weights.header, config=asdict(config)))


def find_cases(folder: Path, *, only_abnormal: bool) -> list[dict[str, Any]]:
    """Return the scans of the pixel task; normal ones only where they are asked for."""
    return [
        case
        for case in read_manifest(folder)
        if "pixel" in case["tasks"] and (case["abnormal"] or not only_abnormal)
    ]


def count_body(bench: Bench, experiment: Experiment) -> Counts:
    """Count what a map scores that is 1 in the body and 0 outside: all that a blind method knows."""
    folder, bodies, masks = bench.data / experiment.test, [], []
    for case in find_cases(folder, only_abnormal=experiment.only_abnormal):
        volume, _ = read_scan(folder / case["image"])
        bodies.append(find_foreground(volume).ravel().astype(np.float32))
        masks.append(read_mask(folder, case, volume.shape).ravel())
    return Counts.of(bodies, masks)


def _write_counts(out: Path, weights: Weights, folder: Path, cases: Sequence[dict[str, Any]]) -> None:
    """Keep the scores of each scan's voxels and slices with their truth, compactly."""
    voxels, masks, slices, marked, errors = [], [], [], [], []
    score, restore = make_raw_scorer(weights), _make_restorer(weights)
    for case in cases:
        volume, _ = read_scan(folder / case["image"])
        raw, mask = score(volume), read_mask(folder, case, volume.shape)
        voxels.append(raw.voxels.astype(np.float32).ravel())
        masks.append(mask.ravel())
        known = np.isfinite(raw.slices) if raw.slices is not None else np.zeros(0, bool)
        counts = np.moveaxis(mask, raw.axis, 0).reshape(mask.shape[raw.axis], -1).sum(axis=1)
        slices.append(raw.slices[known] if raw.slices is not None else np.zeros(0))
        marked.append(counts[known] >= ABNORMAL_SLICE if known.size else np.zeros(0, bool))
        errors.append(restore(volume) if restore and not case["abnormal"] else np.nan)
    positives, negatives = _bin(voxels, masks)
    partial = out.with_suffix(".partial.npz")
    np.savez_compressed(
        partial,
        positives=positives,
        negatives=negatives,
        slices=np.concatenate(slices),
        slice_truth=np.concatenate(marked),
        slice_owner=np.repeat(np.arange(len(slices)), [len(part) for part in slices]),
        abnormal=np.array([mask.any() for mask in masks]),
        errors=np.array(errors),
    )
    partial.replace(out)


def _bin(voxels: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Count abnormal and normal voxels (scans, levels) between score levels.

    Levels are dense where abnormal voxels are and at the top of the normal ones: AP to three digits.
    """
    abnormal = np.concatenate([part[mask] for part, mask in zip(voxels, masks, strict=True)])
    top = np.concatenate([np.sort(part[~mask])[-TOP:] for part, mask in zip(voxels, masks, strict=True)])
    share = np.linspace(0, 1, LEVELS // 2)
    edges = np.unique(np.concatenate([np.quantile(abnormal, share), np.quantile(top, share)]))

    def count(part: np.ndarray) -> np.ndarray:
        return np.bincount(np.digitize(part, edges), minlength=edges.size + 1).astype(np.uint32)

    chosen = [(part[mask], part[~mask]) for part, mask in zip(voxels, masks, strict=True)]
    return [np.stack([count(pair[kind]) for pair in chosen]) for kind in (0, 1)]


def _make_restorer(weights: Weights) -> Callable[[np.ndarray], float] | None:
    """Return the mean squared error of a scan's slices, for methods whose first net restores them."""
    import torch

    from mood_reference.scans.slices import cut_volume

    if not ABOUT[MethodName(weights.header.method)].torch:
        return None
    config, net = first_net(weights)
    if not hasattr(net, "restore"):
        return None

    def restore(volume: np.ndarray) -> float:
        cut = cut_volume(volume, config)
        x = torch.from_numpy(cut.x[cut.used][:, None])
        with torch.no_grad():
            return float((x - net.restore(x)).square().mean())

    return restore


def first_net(weights: Weights) -> tuple[Any, Any]:
    """Return the config of trained weights and the net that their first stage trained."""
    from mood_reference.stages import restore_nets

    module = load_method(weights.header.method)
    config = rebuild_config(module.Config, weights.header.config)
    return config, next(iter(restore_nets(module.make_stages(config), weights.arrays).values()))
