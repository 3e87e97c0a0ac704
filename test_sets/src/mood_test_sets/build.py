"""Builds the test sets of a recipe, cases in parallel; a folder is put in place whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.test_set import Case, Task, TestSet, load_test_set, save_test_set
from mood_test_sets.anomalies.catalogue import Anomaly, Category, grow_abnormal, subcategories
from mood_test_sets.anomalies.edit import Edit
from mood_test_sets.checking import find_problems
from mood_test_sets.cohort import SOURCE_SUBJECTS, grow
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.nifti import encode_label, encode_levels
from mood_test_sets.recipes import CasePlan, SetPlan
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Volume

__all__ = ["GENERATOR_VERSION", "Built", "build", "draw_batchings", "write_part"]

GENERATOR_VERSION = "1"  # raised whenever a recipe with the same key would give other bytes


@dataclass(frozen=True, slots=True)
class Built:
    folder: Path
    test_set: TestSet
    kept: bool  # it was there already


@dataclass(frozen=True, slots=True)
class _Order:
    """All that one process needs to make one case."""

    set_name: str
    plan: CasePlan
    streams: Streams
    side: int
    folder: Path


def build(
    plans: Sequence[SetPlan],
    out: Path,
    *,
    streams: Streams,
    side: int,
    recipe: str,
    jobs: int = 1,
    on_case: Callable[[str], None] | None = None,
) -> list[Built]:
    """Make `out/<name>` for every plan; complete folders of the same recipe and key are kept.

    `on_case` hears the name of the set whenever one more of its cases is there.
    """
    kept = {plan.name: _find_kept(plan, out / plan.name, streams, f"{recipe} {side}") for plan in plans}
    fresh = [plan for plan in plans if kept[plan.name] is None]
    for plan in fresh:
        _open_partial(_partial(out, plan))
    orders = [
        _Order(plan.name, case, streams, side, _partial(out, plan)) for plan in fresh for case in plan.cases
    ]
    cases: dict[str, list[Case]] = {plan.name: [] for plan in plans}
    for name, case in _make_all(orders, jobs):
        cases[name].append(case)
        if on_case is not None:
            on_case(name)
    for plan in fresh:
        kept[plan.name] = _finish(plan, out, cases[plan.name], streams, f"{recipe} {side}")
    return [built for built in kept.values() if built is not None]


def _make_all(orders: list[_Order], jobs: int) -> Iterator[tuple[str, Case]]:
    if jobs == 1 or len(orders) < 2:
        yield from map(_make_case, orders)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_make_case, order) for order in orders]
        try:
            yield from (future.result() for future in as_completed(waiting))
        finally:
            pool.shutdown(cancel_futures=True)


def _make_case(order: _Order) -> tuple[str, Case]:
    subject, category = order.plan.subject, order.plan.category
    if category is None:
        volume: Volume = grow(order.streams, subject, side=order.side)
        return order.set_name, _write_case(order, volume)
    anomaly = _choose(order, category)
    edit = grow_abnormal(order.streams, subject, side=order.side, anomaly=anomaly)
    return order.set_name, _write_case(order, edit.volume, edit=edit, anomaly=anomaly)


def _choose(order: _Order, category: Category) -> Anomaly:
    """The subcategories take turns; the key says which one begins."""
    choices = subcategories(order.plan.subject.dataset, category)
    first = order.streams.seed(order.set_name, category)
    return Anomaly(category=category, subcategory=choices[(first + order.plan.turn) % len(choices)])


def _write_case(
    order: _Order, volume: Volume, *, edit: Edit | None = None, anomaly: Anomaly | None = None
) -> Case:
    case_id = order.streams.case_id(order.set_name, order.plan.subject.name)
    image, sha256_image = write_part(
        order.folder, "images", case_id, encode_levels(volume.levels, extent=volume.extent)
    )
    label, sha256_label = None, None
    if edit is not None and edit.mask is not None:
        content = encode_label(edit.mask, extent=volume.extent)
        label, sha256_label = write_part(order.folder, "labels", case_id, content)
    is_global = anomaly is not None and anomaly.category.scope == "global"
    return Case(
        id=case_id,
        image=image,
        label=label,
        shape=(order.side,) * 3,
        abnormal=edit is not None,
        tasks=(Task.SAMPLE,) if is_global else (Task.SAMPLE, Task.PIXEL),
        scope=anomaly.category.scope if anomaly else None,
        origin="artificial" if anomaly else "none",
        category=str(anomaly.category) if anomaly else None,
        subcategory=anomaly.subcategory if anomaly else None,
        difficulty=edit.difficulty if edit else None,
        difficulty_source="effect-size" if edit else None,
        base_subject=order.plan.subject.name,
        annotation=_describe(edit) if edit else None,
        sha256_image=sha256_image,
        sha256_label=sha256_label,
    )


def write_part(folder: Path, kind: str, case_id: str, content: bytes) -> tuple[str, str]:
    """Write `images/<id>.nii.gz` or `labels/<id>.nii.gz`; return its relative path and SHA-256."""
    path = folder / kind / f"{case_id}.nii.gz"
    path.write_bytes(content)
    return f"{kind}/{path.name}", hashlib.sha256(content).hexdigest()


def _describe(edit: Edit) -> str:
    """What the generator did, as compact JSON: centre and radius in voxels, contrast in 0..1."""
    return json.dumps(
        {**edit.annotation, "effect": round(edit.effect, 5)}, sort_keys=True, separators=(",", ":")
    )


def _partial(out: Path, plan: SetPlan) -> Path:
    return out / f".{plan.name}.partial"


def _open_partial(folder: Path) -> None:
    """An empty folder, whatever an earlier, interrupted build left there."""
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)


def _finish(plan: SetPlan, out: Path, cases: list[Case], streams: Streams, recipe: str) -> Built:
    cases.sort(key=lambda case: case.id)  # random ids: the order tells nothing
    test_set = TestSet(
        name=plan.name,
        dataset=plan.dataset,
        purpose=plan.purpose,
        recipe=recipe,
        generator_version=GENERATOR_VERSION,
        source_subjects=SOURCE_SUBJECTS[plan.dataset],
        cases=tuple(cases),
        batchings=draw_batchings(cases, name=plan.name, size=plan.batch_size, streams=streams),
        secret_sha256=streams.secret_sha256,
        not_hidden=not streams.hidden,
    )
    save_test_set(test_set, _partial(out, plan))
    _partial(out, plan).rename(out / plan.name)
    return Built(folder=out / plan.name, test_set=test_set, kept=False)


def draw_batchings(
    cases: Iterable[Case], *, name: str, size: int | None, streams: Streams
) -> tuple[Batching, ...]:
    """The official batching of the pixel cases and an independent one; none without abnormal voxels."""
    has_positive = {case.id: case.label is not None for case in cases if Task.PIXEL in case.tasks}
    if size is None or not any(has_positive.values()):
        return ()
    return tuple(
        draw_batching(has_positive, size=size, seed=str(streams.seed(name, use)))
        for use in ("official", "second")
    )


def _find_kept(plan: SetPlan, folder: Path, streams: Streams, recipe: str) -> Built | None:
    """The test set in the folder if it is whole and what the plan would make; None if there is none."""
    if not folder.exists():
        return None
    remedy = f"Remove {folder} or choose another folder."
    try:
        found = load_test_set(folder)
    except EvaluatorError as reason:
        raise FolderOccupied(f"{folder} holds something else ({reason}) {remedy}") from None
    ids = sorted(streams.case_id(plan.name, case.subject.name) for case in plan.cases)
    same = [case.id for case in found.cases] == ids and (found.recipe, found.generator_version) == (
        recipe,
        GENERATOR_VERSION,
    )
    if not same or found.secret_sha256 != streams.secret_sha256:
        raise FolderOccupied(f"{folder} holds a test set of another recipe, size, number or secret. {remedy}")
    if problems := find_problems(folder):
        raise FolderOccupied(f"{folder} is damaged: {problems[0]} {remedy}")
    return Built(folder=folder, test_set=found, kept=True)
