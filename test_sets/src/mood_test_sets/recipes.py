"""Which test sets a recipe makes, and which subject with which kind of anomaly each of their cases is."""

from dataclasses import dataclass
from enum import StrEnum

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import Category
from mood_test_sets.cohort import Role, Subject

__all__ = ["CasePlan", "Purpose", "Recipe", "SetPlan", "plan"]


class Purpose(StrEnum):
    TRAIN = "train"
    TOY = "toy"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class CasePlan:
    subject: Subject
    category: Category | None = None  # None: a normal case
    turn: int = 0  # how many cases of the category come before; the subcategories take turns


@dataclass(frozen=True, slots=True)
class SetPlan:
    name: str
    dataset: Dataset
    purpose: Purpose
    cases: tuple[CasePlan, ...]
    batch_size: int | None = None  # None: no batchings


@dataclass(frozen=True, slots=True)
class Amounts:
    """Cases per dataset; every toy set is three spheres and one normal case (thesis 4.1.1)."""

    train: int
    normal: int
    abnormal: tuple[Category, ...]
    batch_size: int


class Recipe(StrEnum):
    DEMO = "demo"
    MINI = "mini"


AMOUNTS = {
    Recipe.DEMO: Amounts(
        train=24,
        normal=6,
        abnormal=(Category.IMAGE,) * 3
        + (Category.PATHOLOGY,) * 3
        + (Category.CONDITION, Category.ALTERATION),
        batch_size=6,
    ),
    Recipe.MINI: Amounts(
        train=8, normal=2, abnormal=(Category.IMAGE, Category.PATHOLOGY, Category.ALTERATION), batch_size=4
    ),
}
TOYS = (Category.SPHERE, Category.SPHERE, Category.SPHERE, None)


def plan(recipe: Recipe, *, train: int | None = None) -> tuple[SetPlan, ...]:
    """Training, toy and test set of each dataset; `train` overrides the number of training cases."""
    amounts = AMOUNTS[recipe]
    return tuple(
        _plan_set(dataset, purpose, amounts, amounts.train if train is None else train)
        for purpose in Purpose
        for dataset in Dataset
    )


def _plan_set(dataset: Dataset, purpose: Purpose, amounts: Amounts, train: int) -> SetPlan:
    match purpose:
        case Purpose.TRAIN:
            cases = _plan_cases(dataset, Role.TRAIN, (None,) * train)
        case Purpose.TOY:
            cases = _plan_cases(dataset, Role.TOY, TOYS)
        case Purpose.TEST:
            cases = _plan_cases(dataset, Role.NORMAL, (None,) * amounts.normal)
            cases += _plan_cases(dataset, Role.BASE, amounts.abnormal)
    sizes = {Purpose.TRAIN: None, Purpose.TOY: len(TOYS), Purpose.TEST: amounts.batch_size}
    return SetPlan(
        name=f"{purpose}-{dataset}",
        dataset=dataset,
        purpose=purpose,
        cases=cases,
        batch_size=sizes[purpose],
    )


def _plan_cases(
    dataset: Dataset, role: Role, categories: tuple[Category | None, ...]
) -> tuple[CasePlan, ...]:
    return tuple(
        CasePlan(
            subject=Subject(dataset=dataset, role=role, index=index),
            category=category,
            turn=categories[:index].count(category),
        )
        for index, category in enumerate(categories)
    )
