"""Whether two platforms published the same: leaderboards of two demos, number by number, to the last bit.

    python -m mood_studies.demo.compare FOLDER FOLDER

Each has sample.json and pixel.json, as the demo leaves them in published/.

What names an occasion, not a result, is left out: ids, times, versions, digests of images, nodes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OCCASION = frozenset(
    {"id", "digest", "image", "published_at", "submitted_at", "links", "node_classes", "nodes", "predecessor"}
)
TASKS = ("sample", "pixel")
Leaves = dict[str, Any]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word of a document with its place; the test sets' own digests count."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in OCCASION or path.startswith("/document/datasets/"):
                yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        yield f"{path}/length", len(value)
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def read(folder: Path, task: str) -> dict[str, Any]:
    view: dict[str, Any] = json.loads((folder / f"{task}.json").read_text())
    return view


def show_rows(task: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    """The scores and ranks side by side, for people."""
    pairs = zip(first["document"]["rows"], second["document"]["rows"], strict=False)
    for one, other in pairs:
        for dataset, cell in one["datasets"].items():
            twin = other["datasets"][dataset]
            same = "equal" if (one["name"], cell["score"]) == (other["name"], twin["score"]) else "DIFFERS"
            scores = f"{cell['score']!r:22} {twin['score']!r:22}"
            print(f"  {task:6} {one['rank']} {one['name']:16} {dataset:6} {scores} {same}")


def compare(task: str, first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """The places that differ."""
    one, other = dict(leaves(first)), dict(leaves(second))
    places = sorted(one.keys() | other.keys())
    missing = object()
    wrong = [place for place in places if one.get(place, missing) != other.get(place, missing)]
    for place in wrong:
        print(f"  DIFFERS {task}{place}: {one.get(place)!r}, {other.get(place)!r}")
    print(f"  {task}: {len(places) - len(wrong)} of {len(places)} values are equal")
    return wrong


def main(first: Path, second: Path) -> int:
    wrong: list[str] = []
    for task in TASKS:
        pair = read(first, task), read(second, task)
        show_rows(task, *pair)
        wrong += compare(task, *pair)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
