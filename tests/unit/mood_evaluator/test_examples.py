"""Every example in a docstring gives what it says, and the main functions have one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import mood_evaluator
from mood_evaluator import tables

MODULES = [
    module.name
    for module in pkgutil.walk_packages(mood_evaluator.__path__, "mood_evaluator.")
    if not {"cli", "report", "compiled"} & set(module.name.split("."))
]
SHOWN = """
    average_precision average_precision_from_histogram StreamingAveragePrecision Evidence.of Curve.of
    clean_scores rank average_ranks mean_ranks consensus as_published draw_batching score_sample_dataset
    sample_replicates
"""
SHOWN_TABLES = "ScoreTable rank_table bootstrap_table combine_rankings"


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize(
    ("place", "names"), [(mood_evaluator, SHOWN.split()), (tables, SHOWN_TABLES.split())]
)
def test_the_main_functions_teach_by_an_example(place: object, names: list[str]) -> None:
    for name in names:
        found = place
        for part in name.split("."):
            found = getattr(found, part)
        assert ">>>" in (inspect.getdoc(found) or ""), name
