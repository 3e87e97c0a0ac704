"""The page of a gallery: cases by category, sprites as data, nothing fetched from anywhere."""

import base64
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image

from mood_evaluator.test_set import Manifest, ManifestCase, load_test_set
from mood_test_sets.gallery.choosing import choose, in_order
from mood_test_sets.gallery.tiles import TILE, Tiles, draw_tiles

__all__ = ["FEW_SUBJECTS", "Card", "as_sprite", "environment", "write_gallery"]

QUALITY = 82
PER_SPRITE = 24  # cases; one very tall picture would be slow to show
FEW_SUBJECTS = 20


@dataclass(frozen=True, slots=True)
class Card:
    """What the page shows of a case."""

    id: str
    kind: str
    subcategory: str
    scope: str
    difficulty: int | None
    facts: Sequence[tuple[str, str]]
    histogram: str  # points of an SVG polygon, 0..100 by 0..100
    sprite: int
    top: int  # pixels
    outlined: bool


def write_gallery(
    folder: Path, out: Path, *, cases: int | None = None, on_case: Callable[[int, int], None] | None = None
) -> int:
    """Write one HTML file; `cases` picks that many evenly from the categories. Returns how many it shows."""
    test_set = load_test_set(folder)
    chosen = choose(in_order(test_set.cases), cases)
    cards: list[Card] = []
    sprites: list[str] = []
    waiting: list[Tiles] = []
    for number, case in enumerate(chosen):
        tiles = draw_tiles(folder, case)
        waiting.append(tiles)
        cards.append(_card(case, tiles, len(sprites), (len(waiting) - 1) * 2 * TILE))
        if len(waiting) == PER_SPRITE or number == len(chosen) - 1:
            sprites.append(as_sprite([part for one in waiting for part in (one.plain, one.marked)]))
            waiting = []
        if on_case is not None:
            on_case(number + 1, len(chosen))
    template = environment().get_template("gallery.html")
    out.write_text(template.render(**_context(test_set, cards), sprites=sprites, tile=TILE), encoding="utf-8")
    return len(cards)


def environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("mood_test_sets.gallery", "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def as_sprite(parts: Iterable[np.typing.NDArray[np.uint8]]) -> str:
    """Pictures of one width below each other, as a data URI."""
    stream = io.BytesIO()
    Image.fromarray(np.vstack(list(parts))).save(stream, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def _card(case: ManifestCase, tiles: Tiles, sprite: int, top: int) -> Card:
    corrupt = f"{case.scope} corruption" if case.category == "corruption" else None
    return Card(
        id=case.id,
        kind=corrupt or case.category or ("abnormal" if case.abnormal else "normal"),
        subcategory=case.subcategory or "",
        scope=case.scope or "",
        difficulty=case.difficulty,
        facts=_facts(case),
        histogram=_polygon(tiles.histogram),
        sprite=sprite,
        top=top,
        outlined=case.label is not None,
    )


def _facts(case: ManifestCase) -> list[tuple[str, str]]:
    try:
        notes = json.loads(case.annotation or "{}")
    except json.JSONDecodeError:
        notes = {"note": case.annotation}
    known = notes if isinstance(notes, dict) else {"note": notes}
    return [(name.replace("_", " "), _short(value)) for name, value in known.items()]


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _polygon(histogram: Sequence[float]) -> str:
    step = 100 / len(histogram)
    tops = [
        f"{step * (i + side):.1f},{100 - 100 * h:.0f}" for i, h in enumerate(histogram) for side in (0, 1)
    ]
    return " ".join(["0,100", *tops, "100,100"])


def _context(test_set: Manifest, cards: Sequence[Card]) -> dict[str, object]:
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.kind, []).append(card)
    return {
        "test_set": test_set,
        "groups": groups,
        "abnormal": sum(case.abnormal for case in test_set.cases),
        "few": test_set.source_subjects < FEW_SUBJECTS,
        "hidden": not test_set.not_hidden,
        "shown": len(cards),
    }
