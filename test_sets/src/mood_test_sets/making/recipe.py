"""Recipes: one YAML each that says which test sets to make, and how many cases of what."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import Category, Sweep, subcategories
from mood_test_sets.errors import InvalidRecipe
from mood_test_sets.growing.anatomy import Look
from mood_test_sets.growing.subjects import Role, Subject
from mood_test_sets.making.plans import CasePlan, SetPlan

__all__ = ["PUBLIC_PURPOSES", "Recipe", "known_recipes", "load_recipe", "plan"]

SCHEMA = "mood-recipe/1"
PUBLIC_PURPOSES = {"train", "toy", "validation"}  # participants may have them; all others are hidden
ROLES = {"train": Role.TRAIN, "toy": Role.TOY}
FIELDS = {
    "recipe": {"schema", "about", "size", "demonstration", "sets"},
    "set": {"name", "purpose", "batch_size", "cases"},
    "normal": {"normal", "look", "mild"},
    "category": {"category", "subcategory", "count", "each", "difficulty", "look", "graded"},
    "sweep": {"sweep", "from", "to", "steps", "radius", "intensity"},
}


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    about: str
    size: int  # voxels along each side, unless told otherwise
    demonstration: bool  # may be built without a secret
    sets: tuple[Mapping[str, Any], ...]
    sha256: str  # of the file

    @property
    def hidden(self) -> list[str]:
        """Names of the sets that only a secret keeps hidden."""
        return [one["name"] for one in self.sets if one["purpose"] not in PUBLIC_PURPOSES]


def known_recipes() -> list[Recipe]:
    """Those that ship with the package."""
    folder = files("mood_test_sets.making") / "recipes"
    names = sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".yaml"))
    return [load_recipe(name) for name in names]


def load_recipe(name: str) -> Recipe:
    """A recipe that ships with the package, or the path of a YAML file. Raises InvalidRecipe."""
    shipped = files("mood_test_sets.making") / "recipes" / f"{name}.yaml"
    source = shipped if "/" not in name and shipped.is_file() else Path(name)
    try:
        content = source.read_bytes()
        document = yaml.safe_load(content)
    except OSError as reason:
        remedy = "Name a YAML file or one that `mood-test-sets recipes` lists."
        raise InvalidRecipe(f"There is no recipe {name} ({reason.strerror}). {remedy}") from None
    except yaml.YAMLError as reason:
        raise InvalidRecipe(f"{name} is no YAML: {reason}. Mend the line it names.") from None
    return _read(document, Path(name).stem, hashlib.sha256(content).hexdigest())


def _read(document: Any, name: str, sha256: str) -> Recipe:
    _check_fields(document, "recipe", name, needed={"schema", "sets"})
    if document["schema"] != SCHEMA:
        raise InvalidRecipe(f"{name}: schema is {document['schema']!r}. This version reads {SCHEMA}.")
    for one in document["sets"]:
        _check_fields(one, "set", name, needed={"name", "purpose", "cases"})
        for line in one["cases"]:
            place = f"{name}: {one['name']}"
            kind = next((kind for kind in ("normal", "category", "sweep") if kind in line), None)
            if kind is None:
                raise InvalidRecipe(f"{place}: {line} is neither normal, category nor sweep. Name one.")
            _check_fields(line, kind, place, needed={kind})
    return Recipe(
        name=name,
        about=str(document.get("about", "")),
        size=int(document.get("size", 128)),
        demonstration=bool(document.get("demonstration", False)),
        sets=tuple(document["sets"]),
        sha256=sha256,
    )


def _check_fields(found: Any, kind: str, place: str, *, needed: set[str]) -> None:
    if not isinstance(found, dict):
        raise InvalidRecipe(f"{place}: a {kind} is a mapping, not {found!r}. See a shipped recipe.")
    if missing := needed - set(found):
        raise InvalidRecipe(f"{place}: {', '.join(sorted(missing))} is missing. Add it.")
    if unknown := set(found) - FIELDS[kind]:
        known = ", ".join(sorted(FIELDS[kind]))
        raise InvalidRecipe(f"{place}: {', '.join(sorted(unknown))} is unknown. Known are {known}.")


def plan(
    recipe: Recipe,
    *,
    datasets: Sequence[Dataset] = tuple(Dataset),
    train: int | None = None,
    share: float = 1.0,
    bases: int = 1,
) -> tuple[SetPlan, ...]:
    """One plan per set and dataset.

    `train` overrides the number of training cases; `share` scales every number, but leaves at least one;
    `bases` are the subjects of a sweep.
    """
    return tuple(
        _Planner(one, dataset, recipe.name, train, share, bases).plan()
        for one in recipe.sets
        for dataset in datasets
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    """One set of one dataset."""

    document: Mapping[str, Any]
    dataset: Dataset
    recipe: str
    train: int | None
    share: float
    bases: int

    def plan(self) -> SetPlan:
        lines = self.document["cases"]
        abnormal = [case for line in lines for case in self._abnormal(line)]
        normal = [case for line in lines if "normal" in line for case in self._normal(line, len(abnormal))]
        name, purpose = str(self.document["name"]), str(self.document["purpose"])
        cases = self._number(normal, self._role("normal")) + self._number(abnormal, self._role("base"))
        if purpose in ROLES:  # training and toy subjects are of one role each
            cases = self._number([*normal, *abnormal], self._role(purpose))
        return SetPlan(
            name=f"{name}-{self.dataset}",
            dataset=self.dataset,
            purpose=purpose,
            cases=cases,
            batch_size=self.document.get("batch_size"),
        )

    def _role(self, use: str) -> str:
        """No two sets of different names share a subject."""
        name = str(self.document["name"])
        usual = name in ("train", "toy", "test")
        return use if usual else f"{name}-{use}"

    def _number(self, cases: Sequence[CasePlan], role: str) -> tuple[CasePlan, ...]:
        """Every case gets a subject of its own; the steps of a sweep share one."""
        numbered = []
        for index, case in enumerate(cases):
            own = case.subject.index if case.sweep else index
            numbered.append(replace(case, subject=Subject(self.dataset, role, own)))
        return tuple(numbered)

    def _normal(self, line: Mapping[str, Any], abnormal: int) -> Iterator[CasePlan]:
        wanted = line["normal"]
        count = abnormal if wanted == "balanced" else self._count(wanted)
        if self.train is not None and self.document["purpose"] == "train":
            count = self.train
        mild = round(float(line.get("mild", 0)) * count)
        for turn in range(count):
            yield CasePlan(
                self._nobody(), turn=turn, look=Look(line.get("look", "standard")), mild=turn < mild
            )

    def _abnormal(self, line: Mapping[str, Any]) -> Iterator[CasePlan]:
        if "sweep" in line:
            yield from self._sweep(line)
        if "category" not in line:
            return
        category = self._category(line)
        kinds = self._subcategories(line, category)
        count = (
            self._count(line["each"]) * len(kinds) if "each" in line else self._count(line.get("count", 1))
        )
        low, high = line.get("difficulty", (1, 8))
        for turn in range(count):
            yield CasePlan(
                self._nobody(),
                category=category,
                subcategories=kinds,
                turn=turn,
                levels=(int(low), int(high)),
                look=Look(line.get("look", "standard")),
                graded=bool(line.get("graded", False)),
            )

    def _category(self, line: Mapping[str, Any]) -> Category:
        try:
            return Category(line["category"])
        except ValueError:
            known = ", ".join(Category)
            wrong = f"{self.recipe}: category {line['category']!r} is unknown."
            raise InvalidRecipe(f"{wrong} Known are {known}.") from None

    def _subcategories(self, line: Mapping[str, Any], category: Category) -> tuple[str, ...]:
        known = subcategories(self.dataset, category)
        wanted = line.get("subcategory", known)
        chosen = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        for one in chosen:
            if one not in known:
                what = f"{self.recipe}: {category} has no subcategory {one!r} for {self.dataset}."
                raise InvalidRecipe(f"{what} Known are {', '.join(known)}.")
        return chosen

    def _sweep(self, line: Mapping[str, Any]) -> Iterator[CasePlan]:
        values = np.linspace(float(line["from"]), float(line["to"]), int(line["steps"]))
        for base in range(self.bases):
            subject = Subject(dataset=self.dataset, role="sweep", index=base)
            for turn, value in enumerate(values.round(6).tolist()):
                sweep = (
                    Sweep(radius=value, intensity=float(line["intensity"]))
                    if line["sweep"] == "radius"
                    else Sweep(radius=float(line["radius"]), intensity=value)
                )
                yield CasePlan(subject, category=Category.SPHERE, turn=turn, sweep=sweep)

    def _count(self, wanted: Any) -> int:
        number = wanted[self.dataset] if isinstance(wanted, dict) else wanted
        return max(1, round(int(number) * self.share))

    def _nobody(self) -> Subject:
        return Subject(dataset=self.dataset, role="", index=0)
