"""How often does a flag or a suspicion fall on a method that did nothing wrong? The reference methods tell.

python tests/benchmarks/false_alarms.py WEIGHTS TEST_SET...: predicts each test set with all weights of its
Dataset (`make -C studies weights` leaves WEIGHTS/METHOD/DATASET.npz), without a container, scores both tasks
as the platform does and prints what was noticed, and the numbers behind it. Predictions are kept, so a second
call only scores. `--spoil` adds what each flag is for, made of the same predictions.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import typer
from numpy.typing import NDArray

from mood_evaluator import (
    CaseScore,
    DatasetResult,
    Manifest,
    PixelCase,
    Task,
    load_test_set,
    read_prediction,
    result_of,
    score_pixel_case,
    score_sample_case,
)
from mood_reference.scans.nifti import read_scan, write_map, write_sample_score
from mood_reference.scores.scoring import calibrate_scan, calibrate_voxels, make_raw_scorer
from mood_reference.weights import load_weights

Scores = NDArray[np.float32]
Tally = dict[str, tuple[int, Counter[str]]]
"""By what was done to which maps: how often that was scored, and how often each code was told."""
TURNS: dict[str, Callable[[Scores], Scores]] = {
    "flipped": lambda scores: scores[::-1],
    "transposed": lambda scores: scores.transpose(2, 1, 0),
    "inverted": lambda scores: 1 - scores,
}


@dataclass(frozen=True)
class Place:
    """A test set, and where a method's predictions for it lie."""

    test_set: Manifest
    folder: Path
    predictions: Path

    def cases(self, task: Task) -> list[PixelCase]:
        return [
            PixelCase(
                case.id,
                self.predictions / (f"{case.id}.txt" if task is Task.SAMPLE else f"{case.id}.nii.gz"),
                None if case.label is None else self.folder / case.label,
                case.shape,
            )
            for case in self.test_set.for_task(task)
        ]


def predict(weights: Path, place: Place) -> None:
    """Write the map and the score of every case, in one go: half a set is not taken for one."""
    if place.predictions.is_dir():
        return
    trained, making = load_weights(weights), place.predictions.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    score = make_raw_scorer(trained)
    for case in place.test_set.cases:
        volume, image = read_scan(place.folder / case.image)
        raw = score(volume)
        write_map(making / f"{case.id}.nii.gz", calibrate_voxels(raw, trained.header), image)
        write_sample_score(making / f"{case.id}.txt", calibrate_scan(raw, trained.header))
    making.rename(place.predictions)


def score(place: Place, task: Task) -> tuple[dict[str, CaseScore], DatasetResult]:
    """Score the cases and the whole, as the platform does."""
    cases = place.cases(task)
    scores = {
        case.id: score_sample_case(case.prediction)
        if task is Task.SAMPLE
        else score_pixel_case(case.prediction, label=case.label, shape=case.shape)
        for case in cases
    }
    result = result_of(task=task, test_set=place.test_set, case_scores=scores, cases=cases)
    return scores, result


def noticed(place: Place, task: Task) -> tuple[float | None, list[str], list[str]]:
    """Return the score, what was noticed, and the sentences of suspicions."""
    scores, result = score(place, task)
    flags = Counter(str(flag) for one in scores.values() for flag in one.flags)
    words = [f"{flag} x{count}" for flag, count in sorted(flags.items())]
    words += [suspicion.code for suspicion in result.suspicions]
    return result.score, words, [suspicion.text for suspicion in result.suspicions]


def spoil(place: Place, turn: Callable[[Scores], Scores], name: str) -> Place:
    """Write all maps the wrong way."""
    spoilt = Place(
        place.test_set, place.folder, place.predictions.with_name(f"{place.predictions.name}-{name}")
    )
    shutil.rmtree(spoilt.predictions, ignore_errors=True)
    spoilt.predictions.mkdir()
    for good, bad in zip(place.cases(Task.PIXEL), spoilt.cases(Task.PIXEL), strict=True):
        assert good.prediction is not None
        assert bad.prediction is not None
        found = read_prediction(good.prediction, shape=good.shape)
        image = nib.Nifti1Image(turn(found.scores), found.affine)
        if name == "squeezed":
            image.set_data_dtype(np.uint8)
        image.to_filename(bad.prediction)
    for good, bad in zip(place.cases(Task.SAMPLE), spoilt.cases(Task.SAMPLE), strict=True):
        assert good.prediction is not None
        assert bad.prediction is not None
        number = float(good.prediction.read_text())
        bad.prediction.write_text(str(1 - number if name == "inverted" else number))
    return spoilt


def places(weights: Path, folders: list[Path], kept: Path) -> Iterator[tuple[str, Path, Place]]:
    for folder in folders:
        test_set = load_test_set(folder)
        for path in sorted(weights.glob(f"*/{test_set.dataset}.npz")):
            method = path.parent.name
            yield method, path, Place(test_set, folder, kept / f"{folder.parent.name}-{folder.name}" / method)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("test_sets", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, default=Path("demo-data/false-alarms"), help="of predictions")
    parser.add_argument("--spoil", action="store_true")
    options = parser.parse_args()
    spoilt = {"squeezed": np.asarray, **TURNS} if options.spoil else {}
    tally: Tally = {}
    for method, weights, place in places(options.weights, options.test_sets, options.keep):
        predict(weights, place)
        for task in Task:
            tell(tally, place, method, task)
        for name, turn in spoilt.items():
            for task in Task if name == "inverted" else [Task.PIXEL]:
                tell(tally, spoil(place, turn, name), method, task, name)
    for kind, (total, codes) in tally.items():
        told = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
        typer.echo(f"{kind:28} of {total}: {told or 'nothing'}")


def tell(tally: Tally, place: Place, method: str, task: Task, name: str = "as predicted") -> None:
    score, words, sentences = noticed(place, task)
    kind = f"{name}, {place.test_set.purpose}, {task}"
    total, codes = tally.get(kind, (0, Counter()))
    tally[kind] = total + 1, codes + Counter(word.split()[0] for word in words)
    value = "no result" if score is None else f"AP {score:.4f}"
    where = f"{place.folder.parent.name}/{place.folder.name}"
    typer.echo(f"{where:20} {task:6} {method:14} {name:14} {value}  {', '.join(words) or '-'}")
    for sentence in sentences:
        typer.echo(f"{'':28}{sentence}")


if __name__ == "__main__":
    main()
