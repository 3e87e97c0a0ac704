"""From a contest to files that `mood-evaluate` ranks: the same ranks as on the board."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Task
from mood_evaluator.cli import main
from mood_evaluator.runs import ScoredRun
from mood_platform.db.engine import Sessions
from mood_platform.leaderboards.export import export
from mood_platform.leaderboards.service import draft
from mood_platform.models import Challenge, Submission
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import exclude
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration

QUALITIES = {"good": 0.9, "fair": 0.25, "poor": 0.1}


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    made = Contest(make_platform(sessions, store, tmp_path / "sets", cases=6), tmp_path / "sets")
    for name, quality in QUALITIES.items():
        team = made.join(name, reference=name == "poor")
        made.enter(team, quality=0.2)  # an older one, which does not count
        made.enter(team, quality=quality)
    made.run()
    return made


def exported(contest: Contest, folder: Path) -> list[Path]:
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        return export(tx, challenge=challenge, folder=folder, store=contest.platform.store, scored_runs=True)


def board(contest: Contest) -> dict[str, Any]:
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        return draft(tx, challenge=challenge, task=Task.PIXEL, store=contest.platform.store).to_json()


def test_each_file_has_the_score_of_the_board(contest: Contest, tmp_path: Path) -> None:
    files = [path for path in exported(contest, tmp_path / "out") if path.suffix == ".zip"]
    assert sorted(path.name for path in files) == sorted(
        f"{team}-pixel-test-{dataset}.zip" for team in QUALITIES for dataset in ("brain", "abdom")
    )
    runs = {(run.team, run.test_set): run for run in map(ScoredRun.load, files)}
    for row in board(contest)["rows"]:
        for dataset, cell in row["datasets"].items():
            run = runs[row["team"].title(), f"test-{dataset}"]
            assert run.result.score == pytest.approx(cell["score"], abs=5e-5)
            assert run.eligible == (row["team"] != "poor")
            assert run.edition.title == "A tiny edition"


def test_the_command_line_ranks_them_as_the_board_does(contest: Contest, tmp_path: Path) -> None:
    files = [str(path) for path in exported(contest, tmp_path / "out") if path.suffix == ".zip"]
    written = tmp_path / "ranks.json"
    assert main(["rank", *files, "--json", str(written)]) == 0
    found = json.loads(written.read_text())["rankings"]
    of_board = {row["team"].title(): row["rank"] for row in board(contest)["rows"] if row["rank"]}
    assert of_board == {"Good": 1, "Fair": 2}
    for name in ("test-brain", "test-abdom"):
        assert {row["algorithm"]: row["rank"] for row in found[name]} == of_board


def test_one_run_a_team_counts(contest: Contest, tmp_path: Path) -> None:
    exported(contest, tmp_path / "out")
    with (tmp_path / "out" / "runs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["standing"] for row in rows if row["counts"] == "True") == [
        "ranked",
        "ranked",
        "reference",
    ]
    assert len(rows) == 2 * len(QUALITIES)


def test_an_excluded_teams_run_is_listed_without_a_rank(contest: Contest, tmp_path: Path) -> None:
    submission = contest.enter(contest.join("cheat"), quality=1.0)
    contest.run()
    with contest.platform.open() as tx:
        row = tx.session.get_one(Submission, submission.id)
        exclude(tx, submission=row, reason="It read the labels of the toy cases.", actor="o@example.org")
    files = [path for path in exported(contest, tmp_path / "out") if path.name.startswith("cheat-")]
    assert {ScoredRun.load(path).eligible for path in files} == {False}
