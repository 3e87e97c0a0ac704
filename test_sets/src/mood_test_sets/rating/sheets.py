"""A blinded sheet for one rater: cases in random order under neutral numbers, nothing else told."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mood_evaluator.test_set import load_test_set
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.gallery.choosing import choose, in_order
from mood_test_sets.gallery.page import PER_SPRITE, as_sprite, environment
from mood_test_sets.gallery.tiles import TILE, Tiles, draw_tiles

__all__ = ["SCHEMA", "write_sheet"]

SCHEMA = "mood-rating-key/1"


def write_sheet(
    folder: Path,
    out: Path,
    *,
    rater: str,
    cases: int | None = None,
    seed: int = 0,
    on_case: Callable[[int, int], None] | None = None,
) -> int:
    """Write `sheet.html` and `answers.csv` for the rater and `key.json` (owner only) for the organizer.

    All raters of one seed and number see the same abnormal cases, each in an order of their own.
    """
    if out.exists() and any(out.iterdir()):
        raise FolderOccupied(f"{out} is not empty. Choose another folder.")
    test_set = load_test_set(folder)
    chosen = choose([case for case in in_order(test_set.cases) if case.abnormal], cases)
    entropy = [seed, *rater.encode()]
    order = np.random.default_rng(entropy).permutation(len(chosen))
    out.mkdir(parents=True, exist_ok=True)
    sprites: list[str] = []
    waiting: list[Tiles] = []
    for number, place in enumerate(order, start=1):
        waiting.append(draw_tiles(folder, chosen[place]))
        if len(waiting) == PER_SPRITE or number == len(order):
            sprites.append(as_sprite([one.plain for one in waiting]))
            waiting = []
        if on_case is not None:
            on_case(number, len(order))
    page = environment().get_template("rating.html")
    shown = [
        (number, (number - 1) // PER_SPRITE, (number - 1) % PER_SPRITE * TILE)
        for number in range(1, len(order) + 1)
    ]
    (out / "sheet.html").write_text(
        page.render(cases=shown, sprites=sprites, tile=TILE, rater=rater), encoding="utf-8"
    )
    (out / "answers.csv").write_text(
        "number,rating\n" + "".join(f"{n},\n" for n, *_ in shown), encoding="utf-8"
    )
    key = out / "key.json"
    key.touch(mode=0o600)
    ids = [chosen[place].id for place in order]
    key.write_text(
        json.dumps({"schema": SCHEMA, "test_set": test_set.digest, "rater": rater, "cases": ids}, indent=1)
    )
    return len(ids)
