"""The report looks like the platform's pages and warns in the same words; neither imports the other."""

from __future__ import annotations

import re
from pathlib import Path

from mood_evaluator.plots import DARK, LIGHT
from mood_evaluator.report import first_page
from mood_evaluator.report.html import FONTS
from mood_platform.leaderboards import caveats

ROOT = Path(__file__).resolve().parents[2]
SITE = (ROOT / "platform/src/mood_platform/web/static/mood.css").read_text(encoding="utf-8")
REPORT = (ROOT / "evaluator/src/mood_evaluator/report/templates/report.css").read_text(encoding="utf-8")


def colours(css: str, *, dark: bool) -> dict[str, str]:
    """Return the tokens of the first block, or of the first one for dark screens."""
    part = (
        css.split("prefers-color-scheme: dark", 1)[1]
        if dark
        else css.split("prefers-color-scheme: dark", 1)[0]
    )
    found = re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", part.split("@media")[0])
    return dict(reversed(found))


def test_colours_are_those_of_the_site_in_light_and_dark() -> None:
    for dark in (False, True):
        mine, theirs = colours(REPORT, dark=dark), colours(SITE, dark=dark)
        assert len(mine) == 9
        assert mine.items() <= theirs.items()


def test_plots_have_the_colours_of_the_page() -> None:
    for look, dark in ((LIGHT, False), (DARK, True)):
        page = colours(REPORT, dark=dark) | ({} if dark else {"paper": "#ffffff"})
        for name in ("ink", "quiet", "paper", "soft", "line", "accent", "range"):
            assert getattr(look, name) == page[name]


def test_letters_are_those_of_the_site() -> None:
    [site] = re.findall(r"--pico-font-family-sans-serif: ([^;]+);", SITE)
    [report] = re.findall(r"font-family: ([^;]+);", REPORT)
    assert report == site == FONTS.replace("'", '"')
    for heading in (
        r"\nh1 \{ font-size: ([^;]+);",
        r"\nh2 \{ font-size: ([^;]+);",
        r"h3 \{ font-size: ([^;]+);",
    ):
        assert re.findall(heading, REPORT)[0] == re.findall(heading, SITE)[0]


def test_caveats_are_the_sentences_of_the_leaderboard() -> None:
    assert first_page.CAVEATS.items() <= caveats.WORDS.items()
    assert first_page.ENOUGH_SUBJECTS == caveats.ENOUGH_SUBJECTS
