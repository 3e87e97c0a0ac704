"""The command `mood-reference`: train, evaluate, look at and ship the methods of the thesis."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from mood_reference.cli import learning, shipping

HELP = """Train, evaluate, look at and ship the methods of the thesis.

A first hour:

[bold]mood-test-sets build train data/ --size 64 --share 0.1 --not-hidden[/bold]
[bold]mood-test-sets build validation data/ --size 64 --share 0.2 --not-hidden[/bold]
[bold]mood-reference train cevae --data data/train-brain --dataset brain --out weights/cevae/brain.npz[/bold]
[bold]mood-reference evaluate weights/cevae/brain.npz --data data/validation-brain[/bold]
[bold]mood-reference train cevae --data data/train-abdom --dataset abdom --out weights/cevae/abdom.npz[/bold]
[bold]mood-reference build cevae --weights weights/cevae --base mood-base:bookworm --tag my-cevae[/bold]
[bold]mood test my-cevae[/bold]

Exit codes: 0 done, 1 it failed, 2 wrong use, 70 a fault of ours, 130 stopped.
Environment: MOOD_DEBUG, NO_COLOR.
"""
FAILED, UNFORESEEN, STOPPED = 1, 70, 130
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=HELP,
)
COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Learning": {
        "list": learning.list_methods,
        "train": learning.train,
        "evaluate": learning.evaluate_weights,
        "predict": learning.predict,
    },
    "Shipping": {
        "build": shipping.build,
        "runtime": shipping.runtime,
        "export": shipping.export,
        "card": shipping.card,
        "pack": shipping.pack_weights,
        "unpack": shipping.unpack_weights,
    },
}
for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"mood-reference {version('mood-reference')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="MOOD_DEBUG", help="Show where an error comes from.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app([word for word in words if word != "--debug"], prog_name="mood-reference")
    except SystemExit as ended:
        if ended.code == STOPPED:
            print("mood-reference: stopped; the same command goes on where it was.", file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else 0
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a sentence and a code
        if "--debug" in words or os.environ.get("MOOD_DEBUG"):
            traceback.print_exception(error)
        return _tell(error)
    return 0


def _tell(error: Exception) -> int:
    if isinstance(error, OSError | ValueError | RuntimeError | ArithmeticError):
        print(f"mood-reference: {error}", file=sys.stderr)
        return FAILED
    words = " ".join(f"{type(error).__name__}: {error}".split())
    print(
        f"mood-reference: something unforeseen happened ({words}). Run it again with --debug to see where.",
        file=sys.stderr,
    )
    return UNFORESEEN
