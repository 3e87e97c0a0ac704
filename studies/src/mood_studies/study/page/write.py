"""Renders docs/study.md from the JSON files in docs/study/; no number on the page is typed by hand.

    python -m mood_studies.study.page.write [--check] [DOCS]

A section is a function of the folder with the JSON files that returns Markdown, or nothing where its file is
not there. More are added by `sections.append(function)`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from mood_studies.study.page import maps_section, orderings_section
from mood_studies.study.page.platform_sections import SECTIONS

INTRODUCTION = """# A study of the reference submissions

Methods of the thesis as images that a participant could have handed in, run by the platform like any other.
This page is written by `make -C studies study-page` from the JSON files in `docs/study/`.
"""

sections: list[Callable[[Path], str]] = [*SECTIONS, orderings_section.section, maps_section.section]


def render(folder: Path) -> str:
    parts = [INTRODUCTION, *(section(folder) for section in sections)]
    return "\n".join(part.strip() + "\n" for part in parts if part.strip())


def write_page(docs: Path) -> Path:
    path = docs / "study.md"
    path.write_text(render(docs / "study"), encoding="utf-8")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument(
        "--check", action="store_true", help="only say whether the page is what would be written"
    )
    options = parser.parse_args()
    if not options.check:
        print(write_page(options.docs))
        return 0
    equal = (options.docs / "study.md").read_text(encoding="utf-8") == render(options.docs / "study")
    print(
        "The page is up to date."
        if equal
        else "The page is not what its numbers say: make -C studies study-page"
    )
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
