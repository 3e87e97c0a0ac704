"""Chooses how a trained method scores voxels: by AP on painted spheres, never on hidden anomalies."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from mood_reference.configs import rebuild_config
from mood_reference.learning.spheres import Painted
from mood_reference.models import load_method
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.volumes import find_foreground
from mood_reference.weights import Arrays, Weights


def judge_scorer(score: Scorer, spheres: Sequence[Painted]) -> dict[str, float]:
    """Return AP and AUROC over all body voxels of the painted scans, and the share of sphere voxels."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores, truths = [], []
    for volume, mask in spheres:
        foreground = find_foreground(volume)
        scores.append(np.nan_to_num(score(volume).voxels[foreground]))
        truths.append(mask[foreground])
    values, truth = np.concatenate(scores), np.concatenate(truths)
    return {
        "ap": float(average_precision_score(truth, values)),
        "auroc": float(roc_auc_score(truth, values)),
        "prevalence": float(truth.mean()),
    }


def make_judge(module: Any, config: Any, spheres: Sequence[Painted]) -> Callable[[Arrays], float] | None:
    """Return the AP on painted spheres as a function of a method's arrays.

    A method whose scoring is too dear to judge every net by offers a cheaper `make_selection_scorer`.
    """
    if not spheres:
        return None
    make = getattr(module, "make_selection_scorer", module.make_scorer)
    return lambda arrays: judge_scorer(make(config=config, arrays=arrays), spheres)["ap"]


def choose_candidate(weights: Weights, spheres: Sequence[Painted]) -> tuple[Weights, list[dict[str, Any]]]:
    """Try the method's CANDIDATES (changes of settings that need no training); return the best and all."""
    if not spheres:
        return weights, []
    module: Any = load_method(weights.header.method)
    changes: tuple[dict[str, Any], ...] = getattr(module, "CANDIDATES", ({},))
    config = rebuild_config(module.Config, weights.header.config)
    candidates = [replace(config, **change) for change in changes]
    judged = [
        judge_scorer(module.make_scorer(config=candidate, arrays=weights.arrays), spheres)
        for candidate in candidates
    ]
    best = int(np.argmax([result["ap"] for result in judged]))
    table = [{**change, **result} for change, result in zip(changes, judged, strict=True)]
    return replace(weights, header=replace(weights.header, config=asdict(candidates[best]))), table
