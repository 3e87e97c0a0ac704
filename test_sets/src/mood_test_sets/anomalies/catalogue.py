"""Which anomalies there are for which dataset, and how one is put into a subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.alteration import Alteration, add_ghosts, add_noise, blur, invert
from mood_test_sets.anomalies.edit import Edit, Recipe, effect, paint
from mood_test_sets.anomalies.pathology import (
    draw_brain_lesions,
    draw_brain_tumour,
    draw_ct_lesions,
    draw_ct_tumour,
)
from mood_test_sets.anomalies.picture import draw_gorilla
from mood_test_sets.anomalies.sphere import draw_sphere
from mood_test_sets.brain import BrainCondition
from mood_test_sets.cohort import Subject, grow
from mood_test_sets.streams import Streams
from mood_test_sets.volume import FULL, Volume, quantize

__all__ = ["Anomaly", "Category", "grow_abnormal", "subcategories"]


class Category(StrEnum):
    SPHERE = "sphere"
    IMAGE = "image"
    PATHOLOGY = "pathology"
    CONDITION = "condition"
    ALTERATION = "alteration"

    @property
    def scope(self) -> str:
        return "global" if self in {Category.CONDITION, Category.ALTERATION} else "local"


@dataclass(frozen=True, slots=True)
class Anomaly:
    category: Category
    subcategory: str


LOCAL: Mapping[tuple[Dataset, Category], Mapping[str, Recipe]] = {
    (Dataset.BRAIN, Category.SPHERE): {"sphere": draw_sphere},
    (Dataset.BRAIN, Category.IMAGE): {"gorilla": draw_gorilla},
    (Dataset.BRAIN, Category.PATHOLOGY): {"tumour": draw_brain_tumour, "lesions": draw_brain_lesions},
    (Dataset.ABDOM, Category.SPHERE): {"sphere": draw_sphere},
    (Dataset.ABDOM, Category.IMAGE): {"gorilla": draw_gorilla},
    (Dataset.ABDOM, Category.PATHOLOGY): {"tumour": draw_ct_tumour, "lesions": draw_ct_lesions},
}
ALTERATIONS: Mapping[str, Alteration] = {
    "blur": blur,
    "noise": add_noise,
    "ghosts": add_ghosts,
    "inversion": invert,
}
CONDITIONS = {Dataset.BRAIN: tuple(BrainCondition), Dataset.ABDOM: ("situs-inversus",)}


def subcategories(dataset: Dataset, category: Category) -> tuple[str, ...]:
    if category is Category.ALTERATION:
        return tuple(ALTERATIONS)
    if category is Category.CONDITION:
        return tuple(map(str, CONDITIONS[dataset]))
    return tuple(LOCAL[dataset, category])


def grow_abnormal(streams: Streams, subject: Subject, *, side: int, anomaly: Anomaly) -> Edit:
    """The subject with the anomaly in it; without it, it is `grow(streams, subject, side=side)`."""
    base = grow(streams, subject, side=side)
    rng = streams.rng(*subject.path, "anomaly", anomaly.category, anomaly.subcategory)
    if anomaly.category.scope == "local":
        return paint(rng, base, LOCAL[subject.dataset, anomaly.category][anomaly.subcategory])
    if anomaly.category is Category.ALTERATION:
        values, annotation = ALTERATIONS[anomaly.subcategory](rng, base)
        levels = quantize(np.where(base.foreground, values, 0))
        return Edit(
            volume=Volume(levels=levels, foreground=base.foreground, extent=base.extent),
            mask=None,
            annotation=annotation,
            effect=_global_effect(base, levels),
        )
    changed = _with_condition(streams, subject, base, anomaly.subcategory)
    return Edit(volume=changed, mask=None, annotation={}, effect=_global_effect(base, changed.levels))


def _with_condition(streams: Streams, subject: Subject, base: Volume, condition: str) -> Volume:
    if subject.dataset is Dataset.BRAIN:
        return grow(streams, subject, side=base.side, condition=BrainCondition(condition))
    return Volume(
        levels=base.levels[::-1].copy(), foreground=base.foreground[::-1].copy(), extent=base.extent
    )


def _global_effect(base: Volume, levels: np.typing.NDArray[np.uint16]) -> float:
    change = np.abs(levels.astype(np.int32) - base.levels)[base.foreground]
    return effect(float(change.mean()) / FULL, base.foreground.mean())
