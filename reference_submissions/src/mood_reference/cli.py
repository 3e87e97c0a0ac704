"""The command `mood-reference`: train a method on normal scans, build its container image."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from mood_reference.images import DATASETS, RUNTIME_TAG, build_image, build_runtime
from mood_reference.methods import MethodName, Profile, Report
from mood_reference.training import train_method
from mood_reference.weights import save_weights


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"mood-reference: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="mood-reference", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="learn from normal scans and write a weights file")
    train.set_defaults(command=_train)
    train.add_argument("method", choices=list(MethodName))
    train.add_argument("--data", type=Path, required=True, help="folder with images/*.nii.gz, all normal")
    train.add_argument("--dataset", choices=DATASETS, required=True)
    train.add_argument("--out", type=Path, required=True, help="for example weights/pca/brain.npz")
    train.add_argument("--profile", type=Profile, choices=list(Profile), default=Profile.CPU)
    train.add_argument("--seed", type=int, default=0)
    build = commands.add_parser("build", help="build the container image of a trained method")
    build.set_defaults(command=_build)
    build.add_argument("method", choices=list(MethodName))
    build.add_argument("--weights", type=Path, required=True, help="folder with brain.npz and abdom.npz")
    build.add_argument("--base", required=True, help="image with Python and pip")
    build.add_argument("--tag", required=True)
    runtime = commands.add_parser("runtime", help="build only the image that all methods share")
    runtime.set_defaults(command=lambda options: build_runtime(base=options.base, tag=options.tag))
    runtime.add_argument("--base", required=True, help="image with Python and pip")
    runtime.add_argument("--tag", default=RUNTIME_TAG)
    return parser


def _train(options: Namespace) -> None:
    weights = train_method(
        method=options.method,
        dataset=options.dataset,
        data=options.data / "images",
        profile=options.profile,
        seed=options.seed,
        report=_make_report(f"{options.method} {options.dataset}"),
    )
    save_weights(options.out, weights)


def _build(options: Namespace) -> None:
    build_image(method=options.method, weights=options.weights, base=options.base, tag=options.tag)


def _make_report(title: str) -> Report:
    """On a terminal one line that moves; elsewhere a line for every tenth of the way."""
    moving = sys.stderr.isatty()

    def report(step: int, total: int, text: str) -> None:
        if moving or step * 10 // total > (step - 1) * 10 // total:
            end = "\r" if moving and step < total else "\n"
            print(f"{title} {100 * step // total:3d} % {text}", end=end, file=sys.stderr, flush=True)

    return report
