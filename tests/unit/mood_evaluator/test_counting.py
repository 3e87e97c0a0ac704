"""Toy cases and sweeps move no official rank, and who is not ranked must fit all the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import CaseScore, Dataset, Task, score_cases
from mood_evaluator.cli import main
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs import Ground, ScoredRun, count_runs, gather_runs

ABNORMAL = {f"c{number}": number % 2 == 1 for number in range(8)}


def sample_run(team: str, test_set: str, quality: float) -> ScoredRun:
    cases = {
        name: CaseScore(valid=True, score=quality * abnormal + (1 - quality) * number / 8)
        for number, (name, abnormal) in enumerate(ABNORMAL.items())
    }
    result = score_cases(task=Task.SAMPLE, abnormal=ABNORMAL, batchings=(), case_scores=cases)
    return ScoredRun(team, Task.SAMPLE, test_set, "d", "float32", result, ABNORMAL, cases)


def run(team: str, test_set: str, quality: float, dataset: Dataset, purpose: str) -> ScoredRun:
    made = sample_run(team, test_set, quality)
    return replace(made, ground=Ground(dataset=dataset, purpose=purpose))


def contest() -> list[ScoredRun]:
    """A leads on the test sets, B on toy cases and in a sweep."""
    kinds = (("test", 0.9, 0.2), ("toy", 0.1, 0.9), ("size-sweep", 0.1, 0.9))
    return [
        run(team, f"{purpose}-{dataset}", quality, dataset, purpose)
        for dataset in (Dataset.BRAIN, Dataset.ABDOM)
        for purpose, *qualities in kinds
        for team, quality in zip("AB", qualities, strict=True)
    ]


def test_toy_cases_and_sweeps_stand_beside_the_ranking() -> None:
    counted = count_runs(contest())
    assert list(counted.standings.sets) == ["test-brain", "test-abdom"]
    assert counted.standings.consensus() == ({"A": 1, "B": 2}, {"A": 1.0, "B": 2.0})
    assert counted.beside == ("toy-brain", "toy-abdom", "size-sweep-brain", "size-sweep-abdom")


@pytest.mark.parametrize("command", [["rank"], ["stability", "--bootstraps", "5"]])
def test_the_commands_leave_them_out_and_say_so(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(runs: list[ScoredRun]) -> tuple[Any, str]:
        paths = [tmp_path / f"{number}.zip" for number in range(len(runs))]
        for path, one in zip(paths, runs, strict=True):
            one.save(path)
        out = tmp_path / "out.json"
        assert main([*command, *map(str, paths), "--json", str(out)]) == 0
        return json.loads(out.read_text(encoding="utf-8")), capsys.readouterr().err

    alone, _ = found([one for one in contest() if one.ground.purpose == "test"])
    mixed, said = found(contest())
    assert mixed == alone
    assert "toy-brain, toy-abdom, size-sweep-brain, size-sweep-abdom: left out, for toy cases" in said


def test_toy_cases_alone_are_ranked() -> None:
    toy = [one for one in contest() if one.ground.purpose == "toy"]
    counted = count_runs(toy)
    assert (list(counted.standings.sets), counted.beside) == (["toy-brain", "toy-abdom"], ())


def test_two_test_sets_of_one_dataset_have_no_consensus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / f"{name}.zip" for name in ("one", "two")]
    for path in paths:
        run("A", path.stem, 0.5, Dataset.BRAIN, "test").save(path)
    assert main(["rank", *map(str, paths)]) == 2
    assert "one and two are all test sets of brain, which a consensus counts once" in capsys.readouterr().err
    for path in paths:
        sample_run("A", path.stem, 0.5).save(path)  # nobody said of what they are
    assert main(["rank", *map(str, paths)]) == 0


def test_a_set_whose_teams_are_all_outside_the_ranking_is_not_beside_it() -> None:
    runs = [replace(one, eligible=one.ground.purpose == "test") for one in contest()]
    assert count_runs(runs).beside == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scoring_version": 1}, "scoring version"),
        ({"precision": "two-sided"}, "two-sided"),
        ({"test_set_digest": "other"}, "different forms of brain"),
        ({"team": "A"}, "A has two runs on brain"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_run_outside_the_ranking_must_fit_too(
    changes: dict[str, Any],
    words: str,
    turned: bool,
) -> None:
    runs = [sample_run("A", "brain", 0.9), sample_run("B", "brain", 0.5)]
    other = replace(sample_run("C", "brain", 0.5), eligible=False)
    assert [one.team for one in gather_runs([*runs, other]).others] == ["C"]
    wrong = [*runs, replace(other, **changes)]
    with pytest.raises(EvaluatorError, match=words):
        gather_runs(wrong[::-1] if turned else wrong)
