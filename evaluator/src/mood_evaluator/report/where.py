"""Where: how well the teams find the place, per voxel, scan, slice and object. None of it is the score."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure as Canvas
from matplotlib.figure import SubFigure

from mood_evaluator.analysis import (
    detection_rows,
    dice_rows,
    froc_rows,
    object_rows,
    per_scan_rows,
    scan_rows,
    slice_rows,
)
from mood_evaluator.analysis.supplement import HEADING
from mood_evaluator.objects.matching import FACTOR
from mood_evaluator.plots import heat_maps, objects_found, score_spread, slices_to_show
from mood_evaluator.plots.heat_maps import TEAMS as MAPS
from mood_evaluator.plots.look import Look
from mood_evaluator.report.blocks import Block, Column, Figure, Row, Table, Words
from mood_evaluator.report.columns import number_column, team_column
from mood_evaluator.report.contest import TEAMS, Contest
from mood_evaluator.report.decides_nothing import pixel_tables
from mood_evaluator.report.what_is_hard import curves
from mood_evaluator.report.words import NOTHING, inside, scans, together
from mood_evaluator.test_set import ManifestCase

SPREAD = 10  # scans with an anomaly from which on their spread is shown
_PLACES = "Not the score: it is made from voxels of all scans together; in a mean each scan counts once."


class Places:
    """The numbers of single scans by test set, and their means by team, the best team first."""

    def __init__(self, contest: Contest) -> None:
        self.contest = contest
        self.dice = {
            name: {row["team"]: row for row in dice_rows(contest.standings, name)}
            for name in contest.standings.sets
        }
        self.scans = {name: scan_rows(contest.standings, name) for name in contest.standings.sets}
        order = {team: place for place, team in enumerate(contest.teams)}
        self.means: dict[str, list[Row]] = {
            name: sorted(per_scan_rows(contest.standings, name, rows), key=lambda row: order[row["team"]])
            for name, rows in self.scans.items()
        }


def answer(places: Places) -> str:
    """Return how well the best team of the ranking finds the place."""
    contest = places.contest
    team = contest.teams[0]
    found = [_in_words(places, name, team) for name in contest.standings.sets]
    known = [words for words in found if words]
    return (
        f"{contest.name}: {team}, ranked first, finds the place {together(known)}."
        if known
        else f"{contest.name}: no voxel scores to look at."
    )


def _in_words(places: Places, name: str, team: str) -> str:
    row = next((row for row in places.means[name] if row["team"] == team), None)
    if row is None:
        return ""
    where = inside(places.contest.title(name))
    apart = places.dice[name].get(team)
    if apart is None:
        how = f"n = {row['scans']}; the threshold was chosen on these scans, so this is on the high side"
        return f"on {where} with a mean Dice of {row['dsc_of_scans']:.2f} a scan ({how})"
    how = f"n = {apart['scans']}; the threshold was chosen on the other fifth of the scans"
    return f"on {where} with a mean Dice of {apart['dsc_of_scans']:.2f} a scan ({how})"


def blocks(places: Places) -> Iterator[Block]:
    """Yield tables and plots of the pixel task."""
    contest = places.contest
    yield from _heat_maps(contest)
    yield _per_scan(places)
    yield from _single_scans(places)
    yield from curves(contest, "All voxels of the test set, every threshold")
    yield from _objects(contest)
    yield from _slices(contest)
    yield from pixel_tables(contest)


def _joined(contest: Contest, rows: dict[str, list[Row]], names: tuple[str, ...]) -> list[Row]:
    """Return a row a team, with the named numbers of each test set by its title."""
    found: dict[str, Row] = {team: {"team": team} for team in contest.teams}
    for name, own in rows.items():
        for row in own:
            found[row["team"]] |= {f"{contest.title(name)} {key}": row.get(key) for key in names}
    return [row for row in found.values() if len(row) > 1]


def _per_scan(places: Places) -> Table:
    contest = places.contest
    rows: dict[str, list[Row]] = {}
    for name in contest.standings.sets:
        dice = places.dice[name]
        rows[name] = [
            row
            | {
                "dsc_of_the_rest": dice.get(row["team"], {}).get("dsc"),
                "dsc_of_scans_of_the_rest": dice.get(row["team"], {}).get("dsc_of_scans"),
            }
            for row in places.means[name]
        ]
    names = (
        "ap_of_set",
        "ap_of_scans",
        "auroc_of_set",
        "auroc_of_scans",
        "dsc_of_set",
        "dsc_of_scans",
        "dsc_of_the_rest",
        "dsc_of_scans_of_the_rest",
    )
    columns = [team_column()]
    for name in rows:
        title = contest.title(name)
        columns += [
            number_column(f"{title}: AP, all voxels", f"{title} ap_of_set"),
            number_column("AP, mean of scans", f"{title} ap_of_scans"),
            number_column("Dice, mean, threshold of these scans", f"{title} dsc_of_scans"),
            number_column("Dice, mean, threshold of other scans", f"{title} dsc_of_scans_of_the_rest"),
        ]
    caption = (
        f"{_PLACES} Means are over scans with an anomaly. Dice, threshold of these scans: the one best for "
        "all voxels of this test set, so it is on the high side; of other scans: the one best on a fifth of "
        "the scans, Dice of the others."
    )
    return Table(
        "pixel",
        "voxels-and-scans",
        "All voxels, and scan by scan",
        caption,
        _joined(contest, rows, names),
        columns,
        limit=contest.lines,
    )


def _single_scans(places: Places) -> Iterator[Block]:
    contest = places.contest
    rows = {name: [row for row in own if row["ap"] is not None] for name, own in places.scans.items()}
    counts = {name: len({row["case"] for row in own}) for name, own in rows.items()}
    shown = {name: own for name, own in rows.items() if counts[name] >= SPREAD}
    for name in [name for name in rows if name not in shown]:
        yield Words(
            f"{contest.title(name)}: AP of single scans is left out, {counts[name]} scans with an anomaly "
            f"are too few (from {SPREAD} on).",
            quiet=True,
        )
    if not shown:
        return
    teams = contest.teams[:TEAMS]
    values = {
        contest.title(name): {team: [row["ap"] for row in own if row["team"] == team] for team in teams}
        for name, own in shown.items()
    }
    marks = {
        contest.title(name): {row["team"]: row["ap_of_set"] for row in places.means[name]} for name in shown
    }
    counted = ", ".join(f"{inside(contest.title(name))} n = {counts[name]}" for name in shown)
    caption = (
        f"Scans with an anomaly: {counted}{contest.best_teams}. Large anomalies dominate the AP of all "
        "voxels; here each scan counts once. Not the score."
    )
    yield Figure(
        "pixel", "single-scans", "AP of single scans", caption,
        [row for own in shown.values() for row in own],
        lambda look, into: score_spread(
            values, teams=teams, what="AP of a scan", marks=marks, look=look, into=into
        ),
    )  # fmt: skip


def _objects(contest: Contest) -> Iterator[Block]:
    rows = {name: object_rows(contest.standings, name) for name in contest.standings.sets}
    rows = {name: own for name, own in rows.items() if own}
    if not rows:
        yield Words("Objects are left out: the runs have none (evidence --objects T).", quiet=True)
        return
    names = tuple(key for key in next(iter(rows.values()))[0] if key not in ("test_set", "team"))
    columns = [team_column()]
    for name in rows:
        title = contest.title(name)
        columns += [
            number_column(f"{title}: sensitivity", f"{title} cpm"),
            number_column("found", f"{title} recall"),
            number_column("right", f"{title} precision"),
            number_column("F1", f"{title} f1"),
        ]
    caption = (
        f"{HEADING}. Sensitivity: mean at ⅛ to 8 false alarms a scan. Found: share of annotated objects; "
        "right: share of predicted ones; F1: of both; at a threshold fixed beforehand. An "
        "annotated object is found where the centre of a predicted one lies in it and their "
        f"volumes differ by a factor of at most {FACTOR:g}; each finds one. "
        + " ".join(_resting_on(contest, name, own) for name, own in rows.items())
    )
    yield Table(
        "pixel", "objects", "Objects", caption, _joined(contest, rows, names), columns, limit=contest.lines
    )
    yield from _detections(contest, list(rows))
    yield from _found_over_alarms(contest, list(rows))


def _resting_on(contest: Contest, name: str, rows: list[Row]) -> str:
    """Return how many objects and scans there are, and what counts as a predicted object."""
    thresholds, volumes = (sorted({row[key] for row in rows}) for key in ("threshold", "min_volume"))
    return (
        f"{contest.title(name)}: {_count(contest, name)}, false alarms counted over all of them; threshold "
        f"{_range(thresholds)}, least volume {_range(volumes)} mm³."
    )


def _count(contest: Contest, name: str) -> str:
    """Return how many annotated objects there are, those that can be found, and scans."""
    run = next(run for _, run in contest.standings.board_runs(name) if run.objects)
    objects = [wanted for scan in run.objects.values() for wanted in scan.reference]
    lost = sum(not wanted.reachable for wanted in objects)
    unreachable = f" ({lost} out of reach)" if lost else ""
    return f"{len(objects)} objects{unreachable}, {scans(len(run.objects))}"


def _range(values: list[float]) -> str:
    ends = (f"{value:.4g}" for value in (values[0], values[-1]))
    return f"{values[0]:.4g}" if len(values) == 1 else " to ".join(ends)


def _found_over_alarms(contest: Contest, names: list[str]) -> Iterator[Block]:
    abnormal = {
        name: sum(next(iter(contest.standings.sets[name].values())).abnormal.values()) for name in names
    }
    for name in [name for name in names if abnormal[name] < SPREAD]:
        words = f"{contest.title(name)}: objects found over false alarms are left out,"
        yield Words(f"{words} {abnormal[name]} abnormal scans are too few (from {SPREAD} on).", quiet=True)
    known = [name for name in names if abnormal[name] >= SPREAD]
    if known:
        curve = {
            f"{contest.title(name)}: {_count(contest, name)}": froc_rows(contest.standings, name)
            for name in known
        }
        yield Figure(
            "pixel", "objects-found", "Objects found and false alarms",
            f"{HEADING}. Objects by their highest score; false alarms over all scans{contest.best_teams}.",
            [row for own in curve.values() for row in own],
            lambda look, into: objects_found(
                curve, teams=contest.teams[:TEAMS], look=look.styling(contest.styled), into=into
            ),
        )  # fmt: skip


def _detections(contest: Contest, names: list[str]) -> Iterator[Block]:
    """Yield a row a team and test set, the best team first, with a column a grade of difficulty."""
    found: dict[tuple[str, str], Row] = {}
    grades: dict[str, None] = {}
    for name in [name for name in names if name in contest.sets]:
        for row in detection_rows(contest.standings, contest.sets[name].test_set):
            own = found.setdefault(
                (row["team"], name), {"team": row["team"], "test set": contest.title(name)}
            )
            if row["reference"] is None:
                own["false alarms"] = own.get("false alarms", 0) + row["detected"]
            else:
                grades[row["class"]] = None
                own |= {f"{row['class']} found": row["detected"], f"{row['class']} of": row["reference"]}
    rows = [found[team, name] for team in contest.teams for name in names if (team, name) in found]
    if rows:
        columns = [
            team_column(),
            Column("Test set", lambda row: str(row["test set"]), right=False),
            *(Column(grade.capitalize(), partial(_found_of, grade)) for grade in sorted(grades)),
            Column("False alarms", lambda row: str(row.get("false alarms", 0))),
        ]
        caption = f"{HEADING}. Found of annotated; difficulty 1 is the hardest."
        yield Table(
            "pixel",
            "detections",
            "Objects found by difficulty",
            caption,
            rows,
            columns,
            limit=2 * contest.lines,
        )


def _found_of(grade: str, row: Row) -> str:
    return f"{row[f'{grade} found']} of {row[f'{grade} of']}" if f"{grade} of" in row else NOTHING


def _slices(contest: Contest) -> Iterator[Block]:
    rows = {name: slice_rows(contest.standings, name) for name in contest.standings.sets}
    rows = {name: own for name, own in rows.items() if own}
    if not rows:
        yield Words("Slices are left out: the runs have none (evidence --slices).", quiet=True)
        return
    columns = [team_column()]
    for name, own in rows.items():
        title = contest.title(name)
        counts = f"{own[0]['abnormal']} abnormal, {own[0]['normal']} normal"
        columns += [
            number_column(f"{title}: AUROC ({counts})", f"{title} auroc"),
            number_column("AP", f"{title} ap"),
        ]
    caption = "Slices with at least 20 annotated voxels against slices without any. Not the score."
    yield Table(
        "pixel",
        "slices",
        "Slices",
        caption,
        _joined(contest, rows, ("auroc", "ap", "abnormal", "normal")),
        columns,
        limit=contest.lines,
    )


def _heat_maps(contest: Contest) -> Iterator[Block]:
    for name in contest.standings.sets:
        given = contest.predictions.get(name, {})
        folders = {team: given[team] for team in contest.scored(name) if team in given}
        folders = dict(list(folders.items())[:MAPS])
        if name not in contest.sets or not folders:
            yield Words(
                f"{contest.title(name)}: heat maps are left out, no "
                + (
                    f"predictions were given (--predictions TEAM@{name}=DIR)."
                    if name in contest.sets
                    else "folder of the test set was given (--test-set DIR)."
                ),
                quiet=True,
            )
            continue
        known = contest.sets[name]
        cases = slices_to_show(contest.standings, known.test_set, known.folder)
        rows: list[Row] = [
            {"case": case.id, "slice": z, "category": case.category, "team": team}
            for case, z in cases.items()
            for team in folders
        ]
        caption = (
            "The slice with most of the anomaly, from small anomalies to large ones; black is the "
            "lowest score of a slice, yellow the highest. Best team first."
        )
        yield Figure(
            "pixel", f"heat-maps-{name}", f"{contest.title(name)}: what the teams marked", caption, rows,
            partial(_draw_maps, cases, known.folder, folders),
        )  # fmt: skip


def _draw_maps(
    cases: Mapping[ManifestCase, int],
    folder: Path,
    folders: Mapping[str, Path],
    look: Look,
    into: SubFigure | None,
) -> Canvas:
    return heat_maps(cases, folder, folders, look=look, into=into)
