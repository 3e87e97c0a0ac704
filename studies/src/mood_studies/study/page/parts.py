"""Bricks of the study's page: tables, pictures, and sections that are empty without their numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

Json = Mapping[str, Any]
Section = Callable[[Path], str]
WIDTH = 110


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers stand to the right, the first column to the left."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def picture(name: str, words: str) -> str:
    return f"![{words}](study/{name}.png)"


def text(words: str) -> str:
    """One paragraph, its lines of equal length."""
    return fill(" ".join(words.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def bullet(words: str) -> str:
    return fill(
        " ".join(words.split()), WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def page_of(*parts: str) -> str:
    """Parts with an empty line between; empty parts are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def told_from(file: str, write: Callable[[Json, Path], str]) -> Section:
    """The section that `write` makes of a JSON file and its folder; nothing where there is no such file."""

    def section(folder: Path) -> str:
        path = folder / file
        return write(json.loads(path.read_text(encoding="utf-8")), folder) if path.exists() else ""

    return section
