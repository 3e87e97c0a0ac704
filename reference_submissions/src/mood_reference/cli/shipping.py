"""From trained weights to what others get: build, runtime, export, card, pack, unpack."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mood_reference.cards import write_card, write_index
from mood_reference.contexts import export_context
from mood_reference.images import build_image, build_runtime, find_size
from mood_reference.methods import ABOUT, MethodName
from mood_reference.releases import LOCK, Packed, pack, unpack
from mood_reference.wheels import HERE, find_wheels


def add_shipping_commands(commands: Any) -> None:
    _add_build(commands)
    _add_runtime(commands)
    _add_export(commands)
    _add_card(commands)
    _add_pack(commands)


def _add_build(commands: Any) -> None:
    build = commands.add_parser("build", help="build the container image of a trained method")
    build.set_defaults(command=_build)
    _add_method_and_weights(build)
    build.add_argument("--base", required=True, help="image with Python and pip")
    build.add_argument("--tag", required=True)
    _add_torch_wheels(build)


def _add_runtime(commands: Any) -> None:
    runtime = commands.add_parser("runtime", help="build only the image that methods share")
    runtime.set_defaults(command=_build_runtime)
    runtime.add_argument("--base", required=True, help="image with Python and pip")
    runtime.add_argument("--torch", action="store_true", help="with PyTorch, beside NumPy and nibabel")
    runtime.add_argument("--tag", help="default: mood-reference-base or mood-reference-torch")
    _add_torch_wheels(runtime)


def _add_export(commands: Any) -> None:
    export = commands.add_parser(
        "export", help="write a folder from which `docker build` makes a method's image anywhere"
    )
    export.set_defaults(command=_export)
    _add_method_and_weights(export)
    export.add_argument("--out", type=Path, required=True, metavar="CONTEXT", help="new folder")
    export.add_argument("--python", default=HERE, help=f"of the base image (default: {HERE})")
    _add_torch_wheels(export)


def _add_card(commands: Any) -> None:
    card = commands.add_parser("card", help="write a model card from what the weights files record")
    card.set_defaults(command=_write_card)
    card.add_argument("folder", type=Path, metavar="WEIGHTS_FOLDER", help="with brain.npz and abdom.npz")
    card.add_argument("--out", type=Path, help="default: WEIGHTS_FOLDER/card.md")


def _add_pack(commands: Any) -> None:
    lock = {"type": Path, "default": LOCK, "help": f"default: {LOCK.name} beside the Dockerfile"}
    packing = commands.add_parser("pack", help="write all weights into one archive, and their hashes")
    packing.set_defaults(command=_pack)
    packing.add_argument("root", type=Path, metavar="WEIGHTS", help="folder with METHOD/DATASET.npz")
    packing.add_argument("--out", type=Path, required=True, help="for example weights.tar.gz")
    packing.add_argument("--lock", **lock)
    unpacking = commands.add_parser("unpack", help="take weights from an archive, each by its hash")
    unpacking.set_defaults(command=_unpack)
    unpacking.add_argument("archive", type=Path)
    unpacking.add_argument("--out", type=Path, default=Path("weights"), help="default: weights")
    unpacking.add_argument("--lock", **lock)


def _add_method_and_weights(command: ArgumentParser) -> None:
    command.add_argument("method", type=MethodName, choices=list(MethodName), metavar="METHOD")
    command.add_argument("--weights", type=Path, required=True, help="folder with brain.npz and abdom.npz")


def _add_torch_wheels(command: ArgumentParser) -> None:
    command.add_argument(
        "--torch-wheels",
        type=Path,
        metavar="DIR",
        help="wheels of PyTorch and all it needs, such as a build with CUDA, instead of the CPU build",
    )


def _build(options: Namespace) -> None:
    build_image(
        method=options.method,
        weights=options.weights,
        base=options.base,
        tag=options.tag,
        torch_wheels=options.torch_wheels,
    )
    _tell_size(options.tag)


def _build_runtime(options: Namespace) -> None:
    given = options.torch_wheels
    torch = options.torch or given is not None
    _tell_size(build_runtime(base=options.base, torch=torch, torch_wheels=given, tag=options.tag))


def _tell_size(tag: str) -> None:
    print(f"{tag}: {find_size(tag) / 1e6:.0f} MB", file=sys.stderr)


def _export(options: Namespace) -> None:
    torch = ABOUT[options.method].torch
    export_context(
        method=options.method,
        weights=options.weights,
        out=options.out,
        python=options.python,
        wheels=find_wheels(options.python, torch=torch, torch_wheels=options.torch_wheels),
    )
    print(f"docker build --tag mood-reference-{options.method} {options.out}")
    print(f"With another base image of Python {options.python}: --build-arg BASE=IMAGE", file=sys.stderr)


def _write_card(options: Namespace) -> None:
    out = options.out or options.folder / "card.md"
    out.write_text(write_card(options.folder))
    print(f"wrote {out}", file=sys.stderr)


def _pack(options: Namespace) -> None:
    packed = pack(options.root, options.out, options.lock)
    megabytes = options.out.stat().st_size / 1e6
    cards = _write_cards(options.root, packed, options.lock.parent / "cards")
    print(
        f"wrote {options.out}, {megabytes:.1f} MB with {len(packed.files)} files, {options.lock} and {cards}"
    )
    for method, why in packed.left_out.items():
        print(f"left out: {method}, {why}")


def _write_cards(root: Path, packed: Packed, cards: Path) -> Path:
    """Write the cards of what was packed, and a table of them."""
    methods = [method for method in MethodName if f"{method}/brain.npz" in packed.files]
    cards.mkdir(parents=True, exist_ok=True)
    for method in methods:
        (cards / f"{method}.md").write_text(write_card(root / method))
    (cards / "README.md").write_text(write_index(root / method for method in methods))
    return cards


def _unpack(options: Namespace) -> None:
    for path in unpack(options.archive, options.out, options.lock):
        print(path)
