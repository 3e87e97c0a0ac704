"""From scans to trained weights and what they are worth: list, train, evaluate, predict."""

import sys
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from mood_reference.learning.progress import show_progress
from mood_reference.learning.training import Order, train_method
from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.scores.evaluating import evaluate
from mood_reference.scores.predict import predict_folder
from mood_reference.weights import Arrays, load_weights, save_weights


class Dataset(StrEnum):
    """What weights are trained on."""

    BRAIN = "brain"
    ABDOM = "abdom"


class Task(StrEnum):
    """What is predicted: one number per scan, or one per voxel."""

    SAMPLE = "sample"
    PIXEL = "pixel"


def list_methods() -> None:
    """List the methods, with their sections in the thesis."""
    print(f"{'METHOD':14} {'TITLE':32} {'THESIS':8} RUNS ON")
    for name, about in ABOUT.items():
        print(f"{name:14} {about.title:32} {about.section:8} {'PyTorch' if about.torch else 'NumPy'}")


def train(
    method: Annotated[MethodName, typer.Argument(metavar="METHOD", help="See mood-reference list.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder with images/*.nii.gz, all normal.")],
    dataset: Annotated[Dataset, typer.Option(help="Anatomy and modality of the scans.")],
    out: Annotated[Path, typer.Option(help="For example weights/pca/brain.npz.")],
    profile: Annotated[Profile, typer.Option(help="How long, and on what.")] = Profile.CPU,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting.")
    ] = None,
    start_from: Annotated[
        list[Path] | None, typer.Option(metavar="WEIGHTS", help="Use its trained nets.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an interrupted training of the same file.")
    ] = False,
) -> None:
    """Learn from normal scans and write a weights file.

    [bold]mood-reference train pca --data data/train-brain --dataset brain --out weights/pca/brain.npz[/bold]
    """
    folder = out.with_suffix(".training")
    if restart:
        _remove(folder, "*.pt", "*.jsonl")
    given: Arrays = {}
    for path in start_from or ():
        given |= load_weights(path).arrays
    with show_progress(f"{method} {dataset}") as report:
        order = Order(
            method=method,
            dataset=dataset,
            data=data / "images",
            profile=profile,
            seed=seed,
            settings=settings or [],
            folder=folder,
            given=given,
            report=report,
        )
        save_weights(out, train_method(order))
    _remove(folder, "*.pt")  # finished: the next training of this file begins anew
    print(f"wrote {out}; losses are in {folder}/", file=sys.stderr)


def _remove(folder: Path, *patterns: str) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def evaluate_weights(
    weights: Annotated[Path, typer.Argument(help="What `mood-reference train` wrote.")],
    *,
    data: Annotated[Path, typer.Option(help="Test-set folder.")],
    json: Annotated[
        Path | None, typer.Option(help="Write the numbers here too; a card reads DATASET.validation.json.")
    ] = None,
) -> None:
    """Tell AP and AUROC on a test set with labels.

    [bold]mood-reference evaluate weights/pca/brain.npz --data data/validation-brain[/bold]
    """
    read = load_weights(weights)
    with show_progress(f"{read.header.method} on {data.name}") as report:
        found = evaluate(read, data, report)
    print(f"{'':8} {'AP':>7} {'AUROC':>7} {'CHANCE':>7} {'COUNT':>10}")
    for kind in ("sample", "slices", "pixel"):
        row = found[kind]
        ap, auroc = (f"{row[name]:7.4f}" if name in row else "      –" for name in ("ap", "auroc"))  # noqa: RUF001
        print(f"{kind:8} {ap} {auroc} {row['prevalence']:7.4f} {row['count']:10}")
    print(f"{found['seconds_per_case']:.2f} s a case")
    if json:
        json.write_text(dumps({"data": data.name, **found}, indent=1) + "\n")


def predict(
    weights: Annotated[Path, typer.Argument(help="What `mood-reference train` wrote.")],
    *,
    task: Annotated[Task, typer.Option(help="One number per scan, or one per voxel.")],
    folder: Annotated[Path, typer.Option("-i", "--input", help="Folder with *.nii.gz.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the predictions.")],
) -> None:
    """Score the scans of a folder, as the container does."""
    predict_folder(folder, output, task=task, weights=weights)
