"""The manifest of a test set: its cases, their truth and their batchings (`test_set.json`)."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mood_evaluator.batches import Batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.errors import InvalidTestSet, UndefinedScore
from mood_evaluator.fields import REBUILD, Fields
from mood_evaluator.placement import Affine, as_affine

SCHEMA = "mood-test-set/1"
MANIFEST = "test_set.json"
_SCOPES = (None, "local", "global")
_ORIGINS = ("natural", "artificial", "none")


class Task(StrEnum):
    """What is scored: one number per scan, or one per voxel."""

    SAMPLE = "sample"
    PIXEL = "pixel"


class Dataset(StrEnum):
    """An anatomy with its modality: brain MRI or abdominal CT."""

    BRAIN = "brain"
    ABDOM = "abdom"

    @property
    def order(self) -> int:
        """Its place wherever several are shown: brain before abdomen."""
        return [*Dataset].index(self)

    @property
    def anatomy(self) -> str:
        """As a title: Brain, Abdomen."""
        return {Dataset.BRAIN: "Brain", Dataset.ABDOM: "Abdomen"}[self]


@dataclass(frozen=True, slots=True)
class ManifestCase:
    """One volume and its truth. Paths are relative to the test set's folder."""

    id: str
    image: str
    label: str | None  # None: no voxel is marked (normal, or a global anomaly)
    shape: tuple[int, int, int]  # voxels
    abnormal: bool
    tasks: tuple[Task, ...]
    scope: str | None = None  # local | global; None for a normal scan
    origin: str = "none"  # natural | artificial; none for a normal scan
    category: str | None = None
    subcategory: str | None = None
    difficulty: int | None = None  # 1 = hardest
    difficulty_source: str | None = None
    base_subject: str | None = None
    annotation: str | None = None  # how the mask came about
    sha256_image: str = ""
    sha256_label: str | None = None
    affine: Affine | None = None  # of the image; manifests from before do not tell it

    def to_json(self) -> dict[str, Any]:
        document = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        document |= {"shape": list(self.shape), "tasks": [str(task) for task in self.tasks]}
        document |= {"sha256": {"image": self.sha256_image, "label": self.sha256_label}}
        return document if self.affine is None else document | {"affine": [*map(list, self.affine)]}

    @classmethod
    def from_json(cls, document: Any, *, place: str = "case") -> "ManifestCase":
        fields = Fields.of(document, place)
        sha256 = Fields.of(fields.value("sha256"), f"{place}.sha256")
        return cls(
            id=fields.text("id"),
            image=fields.text("image"),
            label=fields.optional_text("label"),
            shape=_read_shape(fields),
            abnormal=fields.truth("abnormal"),
            tasks=fields.choices("tasks", Task),
            scope=fields.optional_text("scope"),
            origin=fields.text("origin"),
            category=fields.optional_text("category"),
            subcategory=fields.optional_text("subcategory"),
            difficulty=fields.optional_whole("difficulty"),
            difficulty_source=fields.optional_text("difficulty_source"),
            base_subject=fields.optional_text("base_subject"),
            annotation=fields.optional_text("annotation"),
            sha256_image=sha256.text("image"),
            sha256_label=sha256.optional_text("label"),
            affine=None if document.get("affine") is None else _read_affine(fields),
        )


_PLAIN_FIELDS = (
    "id", "image", "label", "abnormal", "scope", "origin", "category", "subcategory",
    "difficulty", "difficulty_source", "base_subject", "annotation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """A versioned, immutable collection of cases of one dataset for one purpose."""

    name: str
    dataset: Dataset
    purpose: str
    recipe: str
    generator_version: str
    source_subjects: int  # real people behind the cases
    cases: tuple[ManifestCase, ...]
    batchings: tuple[Batching, ...] = ()  # of the pixel cases: the official one, then the validating one
    secret_sha256: str | None = None
    not_hidden: bool = False  # True: anybody can regenerate the labels

    def __post_init__(self) -> None:
        """Refuse a test set that cannot be scored as it says."""
        for place, problem in _find_problems(self):
            raise InvalidTestSet(f"{self.name}: {place}", problem, REBUILD)

    @property
    def digest(self) -> str:
        return canonical_digest(self._content())

    def for_task(self, task: Task) -> tuple[ManifestCase, ...]:
        return tuple(case for case in self.cases if task in case.tasks)

    def without(self, case_ids: Collection[str], *, task: Task) -> "Manifest":
        """The cases of one Task but these, each in its batch as before; itself if it has none of them.

        Raises UndefinedScore where nothing abnormal would be left, BatchingImpossible where a batch of the
        pixel task would have no abnormal voxel.
        """
        mine = self.for_task(task)
        left = tuple(case for case in mine if case.id not in case_ids)
        if len(left) == len(mine):
            return self
        if not any(case.abnormal for case in left):
            raise UndefinedScore(f"{self.name} would have no abnormal case of the {task} task.")
        has_positive = {case.id: case.label is not None for case in mine}
        batchings = self.batchings if task is Task.PIXEL else ()
        return replace(
            self,
            cases=left,
            batchings=tuple(one.without(case_ids, has_positive=has_positive) for one in batchings),
        )

    def to_json(self) -> dict[str, Any]:
        return {**self._content(), "digest": self.digest}

    def _content(self) -> dict[str, Any]:
        hidden = {"not_hidden": True} if self.not_hidden else {"secret_sha256": self.secret_sha256}
        return {
            "schema": SCHEMA,
            "name": self.name,
            "dataset": str(self.dataset),
            "purpose": self.purpose,
            "recipe": self.recipe,
            "generator_version": self.generator_version,
            "source_subjects": self.source_subjects,
            **hidden,
            "batchings": [batching.to_json() for batching in self.batchings],
            "cases": [case.to_json() for case in self.cases],
        }

    @classmethod
    def from_json(cls, document: Any, *, place: str = MANIFEST) -> "Manifest":
        """Read a manifest; errors name `place` and the field."""
        fields = Fields.of(document, place)
        if fields.value("schema") != SCHEMA:
            raise fields.fail("schema", f"{SCHEMA} is expected, not {fields.value('schema')!r}")
        test_set = cls(
            name=fields.text("name"),
            dataset=fields.choice("dataset", Dataset),
            purpose=fields.text("purpose"),
            recipe=fields.text("recipe"),
            generator_version=fields.text("generator_version"),
            source_subjects=fields.whole("source_subjects"),
            cases=tuple(
                ManifestCase.from_json(item.document, place=item.place) for item in fields.objects("cases")
            ),
            batchings=tuple(
                Batching.from_json(item.document, place=item.place) for item in fields.objects("batchings")
            ),
            secret_sha256=fields.optional_text("secret_sha256"),
            not_hidden="not_hidden" in document and fields.truth("not_hidden"),
        )
        if document.get("digest", test_set.digest) != test_set.digest:
            raise fields.fail("digest", "the digest does not fit the content, so one of them was changed")
        return test_set


def load_test_set(folder: Path | str) -> Manifest:
    """Read `folder/test_set.json`."""
    path = Path(folder) / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidTestSet(str(path), f"the manifest cannot be read ({error})", REBUILD) from error
    return Manifest.from_json(document, place=str(path))


def save_test_set(test_set: Manifest, folder: Path | str) -> Path:
    """Write `folder/test_set.json` and return its path."""
    path = Path(folder) / MANIFEST
    path.write_text(json.dumps(test_set.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _read_shape(fields: Fields) -> tuple[int, int, int]:
    match fields.items("shape"):
        case [int(x), int(y), int(z)] if min(x, y, z) > 0:
            return x, y, z
        case other:
            raise fields.fail("shape", f"three positive whole numbers are expected, not {other!r}")


def _read_affine(fields: Fields) -> Affine:
    try:
        rows = np.array(fields.items("affine"), np.float64)
        affine = as_affine(rows) if rows.shape == (3, 4) else None
    except (TypeError, ValueError):
        affine = None
    if affine is None:
        raise fields.fail("affine", "three rows of four numbers that give a voxel a volume are expected")
    return affine


def _find_problems(test_set: Manifest) -> Iterable[tuple[str, str]]:
    if test_set.not_hidden and test_set.secret_sha256:
        yield "not_hidden", "a test set built with a secret cannot be marked as not hidden"
    repeated = [
        case_id for case_id, count in Counter(case.id for case in test_set.cases).items() if count > 1
    ]
    if repeated:
        yield "cases", f"the id {repeated[0]} appears more than once"
    for index, case in enumerate(test_set.cases):
        yield from ((f"cases[{index}].{name}", problem) for name, problem in _find_case_problems(case))
    pixel_ids = sorted(case.id for case in test_set.for_task(Task.PIXEL))
    for index, batching in enumerate(test_set.batchings):
        if sorted(batching.case_ids) != pixel_ids:
            yield f"batchings[{index}]", "each case of the pixel task must be in exactly one batch"


def _find_case_problems(case: ManifestCase) -> Iterable[tuple[str, str]]:
    for name, path in (("image", case.image), ("label", case.label)):
        if path is not None and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
            yield name, f"the path {path!r} leaves the folder of the test set"
    if case.scope not in _SCOPES:
        yield "scope", f"local, global or null is expected, not {case.scope!r}"
    if case.origin not in _ORIGINS:
        yield "origin", f"one of {', '.join(_ORIGINS)} is expected, not {case.origin!r}"
    if case.label is None and case.abnormal and Task.PIXEL in case.tasks:
        yield "tasks", "an abnormal case without a label cannot be in the pixel task"
