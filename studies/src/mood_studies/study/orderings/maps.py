"""Pictures of what methods see in single slices, in the style of the thesis' Fig. 3.7, 3.13, 3.15 and 3.17.

    python -m mood_studies.study.orderings.maps [--weights weights] [--test SET]

Maps of one column share one scale over all rows: raw scores, from the lowest to the 99.8th percentile.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure as Canvas

from mood_evaluator.ap import average_precision
from mood_reference.scans.nifti import read_scan
from mood_reference.scans.slices import cut_volume
from mood_reference.scores.evaluating import read_mask
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.weights import Weights, load_weights
from mood_studies.study.orderings.experiments import PLAIN as UNSMOOTHED
from mood_studies.study.orderings.measuring import change_scoring, find_cases, first_net
from mood_studies.study.orderings.sets import PLACE
from mood_studies.study.page.figures import SMALL, WIDTH, panels, save
from mood_studies.study.scale import title_of

Image = np.ndarray
Columns = dict[str, Image]
SCORES = {
    "error": "rec",
    "smoothed": "rec_smooth",
    "sampling": "sampling_var",
    "rec-gradient": "rec_grad",
    "KL-gradient": "kl_grad",
    "ELBO-gradient": "elbo_grad",
    "combi": "combi",
}
PLAIN = ("scan", "truth", "restored", "marked")
REPRESENTATIONS = ("vae", "cevae", "vae_gmm", "cevae_gmm", "cradl", "cradl_nvp", "glow")


def largest_anomalies(folder: Path, count: int) -> list[tuple[Image, Image, int]]:
    """Return scans with their masks and the slice that shows most of the anomaly, the largest ones first."""
    found = []
    for case in find_cases(folder, only_abnormal=True):
        volume, _ = read_scan(folder / case["image"])
        mask = read_mask(folder, case, volume.shape)
        found.append((volume, mask, int(mask.sum(axis=(0, 1)).argmax())))
    found.sort(key=lambda one: -one[1].sum())
    return found[:: max(1, len(found) // count)][:count]


def rescore(weights: Weights, setting: str) -> Weights:
    """Return the weights with another pixel score, without our smoothing; scaled by the picture itself."""
    return change_scoring(weights, (f"pixel_score={setting}", *UNSMOOTHED))


def show_scores(weights: Path, cases: Sequence[tuple[Image, Image, int]]) -> Canvas:
    """Fig. 3.7: one VAE, all its scores."""
    trained = load_weights(weights)
    scorers = {name: make_raw_scorer(rescore(trained, setting)) for name, setting in SCORES.items()}
    rows = []
    for volume, mask, depth in cases:
        maps = {name: score(volume).voxels[:, :, depth] for name, score in scorers.items()}
        rows.append(_start(volume, mask, depth) | maps)
    return draw_rows(rows, "One VAE, seven ways to trace its loss to pixels (each map scaled by its column)")


def show_outcomes(weights: Path, folder: Path) -> Canvas:
    """Fig. 3.13: the scans that a ceVAE finds best, as usual and worst, with what it restores and marks.

    Marked is what lies above the 99th percentile of all voxels of these scans' bodies.
    """
    trained = load_weights(weights)
    score, error, gradient = (
        make_raw_scorer(one) for one in (trained, rescore(trained, "rec"), rescore(trained, "kl_grad"))
    )
    config, net = first_net(trained)
    cases = largest_anomalies(folder, count=10**6)
    found = [score(volume) for volume, _, _ in cases]
    limit = np.quantile(np.concatenate([raw.voxels[raw.foreground] for raw in found]), 0.99)
    aps = [
        average_precision(raw.voxels.ravel(), mask.ravel())
        for raw, (_, mask, _) in zip(found, cases, strict=True)
    ]
    order = np.argsort(aps)[::-1]
    rows = []
    for place in (order[0], order[len(order) // 2], order[-1]):
        volume, mask, depth = cases[place]
        cut = _start(volume, mask, depth)
        cut |= {"restored": _restore("ceVAE", config, net, volume, depth)["ceVAE"]}
        cut |= {
            "error": error(volume).voxels[:, :, depth],
            "KL-gradient": gradient(volume).voxels[:, :, depth],
        }
        cut |= {"score": found[place].voxels[:, :, depth]}
        rows.append(cut | {"marked": (cut["score"] > limit).astype(float)})
    told = ", ".join(f"{aps[place]:.2f}" for place in (order[0], order[len(order) // 2], order[-1]))
    return draw_rows(rows, f"What a ceVAE finds best, as usual and worst: AP of the scan {told}")


def show_methods(weights: Path, names: Sequence[str], cases: Sequence[tuple[Image, Image, int]]) -> Canvas:
    """Fig. 3.15: representations side by side, as their images score them."""
    scorers = {
        title_of(name): make_raw_scorer(load_weights(path))
        for name in names
        if (path := weights / name / "brain.npz").exists()
    }
    rows = []
    for volume, mask, depth in cases:
        maps = {name: score(volume).voxels[:, :, depth] for name, score in scorers.items()}
        rows.append(_start(volume, mask, depth) | maps)
    return draw_rows(rows, "What representations find (each map scaled by its column)")


def show_parts(weights: Path, cases: Sequence[tuple[Image, Image, int]]) -> Canvas:
    """Fig. 3.17: what hierarchical models restore, and the parts of the pchVAE."""
    nets = {}
    for name in ("vqvae2", "low_vae", "high_vae", "pchvae"):
        path = weights / name / "brain.npz"
        if path.exists():
            nets[title_of(name)] = first_net(load_weights(path))
    rows = []
    for volume, _, depth in cases:
        row: Columns = {"scan": volume[:, :, depth]}
        for title, (config, net) in nets.items():
            row |= _restore(title, config, net, volume, depth)
        rows.append(row)
    return draw_rows(rows, "What hierarchical models restore; parts of the pchVAE", restored=True)


def _restore(title: str, config: Any, net: Any, volume: Image, depth: int) -> Columns:
    cut = cut_volume(volume, config)
    x = torch.from_numpy(cut.x[depth * len(cut.x) // volume.shape[2]][None, None])
    with torch.no_grad():
        found = {title: net.restore(x)}
        if hasattr(net, "parts"):
            found |= dict(zip(("high part", "low part", "zero part"), net.parts(x), strict=True))
    return {name: tensor[0, 0].numpy() for name, tensor in found.items()}


def _start(volume: Image, mask: Image, depth: int) -> Columns:
    return {"scan": volume[:, :, depth], "truth": mask[:, :, depth].astype(float)}


def draw_rows(rows: Sequence[Columns], title: str, *, restored: bool = False) -> Canvas:
    """Columns named once; a map's scale is that of its column, so rows can be compared."""
    names = list(rows[0])
    height = 0.55 + 8.0 / len(names) * len(rows)
    figure, grid = panels(len(rows), len(names), height, title)
    for column, name in enumerate(names):
        plain = restored or name in PLAIN
        low, high = _range([row[name] for row in rows], plain=plain)
        for line, row in zip(grid, rows, strict=True):
            axes = line[column]
            axes.imshow(np.rot90(row[name]), cmap="gray" if plain else "magma", vmin=low, vmax=high)
            axes.set_axis_off()
        grid[0][column].set_title(fill(name, int(14 * WIDTH / len(names))), fontsize=SMALL)
    return figure


def _range(images: Sequence[Image], *, plain: bool) -> tuple[float, float]:
    stack = (
        np.stack([image.ravel() for image in images]) if len({i.shape for i in images}) == 1 else images[0]
    )
    return float(stack.min()), float(stack.max() if plain else np.quantile(stack, 0.998))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--test", type=Path, default=PLACE / "test-sets" / "shifted-brain")
    parser.add_argument("--out", type=Path, default=Path("docs/study"))
    parser.add_argument("--rows", type=int, default=4)
    options = parser.parse_args()
    cases = largest_anomalies(options.test, options.rows)
    drawn: dict[str, Callable[[], Canvas]] = {
        "maps-scores": lambda: show_scores(options.weights / "vae" / "brain.npz", cases),
        "maps-outcomes": lambda: show_outcomes(options.weights / "cevae" / "brain.npz", options.test),
        "maps-representations": lambda: show_methods(options.weights, REPRESENTATIONS, cases),
        "maps-parts": lambda: show_parts(options.weights, cases),
    }
    for name, draw in drawn.items():
        try:
            save(draw(), options.out / f"{name}.png")
        except FileNotFoundError as error:
            print(f"{name} is not drawn: {error}", file=sys.stderr)
        else:
            print(options.out / f"{name}.png")


if __name__ == "__main__":
    main()
