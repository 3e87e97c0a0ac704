"""The part of docs/study.md with pictures of single slices, where `orderings/maps.py` drew them."""

from __future__ import annotations

from pathlib import Path

from mood_studies.study.page.parts import page_of, picture, text

PICTURES = {
    "maps-scores": "One VAE, seven pixel scores, in the style of the thesis' Fig. 3.7",
    "maps-outcomes": "Scans that a ceVAE finds best, as usual and worst, in the style of Fig. 3.13",
    "maps-representations": "What representations find, in the style of Fig. 3.15",
    "maps-parts": "What hierarchical models restore, in the style of Fig. 3.17",
}


def section(folder: Path) -> str:
    """One picture after the other; nothing where none has been drawn."""
    drawn = [picture(name, words) for name, words in PICTURES.items() if (folder / f"{name}.png").exists()]
    if not drawn:
        return ""
    words = """Slices that show most of a scan's anomaly. Maps above each other share one scale, so a dark one
    below a bright one means what it seems to mean; maps beside each other do not."""
    return page_of("## Single slices", text(words), *drawn)
