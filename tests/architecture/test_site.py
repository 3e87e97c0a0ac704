"""The pages as a site: every link leads somewhere, no reader's browser , lists look like lists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FETCHED = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//""")
BEGINS = re.compile(r"\s*(?:[-*]|\d+\.) |\|")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make docs` builds it: a dead link or anchor, or a page outside of the menu, ends it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built_and_every_link_of_it_leads_somewhere(site: Path) -> None:
    built = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    written = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in PAGES}
    assert {name.replace("README", "index") for name in written} <= built


def test_the_list_of_decisions_names_each_with_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    named = re.findall(r"^- \[(.+)\]\((\S+\.md)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    titles = [
        (path.read_text().splitlines()[0].removeprefix("# "), path.name) for path in folder.glob("0*.md")
    ]
    assert named == sorted(titles, key=lambda one: one[1])


def test_no_page_of_the_site_makes_a_browser_ask_another_host(site: Path) -> None:
    assert [path.name for path in site.rglob("*.html") if FETCHED.search(path.read_text())] == []
    assert [
        path.name for path in site.rglob("*.css") if re.search(r"url\([\"']?https?:", path.read_text())
    ] == []
    drawn = [page.name for page in PAGES if "```mermaid" in page.read_text()]
    assert drawn == [], "the theme fetches what draws them; draw them as text"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_lists_and_tables_begin_after_an_empty_line(page: Path) -> None:
    """The site would print them as one paragraph, and no link checker would notice."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    starts = [
        line
        for before, line in pairwise(text.splitlines())
        if BEGINS.match(line) and before.strip() and not BEGINS.match(before) and not before.startswith("  ")
    ]
    assert starts == []
