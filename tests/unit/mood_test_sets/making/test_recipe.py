"""What the recipes ask for."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import GLOBAL, Category
from mood_test_sets.errors import InvalidRecipe
from mood_test_sets.making.plans import SetPlan
from mood_test_sets.making.recipe import known_recipes, load_recipe, plan

NAMES = [recipe.name for recipe in known_recipes()]


def plan_one(name: str, dataset: Dataset = Dataset.BRAIN, **options: float) -> SetPlan:
    return plan(load_recipe(name), datasets=[dataset], **options)[-1]  # type: ignore[arg-type]


def count(one: SetPlan) -> Counter[Category | None]:
    return Counter(case.category for case in one.cases)


def test_the_demo_has_training_toy_and_test_sets_of_both_datasets() -> None:
    assert {one.name for one in plan(load_recipe("demo"))} == {
        "train-brain", "train-abdom", "toy-brain", "toy-abdom", "test-brain", "test-abdom",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "scans", "pixel", "train"), [(Dataset.BRAIN, 688, 542, 800), (Dataset.ABDOM, 599, 358, 550)]
)
def test_the_full_test_sets_have_the_sizes_of_the_thesis(
    dataset: Dataset, scans: int, pixel: int, train: int
) -> None:
    one = plan_one("test", dataset)
    assert len(one.cases) == scans
    assert sum(case.category not in GLOBAL for case in one.cases) == pixel
    assert 0.49 < count(one)[None] / scans < 0.51
    assert len(plan_one("train", dataset).cases) == train


@pytest.mark.parametrize("name", ["demo", "mini", "toy"])
def test_every_toy_set_is_three_spheres_and_a_normal_case(name: str) -> None:
    toys = [one for one in plan(load_recipe(name)) if one.purpose == "toy"]
    assert len(toys) == 2
    assert all(count(one) == {Category.SPHERE: 3, None: 1} for one in toys)


def test_the_proxies_are_those_of_the_thesis() -> None:
    assert count(plan_one("toyish")) == {Category.SPHERE: 50, Category.CUBE: 50, None: 100}
    assert count(plan_one("validation")) == {Category.SPHERE: 100, None: 100}


@pytest.mark.parametrize("dataset", Dataset)
def test_the_analysis_set_is_balanced_to_the_case(dataset: Dataset) -> None:
    one = plan_one("analysis", dataset)
    kinds = Counter(
        (case.category, case.turn % len(case.subcategories)) for case in one.cases if case.category
    )
    assert set(kinds.values()) == {20}
    assert 2 * count(one)[None] == len(one.cases)


def test_the_sweeps_have_the_steps_of_the_thesis() -> None:
    radii = [case.sweep.radius * 256 for case in plan_one("size-sweep").cases if case.sweep]
    assert radii == pytest.approx([5 * step for step in range(17)], abs=1e-3)
    levels = [case.sweep.intensity for case in plan_one("contrast-sweep").cases if case.sweep]
    assert levels == pytest.approx([step / 20 for step in range(21)])
    assert len({case.subject for case in plan_one("size-sweep", bases=3).cases}) == 3
    assert len(plan_one("size-sweep", bases=3).cases) == 51


def test_a_population_has_84_findings_in_5084_and_some_mild_conditions_in_training() -> None:
    train, test = plan(load_recipe("population"), datasets=[Dataset.BRAIN])
    assert count(test) == {Category.PATHOLOGY: 84, None: 5000}
    assert sum(case.mild for case in train.cases) == 240
    assert len(plan_one("population", share=0.1).cases) == 508


@pytest.mark.parametrize("name", NAMES)
def test_no_subject_serves_twice(name: str) -> None:
    for dataset in Dataset:
        sets = [{case.subject for case in one.cases} for one in plan(load_recipe(name), datasets=[dataset])]
        assert all(first.isdisjoint(second) for first, second in combinations(sets, 2))
        for one in plan(load_recipe(name), datasets=[dataset]):
            assert len({case.key for case in one.cases}) == len(one.cases)


def test_no_recipe_of_one_purpose_shares_subjects_with_another() -> None:
    sets = [
        {case.subject for case in one.cases}
        for name in NAMES
        if name not in ("demo", "mini")
        for one in plan(load_recipe(name), share=0.02)
    ]
    assert all(first.isdisjoint(second) for first, second in combinations(sets, 2))


def test_all_but_demonstrations_need_a_secret_for_hidden_sets() -> None:
    hidden = {one.name for one in known_recipes() if one.hidden and not one.demonstration}
    assert hidden == set(NAMES) - {"demo", "mini", "train", "toy", "validation"}


def test_the_number_of_training_cases_can_be_chosen() -> None:
    sizes = {
        one.dataset: len(one.cases) for one in plan(load_recipe("mini"), train=3) if one.purpose == "train"
    }
    assert sizes == {Dataset.BRAIN: 3, Dataset.ABDOM: 3}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("schema: mood-recipe/9\nsets: []", "mood-recipe/9"),
        ("schema: mood-recipe/1\nsets: []\ncolour: red", "colour is unknown"),
        ("schema: mood-recipe/1\nsets: [{name: a, purpose: test}]", "cases is missing"),
        ("schema: mood-recipe/1\nsets: [{name: a, purpose: test, cases: [{count: 3}]}]", "neither normal"),
        (
            "schema: mood-recipe/1\nsets: [{name: a, purpose: test, cases: [{category: ufo}]}]",
            "'ufo' is unknown",
        ),
        (
            "schema: mood-recipe/1\nsets: [{name: a, purpose: b, cases: [{category: cube, subcategory: x}]}]",
            "no subcategory 'x'",
        ),
        ("{", "no YAML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place_and_a_remedy(
    tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(content)
    with pytest.raises(InvalidRecipe, match=told):
        plan(load_recipe(str(file)))


def test_an_unknown_recipe_names_the_command_that_lists_them() -> None:
    with pytest.raises(InvalidRecipe, match="recipes"):
        load_recipe("nothing")
