"""Which anomalies there are for which dataset (thesis Fig. 4.1), and how one is put into a subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.alteration import ALTERATIONS, Change
from mood_test_sets.anomalies.corruption import CORRUPTIONS
from mood_test_sets.anomalies.destruction import DESTRUCTIONS
from mood_test_sets.anomalies.drawn_figures import IMAGES
from mood_test_sets.anomalies.edit import (
    Annotation,
    Draw,
    Edit,
    Proposal,
    Rebase,
    box_around,
    difficulty,
    effect,
    grade,
    paint,
    settle,
)  # fmt: skip
from mood_test_sets.anomalies.objects import OBJECTS
from mood_test_sets.anomalies.pathology import BRAIN_PATHOLOGIES, CT_PATHOLOGIES
from mood_test_sets.anomalies.toy import draw_cube, draw_sphere, make_sphere
from mood_test_sets.errors import AnomalyDoesNotFit
from mood_test_sets.growing import abdomen, brain
from mood_test_sets.growing.anatomy import Anatomy, Condition, Look, Push
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.streams import Streams
from mood_test_sets.volume import FULL, Volume, quantize

__all__ = [
    "CONDITIONS", "EASES", "UNGRADED", "Anomaly", "Category", "Sweep", "grow_abnormal", "grow_sweep",
    "subcategories",
]  # fmt: skip

EASES = 8  # as many levels of difficulty


class Category(StrEnum):
    """As a recipe names them; in a manifest both corruptions are `corruption`, told apart by their scope."""

    SPHERE = "sphere"
    CUBE = "cube"
    OBJECT = "object"
    IMAGE = "image"
    PATHOLOGY = "pathology"
    LOCAL_CORRUPTION = "local-corruption"
    CORRUPTION = "global-corruption"
    CONDITION = "condition"
    ALTERATION = "alteration"
    DESTRUCTION = "destruction"

    @property
    def scope(self) -> str:
        return "global" if self in GLOBAL else "local"

    @property
    def label(self) -> str:
        return "corruption" if self in {Category.LOCAL_CORRUPTION, Category.CORRUPTION} else str(self)


GLOBAL = {Category.CORRUPTION, Category.CONDITION, Category.ALTERATION, Category.DESTRUCTION}


@dataclass(frozen=True, slots=True)
class Anomaly:
    category: Category
    subcategory: str
    level: int  # 1 (hardest) to 8: how strong it shall be


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sphere at a fixed place; a radius of 0 leaves the scan as it is."""

    radius: float  # share of the side
    intensity: float  # 0..1


LOCAL: Mapping[Category, Mapping[str, Draw]] = {
    Category.SPHERE: {"sphere": draw_sphere},
    Category.CUBE: {"cube": draw_cube},
    Category.OBJECT: OBJECTS,
    Category.IMAGE: IMAGES,
    Category.LOCAL_CORRUPTION: CORRUPTIONS,
}
PATHOLOGIES = {Dataset.BRAIN: BRAIN_PATHOLOGIES, Dataset.ABDOM: CT_PATHOLOGIES}
ENLARGED = "enlarged"  # a structure of the scan itself that is too large
MASS_EFFECT = {"tumour": 0.35, "bleeding": 0.25, "cyst": 0.3}  # how far tissue is pushed, in radii
CHANGES: Mapping[Category, Mapping[str, Change]] = {
    Category.ALTERATION: ALTERATIONS,
    Category.DESTRUCTION: DESTRUCTIONS,
}
CONDITIONS = {Dataset.BRAIN: brain.CONDITIONS, Dataset.ABDOM: abdomen.CONDITIONS}
UNGRADED = {Condition.INVERSUS, Condition.KIDNEY, Condition.CEREBELLUM}  # there or not
DEFORMATION = "deformation"
BEND = {Dataset.BRAIN: (2.5, 6.5), Dataset.ABDOM: (5.0, 11.0)}  # mm: not seen, just not torn


def subcategories(dataset: Dataset, category: Category) -> tuple[str, ...]:
    if category is Category.PATHOLOGY:
        return (*PATHOLOGIES[dataset], ENLARGED)
    if category is Category.CONDITION:
        return tuple(map(str, CONDITIONS[dataset]))
    if category is Category.CORRUPTION:
        return (DEFORMATION,)
    return tuple(CHANGES[category] if category in CHANGES else LOCAL[category])


def grow_abnormal(
    streams: Streams, subject: Subject, *, side: int, anomaly: Anomaly, look: Look = Look.STANDARD
) -> Edit:
    """The subject with the anomaly in it. Raises AnomalyDoesNotFit."""
    growth = _Growth(streams, subject, side, look)
    path = (*subject.path, "anomaly", anomaly.category, anomaly.subcategory)
    ease = (anomaly.level - streams.rng(*path, "ease").uniform()) / EASES
    if anomaly.category in CHANGES:
        change = CHANGES[anomaly.category][anomaly.subcategory]
        return _alter(growth.base(), change, streams.rng(*path), ease)
    if anomaly.category is Category.CORRUPTION:
        return growth.reshape(Anatomy(bend=grade(ease, *BEND[subject.dataset])), ease)
    if anomaly.category is Category.CONDITION:
        return _with_condition(growth, Condition(anomaly.subcategory), ease)
    if anomaly.subcategory == ENLARGED:
        return paint(streams, path, growth.base(), growth.enlarge, ease=ease)
    push = MASS_EFFECT.get(anomaly.subcategory) if anomaly.category is Category.PATHOLOGY else None
    base = growth.base()
    rebase = growth.rebase(base, push) if push else None
    return paint(streams, path, base, _draw(subject.dataset, anomaly), ease=ease, rebase=rebase)


def _draw(dataset: Dataset, anomaly: Anomaly) -> Draw:
    kinds = PATHOLOGIES[dataset] if anomaly.category is Category.PATHOLOGY else LOCAL[anomaly.category]
    return kinds[anomaly.subcategory]


@dataclass(frozen=True, slots=True)
class _Growth:
    """One subject, with whatever anatomy."""

    streams: Streams
    subject: Subject
    side: int
    look: Look

    def grow(self, anatomy: Anatomy) -> Volume:
        return grow(self.streams, self.subject, side=self.side, anatomy=anatomy, look=self.look)

    def base(self) -> Volume:
        return self.grow(Anatomy())

    def push(self, base: Volume, centre: NDArray[np.int64], radius: float, strength: float) -> Volume:
        """The subject with tissue pushed away from a place; centre and radius in voxels."""
        spacing = np.asarray(base.extent) / base.side
        x, y, z = ((centre + 0.5) / base.side - 0.5) * np.asarray(base.extent)
        push = Push(centre=(x, y, z), radius=float(radius * spacing.mean()), strength=strength)
        return self.grow(Anatomy(pushes=(push,)))

    def rebase(self, base: Volume, strength: float) -> Rebase:
        return lambda centre, radius: self.push(base, centre, 1.3 * radius, strength)

    def enlarge(
        self, _rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float
    ) -> Proposal:
        """What lies around the place is larger than it was; grown anew, so that no grain is stretched."""
        radius = grade(ease, 0.06, 0.15) * base.side
        swollen = self.push(base, centre, 0.55 * radius, grade(ease, 0.35, 0.75))
        box, (x, y, z) = box_around(centre, radius, base.levels.shape)
        inside = x**2 + y**2 + z**2 <= radius**2
        return Proposal(
            box=box,
            values=np.where(inside, swollen.crop(box), base.crop(box)),
            footprint=inside,
            annotation={"radius": round(radius, 3)},
        )

    def reshape(self, anatomy: Anatomy, severity: float) -> Edit:
        """Another anatomy of the whole subject; its severity is its effect size."""
        level = min(EASES, 1 + int(severity * EASES))
        notes: Annotation = {"severity": round(severity, 3)}
        if anatomy.bend:
            notes["bend"] = round(anatomy.bend, 2)
        return Edit(self.grow(anatomy), self.base(), None, notes, severity, level)


def _with_condition(growth: _Growth, condition: Condition, ease: float) -> Edit:
    edit = growth.reshape(Anatomy(condition=condition, severity=ease), ease)
    return edit if condition not in UNGRADED else _measured(edit.base, edit.volume, {})


def _alter(base: Volume, change: Change, rng: np.random.Generator, ease: float) -> Edit:
    values, annotation = change(rng, base, ease)
    moves = "shift" in annotation  # only what wraps around leaves the body
    levels = quantize(values if moves else np.where(base.foreground, values, 0))
    volume = Volume(levels=levels, foreground=base.foreground, extent=base.extent)
    return _measured(base, volume, annotation)


def _measured(base: Volume, changed: Volume, annotation: Annotation) -> Edit:
    """The effect is the mean absolute change in the body."""
    change = np.abs(changed.levels.astype(np.int32) - base.levels)[base.foreground]
    size = effect(float(change.mean()) / FULL, float(base.foreground.mean()))
    return Edit(changed, base, None, annotation, size, difficulty(size))


def grow_sweep(streams: Streams, subject: Subject, *, side: int, sweep: Sweep) -> Edit | None:
    """The subject with a sphere at the subject's own fixed place; None for a radius of 0."""
    base = grow(streams, subject, side=side)
    if sweep.radius == 0:
        return None
    centre = _fixed_place(streams, subject, base)
    sphere = make_sphere(base, centre, radius=sweep.radius * side, intensity=sweep.intensity)
    edit = settle(base, sphere, centre, whole=True)
    if edit is None:
        raise AnomalyDoesNotFit(f"A radius of {sweep.radius * side:g} voxels marks none. Use a larger size.")
    return edit


def _fixed_place(streams: Streams, subject: Subject, base: Volume) -> NDArray[np.int64]:
    """Off the middle of the body, at the same place for every step of the sweep."""
    bounds = [np.flatnonzero(base.foreground.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    shares = streams.rng(*subject.path, "place").uniform(0.4, 0.6, 3)
    return np.array([round(b[0] + share * (b[-1] - b[0])) for b, share in zip(bounds, shares, strict=True)])
