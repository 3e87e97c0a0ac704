"""Builds the test sets of a recipe, cases in parallel; a folder is put in place whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_evaluator.errors import EvaluatorError
from mood_evaluator.test_set import Manifest, ManifestCase, load_test_set, save_test_set
from mood_test_sets.batchings import draw_batchings
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.growing.subjects import SOURCE_SUBJECTS
from mood_test_sets.making.cases import Order, make_case
from mood_test_sets.making.plans import CasePlan, SetPlan
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.parallel import run_all
from mood_test_sets.streams import Streams

__all__ = ["GENERATOR_VERSION", "Built", "build"]

RECORDS, MARK = "records", "mark.json"  # while a set is being built
GENERATOR_VERSION = "2"  # raised whenever a recipe with the same key would give other bytes


@dataclass(frozen=True, slots=True)
class Built:
    folder: Path
    test_set: Manifest
    kept: bool  # it was there already


def build(
    plans: Sequence[SetPlan],
    out: Path,
    *,
    streams: Streams,
    side: int,
    recipe: str,
    jobs: int = 1,
    on_case: Callable[[str], None] = lambda _name: None,
) -> list[Built]:
    """Make `out/<name>` for every plan; complete folders of the same recipe and key are kept.

    A build that was killed goes on with the cases it has. `on_case` hears the name of the set whenever one
    more of its cases is there.
    """
    labels = {plan.name: _label(plan, recipe, side) for plan in plans}
    kept = {plan.name: _find_kept(plan, out / plan.name, streams, labels[plan.name]) for plan in plans}
    fresh = [plan for plan in plans if kept[plan.name] is None]
    cases: dict[str, list[ManifestCase]] = {}
    for plan in fresh:
        cases[plan.name] = _open_partial(_partial(out, plan), _mark(labels[plan.name], streams))
        for _ in cases[plan.name]:
            on_case(plan.name)
    orders = [
        Order(plan.name, case, streams, side, _partial(out, plan))
        for plan in fresh
        for case in _missing(plan, cases[plan.name], streams)
    ]
    for name, case in run_all(_make_and_record, orders, jobs=jobs):
        cases[name].append(case)
        on_case(name)
    for plan in fresh:
        kept[plan.name] = _finish(plan, out, cases[plan.name], streams, labels[plan.name])
    return [built for built in kept.values() if built is not None]


def _label(plan: SetPlan, recipe: str, side: int) -> str:
    """Name, side and a digest of what is to be made: a changed recipe is another one."""
    return f"{recipe} {side} {hashlib.sha256(repr(plan).encode()).hexdigest()[:12]}"


def _missing(plan: SetPlan, done: Iterable[ManifestCase], streams: Streams) -> list[CasePlan]:
    have = {case.id for case in done}
    return [case for case in plan.cases if streams.case_id(plan.name, case.key) not in have]


def _make_and_record(order: Order) -> tuple[str, ManifestCase]:
    """What is known of a case is written last: a case without it is made again."""
    case = make_case(order)
    record = order.folder / RECORDS / f"{case.id}.json"
    record.with_suffix(".new").write_text(json.dumps(case.to_json()), encoding="utf-8")
    record.with_suffix(".new").rename(record)
    return order.set_name, case


def _partial(out: Path, plan: SetPlan) -> Path:
    return out / f".{plan.name}.partial"


def _mark(label: str, streams: Streams) -> str:
    return json.dumps([label, GENERATOR_VERSION, streams.secret_sha256])


def _open_partial(folder: Path, mark: str) -> list[ManifestCase]:
    """The cases that an interrupted build of the same plan and key left; else an empty folder."""
    mark_file = folder / MARK
    if mark_file.is_file() and mark_file.read_text(encoding="utf-8") == mark:
        records = sorted((folder / RECORDS).glob("*.json"))
        return [ManifestCase.from_json(json.loads(record.read_text(encoding="utf-8"))) for record in records]
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("images", "labels", RECORDS):
        (folder / kind).mkdir(parents=True)
    mark_file.write_text(mark, encoding="utf-8")
    return []


def _finish(plan: SetPlan, out: Path, cases: list[ManifestCase], streams: Streams, recipe: str) -> Built:
    cases.sort(key=lambda case: case.id)  # random ids: the order tells nothing
    test_set = Manifest(
        name=plan.name,
        dataset=plan.dataset,
        purpose=plan.purpose,
        recipe=recipe,
        generator_version=GENERATOR_VERSION,
        source_subjects=plan.source_subjects or SOURCE_SUBJECTS[plan.dataset],
        cases=tuple(cases),
        batchings=draw_batchings(cases, name=plan.name, size=plan.batch_size, streams=streams),
        secret_sha256=streams.secret_sha256,
        not_hidden=not streams.hidden,
    )
    save_test_set(test_set, _partial(out, plan))
    shutil.rmtree(_partial(out, plan) / RECORDS)
    (_partial(out, plan) / MARK).unlink()
    _partial(out, plan).rename(out / plan.name)
    return Built(folder=out / plan.name, test_set=test_set, kept=False)


def _find_kept(plan: SetPlan, folder: Path, streams: Streams, recipe: str) -> Built | None:
    """The test set in the folder if it is whole and what the plan would make; None if there is none."""
    if not folder.exists():
        return None
    remedy = f"Remove {folder} or choose another folder."
    try:
        found = load_test_set(folder)
    except EvaluatorError as reason:
        raise FolderOccupied(f"{folder} holds something else ({reason}) {remedy}") from None
    ids = sorted(streams.case_id(plan.name, case.key) for case in plan.cases)
    same = [case.id for case in found.cases] == ids and (found.recipe, found.generator_version) == (
        recipe,
        GENERATOR_VERSION,
    )
    if not same or found.secret_sha256 != streams.secret_sha256:
        raise FolderOccupied(f"{folder} holds a test set of another recipe, size, number or secret. {remedy}")
    if problems := find_problems(folder):
        raise FolderOccupied(f"{folder} is damaged: {problems[0]} {remedy}")
    return Built(folder=folder, test_set=found, kept=True)
