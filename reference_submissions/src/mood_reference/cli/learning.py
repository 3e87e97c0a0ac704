"""From scans to trained weights and what they are worth: list, train, evaluate, predict."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from mood_reference.contexts import DATASETS
from mood_reference.evaluating import evaluate
from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.predict import predict_folder
from mood_reference.progress import show_progress
from mood_reference.training import Order, train_method
from mood_reference.weights import Arrays, load_weights, save_weights


def add_learning_commands(commands: Any) -> None:
    listing = commands.add_parser("list", help="the methods, with their sections in the thesis")
    listing.set_defaults(command=_list)
    _add_train(commands)
    _add_evaluate(commands)
    _add_predict(commands)


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="learn from normal scans and write a weights file")
    train.set_defaults(command=_train)
    train.add_argument("method", choices=list(MethodName), metavar="METHOD", help="see mood-reference list")
    train.add_argument("--data", type=Path, required=True, help="folder with images/*.nii.gz, all normal")
    train.add_argument("--dataset", choices=DATASETS, required=True)
    train.add_argument("--out", type=Path, required=True, help="for example weights/pca/brain.npz")
    train.add_argument("--profile", type=Profile, choices=list(Profile), default=Profile.CPU)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="change a setting"
    )
    train.add_argument(
        "--start-from", type=Path, action="append", default=[], metavar="WEIGHTS", help="use its trained nets"
    )
    train.add_argument(
        "--restart", action="store_true", help="forget an interrupted training of the same file"
    )


def _add_evaluate(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="AP and AUROC on a test set with labels")
    command.set_defaults(command=_evaluate)
    command.add_argument("weights", type=Path)
    command.add_argument("--data", type=Path, required=True, help="test-set folder")
    command.add_argument(
        "--json", type=Path, help="write the numbers here too; a card reads DATASET.validation.json"
    )


def _add_predict(commands: Any) -> None:
    command = commands.add_parser("predict", help="score the scans of a folder, as the container does")
    command.set_defaults(command=lambda o: predict_folder(o.input, o.output, task=o.task, weights=o.weights))
    command.add_argument("weights", type=Path)
    command.add_argument("--task", choices=["sample", "pixel"], required=True)
    command.add_argument("-i", "--input", type=Path, required=True, help="folder with *.nii.gz")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder for the predictions")


def _list(_: Namespace) -> None:
    print(f"{'METHOD':14} {'TITLE':32} {'THESIS':8} RUNS ON")
    for name, about in ABOUT.items():
        print(f"{name:14} {about.title:32} {about.section:8} {'PyTorch' if about.torch else 'NumPy'}")


def _train(options: Namespace) -> None:
    folder = options.out.with_suffix(".training")
    if options.restart:
        _remove(folder, "*.pt", "*.jsonl")
    given: Arrays = {}
    for path in options.start_from:
        given |= load_weights(path).arrays
    with show_progress(f"{options.method} {options.dataset}") as report:
        order = Order(
            method=options.method,
            dataset=options.dataset,
            data=options.data / "images",
            profile=options.profile,
            seed=options.seed,
            settings=options.settings,
            folder=folder,
            given=given,
            report=report,
        )
        save_weights(options.out, train_method(order))
    _remove(folder, "*.pt")  # finished: the next training of this file begins anew
    print(f"wrote {options.out}; losses are in {folder}/", file=sys.stderr)


def _remove(folder: Path, *patterns: str) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def _evaluate(options: Namespace) -> None:
    weights = load_weights(options.weights)
    with show_progress(f"{weights.header.method} on {options.data.name}") as report:
        found = evaluate(weights, options.data, report)
    print(f"{'':8} {'AP':>7} {'AUROC':>7} {'CHANCE':>7} {'COUNT':>10}")
    for kind in ("sample", "slices", "pixel"):
        row = found[kind]
        ap, auroc = (f"{row[name]:7.4f}" if name in row else "      –" for name in ("ap", "auroc"))  # noqa: RUF001
        print(f"{kind:8} {ap} {auroc} {row['prevalence']:7.4f} {row['count']:10}")
    print(f"{found['seconds_per_case']:.2f} s a case")
    if options.json:
        options.json.write_text(json.dumps({"data": options.data.name, **found}, indent=1) + "\n")
