"""The comparisons' test sets: each experiment finds what it names, and no recipe is built twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mood_studies.study.orderings.experiments import EXPERIMENTS
from mood_studies.study.orderings.sets import RECIPES, SHARES, build_sets


def test_every_set_that_an_experiment_names_has_a_recipe_and_a_share() -> None:
    for experiment in EXPERIMENTS:
        for name in filter(None, (experiment.train, experiment.test, experiment.tuning)):
            assert RECIPES[name] in SHARES


def test_only_what_the_experiments_need_is_built_and_once(tmp_path: Path) -> None:
    told: list[Sequence[str]] = []
    wanted = [e for e in EXPERIMENTS if e.key in ("scores", "slices", "hierarchy")]
    build_sets(tmp_path, wanted, told.append)
    assert [words[2] for words in told] == ["shifted", "synth-objects", "train"]
    assert all("--not-hidden" in words for words in told)
