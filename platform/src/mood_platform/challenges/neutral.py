"""Checks that a case file tells a container nothing but its voxels: no names, no dates, no extensions."""

from __future__ import annotations

from pathlib import Path

from mood_evaluator.neutral import find_marks
from mood_platform.errors import Invalid

REMEDY = "Write the test set with mood-test-sets, which neutralises headers."


def check_neutral(path: Path) -> None:
    """Refuse a gzip name or date, header texts and header extensions: they could mark a hidden case."""
    for told in find_marks(path):
        raise Invalid(f"{path}: {told}.", remedy=REMEDY)
