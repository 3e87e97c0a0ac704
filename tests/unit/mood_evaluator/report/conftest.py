"""Contests in small, and what the report makes of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from made_contest import EDITION, Wanted, make_contest

from mood_evaluator.cli import main
from mood_evaluator.report import MeasuredSet, Report, build_report
from mood_evaluator.runs import ScoredRun


def folders_of(home: Path) -> list[Path]:
    """Return those of the test sets."""
    return [path for path in sorted(home.glob("t*-*")) if path.is_dir()]


def load(home: Path, *, draws: int = 40) -> Report:
    sets = [MeasuredSet.load(path) for path in folders_of(home)]
    runs = [ScoredRun.load(path) for path in sorted(home.glob("*.zip"))]
    return build_report(runs, sets, bootstraps=draws, seed=1, date="2026-10-01")


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with seven ranked teams and another, 40 scans and 8 toy cases of each anatomy.

    Its runs carry all that stands beside the score.
    """
    home = tmp_path_factory.mktemp("eight")
    make_contest(Wanted(home, teams=8, cases=40, edition=EDITION, extras=True))
    return home


@pytest.fixture(scope="session")
def eight_report(eight: Path) -> Report:
    return load(eight)


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two teams and ten scans of each anatomy, of which nobody said anything."""
    home = tmp_path_factory.mktemp("two")
    make_contest(Wanted(home, teams=2, cases=10, toy=False, silent=True, maps=False))
    return home


@pytest.fixture(scope="session")
def written(eight: Path) -> Path:
    """Return the folder of the report that the command writes of the eight."""
    sets = [part for path in folders_of(eight) for part in ("--test-set", str(path))]
    folders = {name: eight / "predictions" / name / "0" for name in ("test-brain", "test-abdom")}
    given = [f"Heidelberg Imaging@{name}={folder}" for name, folder in folders.items()]
    maps = [part for one in given for part in ("--predictions", one)]
    runs = sorted(map(str, eight.glob("*.zip")))
    out = eight / "out"
    assert (
        main(["report", *runs, *sets, *maps, "--out", str(out), "--bootstraps", "40", "--title", "A <b> & c"])
        == 0
    )
    return out
