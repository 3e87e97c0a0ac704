"""Turns the platform's export into the numbers and figures of the study's page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mood_evaluator import Manifest, load_test_set
from mood_evaluator.plots import LIGHT, heat_maps, slices_to_show
from mood_evaluator.report import teams_by_rank
from mood_reference.methods import ABOUT, MethodName
from mood_reference.weights import load_weights
from mood_studies.study.contest.ingredients import is_trained, weights_of
from mood_studies.study.numbers.boards import (
    Boards,
    board,
    draw_all,
    proxies,
    run_times,
    standings_of,
    toy_scores,
)
from mood_studies.study.numbers.kinds import kinds, sweeps
from mood_studies.study.numbers.scored import Row, Scored, load_scored, read_table, save_all
from mood_studies.study.page import figures
from mood_studies.study.scale import DATASETS, TASKS, Scale, title_of

SCHEMA = "mood-study-platform/1"
NUMBERS = "platform.json"
MACHINE = ("cpu", "cores")


def collect(place: Path, files: Path, docs: Path, *, scale: Scale, failed: Mapping[str, str]) -> None:
    """Write `platform.json` and the figures into `docs`, and the scored runs into `place`."""
    sets = load_sets(place / "test-sets")
    scored = load_scored(place / "export", files, sets)
    save_all(scored, place / "scored")
    document = measure(place, scored, sets, scale=scale, failed=failed)
    docs.mkdir(parents=True, exist_ok=True)
    (docs / NUMBERS).write_text(json.dumps(rounded(document), indent=1, ensure_ascii=False) + "\n")
    figures.draw_all(document, docs)
    draw_heat_maps(scored, sets, place, docs)


def rounded(value: Any) -> Any:
    """More decimals than anybody reads would only make the file long."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


def load_sets(folder: Path) -> dict[str, Manifest]:
    manifests = [load_test_set(path.parent) for path in sorted(folder.glob("*/test_set.json"))]
    return {manifest.name: manifest for manifest in manifests}


def measure(
    place: Path,
    scored: Sequence[Scored],
    sets: Mapping[str, Manifest],
    *,
    scale: Scale,
    failed: Mapping[str, str],
) -> Row:
    export = place / "export"
    tables = {name: read_table(export, name) for name in ("submissions", "runs", "case_runs")}
    trivial = [about.title for about in ABOUT.values() if about.trivial]
    drawn, published = draw_all(scored), newest_boards(export)
    boards = {task: board(task, document, drawn[task], sets) for task, document in published.items()}
    return {
        "schema": SCHEMA,
        "made": making(place, scale, tables["runs"], published, sets)
        | {"methods": sorted({one.run.team for one in scored}), "failed": dict(failed)},
        "training": [training(method) for method in scale.methods if is_trained(method)],
        "boards": boards,
        "proxy": proxies(drawn),
        "sweeps": sweeps(scored, sets, left_out=trivial),
        "kinds": kinds(scored, sets, left_out=trivial),
        "trivial": trivial,
        "times": run_times(**tables),
        "toy": toy_scores(scored),
    }


def newest_boards(export: Path) -> Boards:
    found = {}
    for task in TASKS:
        versions = [
            (int(path.stem.rpartition("-")[2]), path) for path in export.glob(f"leaderboards/{task}-*")
        ]
        if versions:
            found[task] = json.loads(max(versions)[1].read_text())
    return found


def making(
    place: Path, scale: Scale, runs: Sequence[Row], boards: Boards, sets: Mapping[str, Manifest]
) -> dict[str, Any]:
    """How it was made: commands, test sets, limits, hours, class of machine."""
    nodes = [node for document in boards.values() for node in document["node_classes"]]
    known = json.loads((place / "memory.json").read_text())
    machines = {tuple(node.get(name) for name in MACHINE) for node in nodes}
    return {
        "scale": scale.name,
        "commands": known.get("commands", {}).get(scale.name, [scale.command]),
        "side": scale.side,
        "seconds": known.get("seconds", {}),
        "machines": [dict(zip(MACHINE, machine, strict=True)) for machine in sorted(machines, key=str)],
        "limits": runs[-1]["limits"] if runs else {},
        "test_sets": [described(one) for one in sets.values()],
    }


def described(one: Manifest) -> Row:
    counts = {
        str(task): [len(cases := one.for_task(task)), sum(case.abnormal for case in cases)]
        for task in sorted({task for case in one.cases for task in case.tasks})
    }
    return {"name": one.name, "cases": counts, "subjects": one.source_subjects, "not_hidden": one.not_hidden}


def training(method: str) -> Row:
    """Of both Datasets together."""
    headers = [load_weights(path).header.trained for path in weights_of(method)]
    return {
        "method": method,
        "title": title_of(method),
        "section": ABOUT[MethodName(method)].section,
        "profile": headers[0].get("profile"),
        "seconds": sum(float(one.get("seconds", 0)) for one in headers),
        "megabytes": sum(path.stat().st_size for path in weights_of(method)) / 1e6,
    }


def draw_heat_maps(scored: Sequence[Scored], sets: Mapping[str, Manifest], place: Path, docs: Path) -> None:
    """Fig. 4.2 and 4.3, by the evaluator's own function."""
    standings = standings_of(scored, "pixel", ("challenge",))
    for dataset in DATASETS:
        name, path = f"test-{dataset}", docs / f"heat-maps-{dataset}.png"
        path.unlink(missing_ok=True)
        if standings is not None and name in standings.sets:
            folders = {
                one.run.team: lay_out(one, sets[name], place / "predictions")
                for one in scored
                if (one.run.test_set, one.run.task, one.stage) == (name, "pixel", "challenge")
            }
            teams = [team for team in teams_by_rank(standings, name) if team in folders][: figures.TEAMS]
            folder = place / "test-sets" / name
            if teams:
                drawn = heat_maps(
                    slices_to_show(standings, sets[name], folder, most=6),
                    folder,
                    {team: folders[team] for team in teams},
                    look=LIGHT.at(figures.WIDTH),
                )
                figures.save(figures.sheet(drawn, dataset, teams), path)


def lay_out(one: Scored, test_set: Manifest, folder: Path) -> Path:
    """Links to kept predictions, named as the evaluator looks for them."""
    target = folder / one.method / test_set.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    images = {case.id: Path(case.image).name for case in test_set.cases}
    for case_id, path in one.predictions.items():
        (target / images[case_id]).symlink_to(path.resolve())
    return target
