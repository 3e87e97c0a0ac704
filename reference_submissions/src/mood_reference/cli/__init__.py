"""The command `mood-reference`: train, evaluate, look at and ship the methods of the thesis."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from mood_reference.cli.learning import add_learning_commands
from mood_reference.cli.shipping import add_shipping_commands

EPILOG = """a first hour:
  mood-test-sets build train data/ --size 64 --share 0.1 --not-hidden
  mood-test-sets build validation data/ --size 64 --share 0.2 --not-hidden
  mood-reference train cevae --data data/train-brain --dataset brain --out weights/cevae/brain.npz
  mood-reference evaluate weights/cevae/brain.npz --data data/validation-brain
  mood-reference train cevae --data data/train-abdom --dataset abdom --out weights/cevae/abdom.npz
  mood-reference build cevae --weights weights/cevae --base mood-base:bookworm --tag my-cevae
  mood test my-cevae
all methods at once: make weights images
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    try:
        options.command(options)
    except KeyboardInterrupt:
        print("mood-reference: stopped; the same command goes on where it was.", file=sys.stderr)
        return 130
    except (OSError, ValueError, RuntimeError, ArithmeticError) as error:
        print(f"mood-reference: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="mood-reference",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_learning_commands(commands)
    add_shipping_commands(commands)
    return parser
