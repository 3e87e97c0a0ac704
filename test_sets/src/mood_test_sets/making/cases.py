"""Makes one case of a plan: grown, made abnormal, written."""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mood_evaluator.placement import find_affine
from mood_evaluator.test_set import ManifestCase, Task
from mood_test_sets.anomalies.catalogue import (
    CONDITIONS,
    EASES,
    UNGRADED,
    Anomaly,
    Category,
    grow_abnormal,
    grow_sweep,
)  # fmt: skip
from mood_test_sets.anomalies.edit import Edit
from mood_test_sets.cohort_folder import CohortScan
from mood_test_sets.errors import AnomalyDoesNotFit
from mood_test_sets.folders import write_part
from mood_test_sets.growing.anatomy import HEALTHY, Anatomy
from mood_test_sets.growing.subjects import grow, mark
from mood_test_sets.making.plans import CasePlan
from mood_test_sets.nifti import encode_label, encode_levels
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Mask, Volume

__all__ = ["Order", "make_case"]


@dataclass(frozen=True, slots=True)
class Order:
    """All that one process needs to make one case."""

    set_name: str
    plan: CasePlan
    streams: Streams
    side: int
    folder: Path


def make_case(order: Order) -> ManifestCase:
    """Write image and label; return what is known of the case."""
    natural = order.plan.natural
    return _write_natural(order, natural) if natural else _write_case(order, *_grow_case(order))


def _grow_case(order: Order) -> tuple[Volume, Edit | None, Anomaly | None]:
    case, streams, side = order.plan, order.streams, order.side
    if case.sweep is not None:
        edit = grow_sweep(streams, case.subject, side=side, sweep=case.sweep)
        if edit is None:
            return grow(streams, case.subject, side=side), None, None
        return edit.volume, edit, Anomaly(Category.SPHERE, "sphere", edit.difficulty)
    if case.category is None:
        anatomy = _mild(order) if case.mild else HEALTHY
        return grow(streams, case.subject, side=side, anatomy=anatomy, look=case.look), None, None
    edit, anomaly = _grow_fitting(order, _choose(order, case.category))
    return edit.volume, edit, anomaly


def _grow_fitting(order: Order, anomaly: Anomaly) -> tuple[Edit, Anomaly]:
    """What is too small to be seen at this side length is made stronger, level by level."""
    case = order.plan
    for level in range(anomaly.level, EASES):
        with suppress(AnomalyDoesNotFit):
            weak = replace(anomaly, level=level)
            return grow_abnormal(
                order.streams, case.subject, side=order.side, anomaly=weak, look=case.look
            ), weak
    strong = replace(anomaly, level=EASES)
    return grow_abnormal(order.streams, case.subject, side=order.side, anomaly=strong, look=case.look), strong


def _mild(order: Order) -> Anatomy:
    """A condition that only a trained eye would note."""
    rng = order.streams.rng(*order.plan.subject.path, "mild")
    kinds = [kind for kind in CONDITIONS[order.plan.subject.dataset] if kind not in UNGRADED]
    return Anatomy(condition=kinds[int(rng.integers(len(kinds)))], severity=float(rng.uniform(0, 0.15)))


def _choose(order: Order, category: Category) -> Anomaly:
    """The subcategories take turns, and so do the levels of each; the key says which ones begin."""
    choices, (low, high) = order.plan.subcategories, order.plan.levels
    first = order.streams.seed(order.set_name, category)
    chosen = choices[(first + order.plan.turn) % len(choices)]
    steps = order.streams.seed(order.set_name, category, chosen) + order.plan.turn // len(choices)
    return Anomaly(category=category, subcategory=chosen, level=low + steps % (high - low + 1))


def _write_natural(order: Order, scan: CohortScan) -> ManifestCase:
    """A real scan that is abnormal by itself."""
    subject, streams, side = order.plan.subject, order.streams, order.side
    volume = grow(streams, subject, side=side)
    real = subject.scan
    marked = real is not None and real.label is not None
    mask = mark(streams, subject.path, real, side=side) if real is not None and marked else None
    return replace(
        _write_files(order, volume, mask),
        abnormal=True,
        tasks=(Task.SAMPLE, Task.PIXEL) if marked else (Task.SAMPLE,),
        scope="local" if marked else "global",
        origin="natural",
        category=scan.category,
        subcategory=scan.subcategory,
        annotation=scan.note,
    )


def _write_files(order: Order, volume: Volume, mask: Mask | None) -> ManifestCase:
    """A normal case, with a label if there is a mask."""
    case_id = order.streams.case_id(order.set_name, order.plan.key)
    content = encode_levels(volume.levels, extent=volume.extent)
    image, sha256_image = write_part(order.folder, "images", case_id, content)
    label, sha256_label = None, None
    if mask is not None:
        content = encode_label(mask, extent=volume.extent)
        label, sha256_label = write_part(order.folder, "labels", case_id, content)
    return ManifestCase(
        id=case_id,
        image=image,
        label=label,
        shape=(order.side,) * 3,
        abnormal=False,
        tasks=(Task.SAMPLE, Task.PIXEL),
        base_subject=order.plan.subject.name,
        sha256_image=sha256_image,
        sha256_label=sha256_label,
        affine=find_affine(None, order.folder / image, shape=(order.side,) * 3),
    )


def _write_case(order: Order, volume: Volume, edit: Edit | None, anomaly: Anomaly | None) -> ManifestCase:
    case = _write_files(order, volume, edit.mask if edit else None)
    if edit is None or anomaly is None:
        return case
    is_global = anomaly.category.scope == "global"
    return replace(
        case,
        abnormal=True,
        tasks=(Task.SAMPLE,) if is_global else (Task.SAMPLE, Task.PIXEL),
        scope=anomaly.category.scope,
        origin="artificial",
        category=anomaly.category.label,
        subcategory=anomaly.subcategory,
        difficulty=edit.difficulty,
        difficulty_source="effect-size",
        annotation=_describe(edit, graded=order.plan.graded),
    )


def _describe(edit: Edit, *, graded: bool) -> str:
    """What the generator did, as compact JSON: centre and radius in voxels, contrast in 0..1."""
    notes = {**edit.annotation, "effect": round(edit.effect, 5)}
    if graded:  # C1 should be found, C2 could be, C3 is hard without expert knowledge (thesis 4.2.2)
        notes["grade"] = "C1" if edit.difficulty >= 6 else "C2" if edit.difficulty >= 4 else "C3"
    return json.dumps(notes, sort_keys=True, separators=(",", ":"))
