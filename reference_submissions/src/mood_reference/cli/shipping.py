"""From trained weights to what others get: build, runtime, export, card, pack, unpack."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mood_reference.methods import ABOUT, MethodName
from mood_reference.shipping.cards import write_card, write_index
from mood_reference.shipping.contexts import export_context
from mood_reference.shipping.images import build_image, build_runtime, find_size
from mood_reference.shipping.releases import LOCK, Packed, pack, unpack
from mood_reference.shipping.wheels import HERE, find_wheels

Method = Annotated[MethodName, typer.Argument(metavar="METHOD", help="See mood-reference list.")]
WeightsFolder = Annotated[Path, typer.Option("--weights", help="Folder with brain.npz and abdom.npz.")]
Base = Annotated[str, typer.Option(help="Image with Python and pip.")]
TorchWheels = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Wheels of PyTorch and all it needs, such as a build with CUDA, instead of the CPU build.",
    ),
]
Lock = Annotated[
    Path, typer.Option(help="Hashes of the weights.", show_default=f"{LOCK.name} beside the Dockerfile")
]


def build(
    method: Method,
    *,
    weights: WeightsFolder,
    base: Base,
    tag: Annotated[str, typer.Option(help="Of the image.")],
    torch_wheels: TorchWheels = None,
) -> None:
    """Build the container image of a trained method.

    [bold]mood-reference build pca --weights weights/pca --base mood-base:bookworm --tag my-pca[/bold]
    """
    build_image(method=method, weights=weights, base=base, tag=tag, torch_wheels=torch_wheels)
    _tell_size(tag)


def runtime(
    *,
    base: Base,
    torch: Annotated[bool, typer.Option("--torch", help="With PyTorch, beside NumPy and nibabel.")] = False,
    tag: Annotated[
        str | None,
        typer.Option(show_default="mood-reference-base or mood-reference-torch", help="Of the image."),
    ] = None,
    torch_wheels: TorchWheels = None,
) -> None:
    """Build only the image that methods share."""
    torch = torch or torch_wheels is not None
    _tell_size(build_runtime(base=base, torch=torch, torch_wheels=torch_wheels, tag=tag))


def _tell_size(tag: str) -> None:
    print(f"{tag}: {find_size(tag) / 1e6:.0f} MB", file=sys.stderr)


def export(
    method: Method,
    *,
    weights: WeightsFolder,
    out: Annotated[Path, typer.Option(metavar="CONTEXT", help="New folder.")],
    python: Annotated[str, typer.Option(help="Of the base image.")] = HERE,
    torch_wheels: TorchWheels = None,
) -> None:
    """Write a folder from which `docker build` makes a method's image anywhere."""
    wheels = find_wheels(python, torch=ABOUT[method].torch, torch_wheels=torch_wheels)
    export_context(method=method, weights=weights, out=out, python=python, wheels=wheels)
    print(f"docker build --tag mood-reference-{method} {out}")
    print(f"With another base image of Python {python}: --build-arg BASE=IMAGE", file=sys.stderr)


def card(
    folder: Annotated[Path, typer.Argument(metavar="WEIGHTS_FOLDER", help="With brain.npz and abdom.npz.")],
    *,
    out: Annotated[
        Path | None, typer.Option(show_default="WEIGHTS_FOLDER/card.md", help="Where it goes.")
    ] = None,
) -> None:
    """Write a model card from what the weights files record."""
    out = out or folder / "card.md"
    out.write_text(write_card(folder))
    print(f"wrote {out}", file=sys.stderr)


def pack_weights(
    root: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="Folder with METHOD/DATASET.npz.")],
    *,
    out: Annotated[Path, typer.Option(help="For example weights.tar.gz.")],
    lock: Lock = LOCK,
) -> None:
    """Write all weights into one archive, and their hashes."""
    packed = pack(root, out, lock)
    cards = _write_cards(root, packed, lock.parent / "cards")
    megabytes = out.stat().st_size / 1e6
    print(f"wrote {out}, {megabytes:.1f} MB with {len(packed.files)} files, {lock} and {cards}")
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


def unpack_weights(
    archive: Annotated[Path, typer.Argument(help="What `mood-reference pack` wrote.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder that gets the weights.")] = Path("weights"),
    lock: Lock = LOCK,
) -> None:
    """Take weights from an archive, each by its hash."""
    for path in unpack(archive, out, lock):
        print(path)
