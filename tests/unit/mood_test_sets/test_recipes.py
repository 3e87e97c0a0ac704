"""What the recipes ask for."""

from collections import Counter
from itertools import combinations

import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import Category
from mood_test_sets.recipes import Purpose, Recipe, plan


def test_the_demo_has_training_toy_and_test_sets_of_both_datasets() -> None:
    assert {one.name for one in plan(Recipe.DEMO)} == {
        "train-brain", "train-abdom", "toy-brain", "toy-abdom", "test-brain", "test-abdom",
    }  # fmt: skip


def test_the_demo_test_sets_hold_6_normal_6_local_and_2_global_cases() -> None:
    for one in plan(Recipe.DEMO):
        if one.purpose is Purpose.TEST:
            kinds = Counter(case.category for case in one.cases)
            assert kinds == {
                None: 6,
                Category.IMAGE: 3,
                Category.PATHOLOGY: 3,
                Category.CONDITION: 1,
                Category.ALTERATION: 1,
            }
            assert one.batch_size == 6


@pytest.mark.parametrize("recipe", Recipe)
def test_every_toy_set_is_three_spheres_and_a_normal_case(recipe: Recipe) -> None:
    for one in plan(recipe):
        if one.purpose is Purpose.TOY:
            assert Counter(case.category for case in one.cases) == {Category.SPHERE: 3, None: 1}


@pytest.mark.parametrize("recipe", Recipe)
def test_training_normal_and_base_subjects_are_pairwise_disjoint(recipe: Recipe) -> None:
    sets = [{case.subject for case in one.cases} for one in plan(recipe)]
    assert all(first.isdisjoint(second) for first, second in combinations(sets, 2))
    for one in plan(recipe):
        assert len({case.subject for case in one.cases}) == len(one.cases)


def test_the_number_of_training_cases_can_be_chosen() -> None:
    sizes = {
        one.dataset: len(one.cases) for one in plan(Recipe.MINI, train=3) if one.purpose is Purpose.TRAIN
    }
    assert sizes == {Dataset.BRAIN: 3, Dataset.ABDOM: 3}


def test_cases_of_one_category_take_turns() -> None:
    turns = [
        case.turn for one in plan(Recipe.DEMO) for case in one.cases if case.category is Category.PATHOLOGY
    ]
    assert turns == [0, 1, 2, 0, 1, 2]
