"""Scored runs side by side: official ranking, consensus, who depends on whom, and how sure it is."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mood_evaluator import CaseScore, Evidence, Task, draw_batching
from mood_evaluator.cli import main
from mood_evaluator.dataset_result import score_cases
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.runs import ScoredRun, Standings, bootstrap_runs, find_reversals, gather_runs

IDS = [f"c{index:02}" for index in range(12)]
ABNORMAL = {name: index % 2 == 1 for index, name in enumerate(IDS)}
BATCHINGS = tuple(draw_batching(ABNORMAL, size=6, seed=seed) for seed in (1, 2))


def sample_run(team: str, test_set: str, quality: float) -> ScoredRun:
    random = np.random.default_rng([len(test_set), 7])
    noise = dict(zip(IDS, random.random(len(IDS)), strict=True))
    scores = {name: quality * ABNORMAL[name] + (1 - quality) * noise[name] for name in IDS}
    cases = {name: CaseScore(valid=True, score=float(score)) for name, score in scores.items()}
    result = score_cases(task=Task.SAMPLE, abnormal=ABNORMAL, batchings=(), case_scores=cases)
    return ScoredRun(team, Task.SAMPLE, test_set, "d", "float32", result, ABNORMAL, cases)


def pixel_run(team: str, test_set: str, quality: float) -> ScoredRun:
    random = np.random.default_rng([len(test_set), 8])
    cases = {}
    for name in IDS:
        labels = random.random(400) < (0.1 if ABNORMAL[name] else 0)
        scores = np.clip(random.random(400) * (1 - quality) + quality * labels, 0, 1)
        cases[name] = CaseScore(valid=True, evidence=Evidence.of(scores, labels))
    result = score_cases(
        task=Task.PIXEL,
        abnormal=ABNORMAL,
        batchings=BATCHINGS,
        case_scores=cases,
        precision=Quantizer.TWO_SIDED,
    )
    return ScoredRun(
        team, Task.PIXEL, test_set, "d", "two-sided", result, ABNORMAL, cases, batchings=BATCHINGS
    )


def fixed(
    scores: Mapping[str, Mapping[str, float | None]], second: Mapping[str, float] | None = None
) -> Standings:
    """Return standings with these scores, by test set and team."""
    return _Fixed(Task.SAMPLE, {name: {} for name in scores}, scores, second or {})


class _Fixed(Standings):
    def __init__(self, task: Task, sets: Any, scores: Any, second: Any) -> None:
        super().__init__(task, sets)
        object.__setattr__(self, "_scores", scores)
        object.__setattr__(self, "_second", second)

    __slots__ = ("_scores", "_second")

    def scores(self, test_set: str) -> dict[str, float | None]:
        return dict(self._scores[test_set])

    def second_scores(self, test_set: str) -> dict[str, float | None]:
        return dict(self._scores[test_set]) | dict(self._second)


def test_a_team_that_is_missing_on_a_test_set_ranks_last_there() -> None:
    runs = [sample_run("A", "brain", 0.9), sample_run("B", "brain", 0.1), sample_run("B", "abdom", 0.5)]
    standings = gather_runs(runs)
    assert standings.scores("abdom")["A"] is None
    assert standings.rankings() == {"brain": {"A": 1, "B": 2}, "abdom": {"A": 2, "B": 1}}
    assert standings.consensus() == ({"A": 1, "B": 1}, {"A": 1.5, "B": 1.5})


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([sample_run("A", "brain", 0.9), pixel_run("B", "brain", 0.9)], "Compare runs of one task"),
        ([sample_run("A", "brain", 0.9), sample_run("A", "brain", 0.8)], "two runs on brain"),
        ([], "no scored runs of an eligible team"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(runs: list[ScoredRun], words: str) -> None:
    with pytest.raises(EvaluatorError, match=words):
        gather_runs(runs)


def test_different_forms_of_a_test_set_are_refused() -> None:
    run = sample_run("B", "brain", 0.5)
    other = ScoredRun("A", run.task, "brain", "other", "float32", run.result, ABNORMAL, run.cases)
    with pytest.raises(EvaluatorError, match="different forms of brain"):
        gather_runs([run, other])


def test_runs_of_two_scoring_versions_are_refused() -> None:
    old = replace(sample_run("B", "brain", 0.5), scoring_version=1)
    with pytest.raises(EvaluatorError, match="scoring version 1, A by 3"):
        gather_runs([sample_run("A", "brain", 0.9), old])


def test_a_pair_that_depends_on_a_third_team_gets_a_row() -> None:
    """Brain: A > C > B; abdomen: B > A > C. Without C, A and B are level; without A, so are B and C."""
    scores = {"brain": {"A": 0.9, "C": 0.8, "B": 0.7}, "abdom": {"B": 0.9, "A": 0.8, "C": 0.7}}
    found = find_reversals(fixed(scores))
    assert [(row.ahead, row.behind, row.without) for row in found] == [("B", "C", "A"), ("A", "B", "C")]


def test_a_pair_that_the_second_batching_turns_round_gets_a_row() -> None:
    found = find_reversals(fixed({"brain": {"A": 0.9, "B": 0.8}}, second={"A": 0.7}))
    assert [(row.ahead, row.behind, row.without) for row in found] == [("A", "B", "the first batching")]


def test_clear_rankings_have_no_reversal() -> None:
    scores = {"A": 0.9, "B": 0.8, "C": 0.7}
    assert find_reversals(fixed({"brain": scores, "abdom": scores})) == []


@pytest.mark.parametrize("make", [sample_run, pixel_run])
def test_a_better_team_wins_most_draws_and_the_numbers_fit_the_draws(make: Any) -> None:
    sets = ("brain", "abdomen")
    runs = [
        make(team, name, quality) for name in sets for team, quality in (("A", 0.9), ("B", 0.45), ("C", 0.1))
    ]
    found = bootstrap_runs(gather_runs(runs), n=200, seed=1)
    document = found.to_json()
    rows = {row["algorithm"]: row for row in document["tasks"]["brain"]["algorithms"]}
    assert rows["A"]["wins"] > 0.9 > rows["C"]["wins"]
    low, high = rows["B"]["score_interval"]
    assert low <= rows["B"]["score"] <= high
    assert (rows["A"]["whole_set_interval"] is None) == (make is sample_run)
    assert document["consensus"]["algorithms"][0]["algorithm"] == "A"
    assert not np.array_equal(found.sets["brain"].replicates, found.sets["abdomen"].replicates)
    again = bootstrap_runs(gather_runs(runs), n=200, seed=1).to_json()
    assert again == document


def test_the_draws_do_not_depend_on_which_teams_take_part() -> None:
    runs = {
        team: sample_run(team, "brain", quality) for team, quality in (("A", 0.9), ("B", 0.5), ("C", 0.1))
    }
    columns = [
        bootstrap_runs(gather_runs([runs[team] for team in teams]), n=30, seed=4).sets["brain"]
        for teams in permutations("ABC", 2)
        if "A" in teams
    ]
    ofs = [part.replicates[:, part.stability.algorithms.index("A")] for part in columns]
    assert all(np.array_equal(ofs[0], other) for other in ofs)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    made = []
    for name in ("brain", "abdomen"):
        for team, quality in (("A", 0.45), ("B", 0.3), ("C", 0.1)):
            path = tmp_path / f"{team}-{name}.zip"
            pixel_run(team, name, quality).save(path)
            made.append(str(path))
    return made


def test_rank_tells_scores_consensus_agreement_and_batches(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["rank", *paths, "--json", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [row["algorithm"] for row in found["rankings"]["brain"]] == ["A", "B", "C"]
    assert found["consensus"][0] == {"algorithm": "A", "value": 1.0, "rank": 1}
    assert found["kendall_tau_b"] == {"brain|abdomen": 1.0}
    assert found["batching_agreement"] == {"brain": 1.0, "abdomen": 1.0}
    assert found["reversals"] == []
    pairs = found["significance_over_batches_of_the_first_batching"]["brain"]["pairs"]
    assert len(pairs) == 6
    assert "Kendall's tau-b of the two batchings of brain: 1.0" in capsys.readouterr().out


def test_stability_tells_intervals_and_significance(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["stability", *paths, "--bootstraps", "200", "--json", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found) == {"schema", "ranked_by", "tasks", "consensus"}
    assert len(found["tasks"]["brain"]["significance"]["pairs"]) == 3
    shown = capsys.readouterr().out
    assert "A over C" in shown
    assert "Consensus: 200 draws" in shown


def test_a_team_without_a_result_on_one_test_set_is_last_there_in_every_draw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [pixel_run(team, test_set, 0.5) for team in "AB" for test_set in ("brain", "abdom")]
    none = replace(runs[0].result, score=None, official=None, validation=None, whole_set_ap=None)
    paths = [str(tmp_path / f"{number}.zip") for number in range(4)]
    for path, run in zip(paths, [replace(runs[0], result=none), *runs[1:]], strict=True):
        run.save(path)
    assert main(["stability", *paths, "--bootstraps", "20", "--json", str(tmp_path / "out.json")]) == 0
    rows = json.loads((tmp_path / "out.json").read_text())["tasks"]["brain"]["algorithms"]
    assert {row["algorithm"]: row["ranks"] for row in rows}["A"] == [2] * 20
    assert "no result" in capsys.readouterr().out


def test_an_interval_that_does_not_hold_its_score_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(tmp_path / f"{team}.zip") for team in "AB"]
    for path, quality in zip(paths, (0.6, 0.3), strict=True):
        run = pixel_run(Path(path).stem, "brain", quality)
        off = replace(run.result, score=(run.result.score or 0) - 0.2 * (quality == 0.3))
        replace(run, result=off).save(Path(path))
    assert main(["stability", *paths, "--bootstraps", "100"]) == 0
    assert capsys.readouterr().out.count("(not the score)") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rank", "a.zip", "b.csv"], "not a mixture"),
        (["rank", "a.csv", "b.csv"], "not a mixture"),
        (["rank", "a.zip", "--smaller-is-better"], "official rule"),
        (["rank", "a.zip", "--scheme", "median-then-rank"], "official rule"),
        (["rank", "a.zip"], "no scored run"),
        (["stability", "a.zip", "--draws", "d.json"], "leave --draws out"),
        (["stability", "a.zip", "--bootstraps", "0"], "from 1 to"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["score", "evidence", "rank", "stability"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"mood-evaluate {command}" in capsys.readouterr().out
