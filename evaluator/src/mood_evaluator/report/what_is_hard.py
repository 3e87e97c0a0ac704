"""What is hard: scores per kind of anomaly, over size and contrast, and false alarms."""

from collections.abc import Iterator, Sequence

from mood_evaluator.analysis import curve_rows, group_cases, group_rows, median_rows
from mood_evaluator.curves import MIN_CASES
from mood_evaluator.plots import false_alarms, kind_bars, score_over, threshold_curves
from mood_evaluator.report.blocks import Block, Figure, Row, Words
from mood_evaluator.report.contest import TEAMS, Contest
from mood_evaluator.report.decides_nothing import calibration_blocks
from mood_evaluator.report.kind_intervals import interval_of_kind
from mood_evaluator.report.words import NOT_SAID, inside, together
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Task

CURVES = 10  # abnormal scans behind a curve
LEAST = 5  # abnormal scans behind a bar or a point
_EASIEST, _HARDEST = 3, 7  # of a long list
_KINDS = {
    "category": "Categories",
    "subcategory": "Subcategories",
    "difficulty": "Difficulty",
    "origin": "Origin",
}
_MEASURES = {"size": ("Size", "volume in mm³"), "contrast": ("Contrast", "contrast in image units")}
_NEEDS = "Kinds of anomalies are in the test sets: give their folders (--test-set DIR) to tell them apart."
Groups = dict[str, dict[str, list[Row]]]
"""Rows by dimension and title of the test set."""


class Hardness:
    """The groups of one task: those with enough scans, and the names of the others."""

    def __init__(self, contest: Contest) -> None:
        self.contest = contest
        self.kinds: Groups = {dimension: {} for dimension in _KINDS}
        self.points: Groups = {dimension: {} for dimension in _MEASURES}
        self.few: dict[str, list[str]] = {}
        for name in contest.standings.sets:
            if name in contest.sets:
                self._add(contest.standings, name)
        for name in contest.sweeps.sets if contest.sweeps is not None else ():
            if name in contest.sets:
                self._add_sweep(name)

    def _add(self, standings: Standings, name: str) -> None:
        contest, title = self.contest, self.contest.title(name)
        known = contest.sets[name]
        groups = group_cases(known.test_set, contest.task, known.measures)
        rows = group_rows(standings, name, groups)
        ids = {(group.dimension, group.name): group.ids for group in groups}
        teams = contest.scored(name)
        for row in median_rows(rows, teams[0] if teams else ""):
            if row["dimension"] in _KINDS and row["ap"] is not None:
                self._sort_in(name, title, row, rows, ids[row["dimension"], row["group"]])
        for dimension in _MEASURES:
            points = [
                row
                for row in rows
                if row["dimension"] == dimension and row["ap"] is not None and row["cases"] >= LEAST
            ]
            if len({row["place"] for row in points}) >= 3:
                self.points[dimension][title] = points

    def _sort_in(self, name: str, title: str, row: Row, rows: Sequence[Row], ids: Sequence[str]) -> None:
        shown = (
            f"grade {row['group']}"
            if row["dimension"] == "difficulty"
            else str(row["group"]).replace("_", " ")
        )
        if row["cases"] < LEAST:
            self.few.setdefault(row["dimension"], []).append(
                f"{shown} on {inside(title)} (n = {row['cases']})"
            )
            return
        own = sorted(
            (each["ap"], each["team"])
            for each in rows
            if (each["dimension"], each["group"]) == (row["dimension"], row["group"])
            and each["ap"] is not None
        )
        run = self.contest.standings.sets[name][own[(len(own) - 1) // 2][1]]
        low, high = interval_of_kind(run, ids, seed=self.contest.seed)
        self.kinds[row["dimension"]].setdefault(title, []).append(
            {"test set": title, "name": shown, **row, "low": low, "high": high}
        )

    def _add_sweep(self, name: str) -> None:
        """A sweep changes one measure alone; its levels stand beside the groups of the test set."""
        contest = self.contest
        assert contest.sweeps is not None
        known = contest.sets[name]
        rows = group_rows(contest.sweeps, name, group_cases(known.test_set, contest.task, known.measures))
        for dimension in _MEASURES:
            points = [row for row in rows if row["dimension"] == dimension and row["ap"] is not None]
            if dimension in known.test_set.purpose and points:
                self.points[dimension][f"{contest.title(name)}, sweep"] = points


def answer(found: Hardness) -> str:
    """Return in words which kind is hardest and easiest, where the intervals allow to say so."""
    contest = found.contest
    parts = []
    for title in dict.fromkeys(title for kind in found.kinds.values() for title in kind):
        for dimension in ("subcategory", "category", "origin", "difficulty"):
            rows = found.kinds[dimension].get(title, [])
            if len(rows) > 1:
                by = "" if "category" in dimension else f" by {dimension}"
                parts.append(_extremes(title, by, sorted(rows, key=lambda row: float(row["ap"]))))
                break
    if not contest.sets:
        return f"{contest.name}: not told. {_NEEDS}"
    if not parts:
        return f"{contest.name}: no two kinds have {LEAST} abnormal scans or more, so nothing can be said."
    return f"{contest.name}: {' '.join(parts)}"


def _extremes(title: str, by: str, rows: Sequence[Row]) -> str:
    hard, easy = rows[0], rows[-1]
    if hard["high"] < easy["low"]:
        return (
            f"On {inside(title)}{by}, {_kind(hard)} is hardest for the median team, {_kind(easy)} easiest; "
            f"neighbours in the list are rarely told apart."
        )
    return (
        f"On {inside(title)}{by}, no kind is clearly harder than another: intervals of {hard['name']} (n = "
        f"{hard['cases']}) and {easy['name']} (n = {easy['cases']}) overlap."
    )


def _kind(row: Row) -> str:
    return f"{row['name']} (AP {row['ap']:.2f}, n = {row['cases']})"


def blocks(found: Hardness) -> Iterator[Block]:
    """Yield the plots that have enough cases, and a sentence for each of the others."""
    contest = found.contest
    if contest.sets:
        yield from _bars(found)
        yield from _alarms(found)
        yield from _lines(found)
    if contest.task is Task.SAMPLE:
        yield from curves(contest, "All scans of the test set, every threshold")
        yield from calibration_blocks(contest)


def _bars(found: Hardness) -> Iterator[Block]:
    kinds, dropped = {}, 0
    for dimension, title in _KINDS.items():
        for test_set, rows in found.kinds[dimension].items():
            if len(rows) > 1:
                shown = _extreme(sorted(rows, key=_order))
                dropped += len(rows) - len(shown)
                kinds[f"{test_set}: {title.lower()}"] = shown
    if any(": subcategories" in title for title in kinds):
        kinds = {title: rows for title, rows in kinds.items() if ": categories" not in title}
    if kinds:
        how = (
            "against all normal scans, weighted to 50 : 50"
            if found.contest.task is Task.SAMPLE
            else "their voxels together"
        )
        graded = (
            f" Grade 1 is the hardest, at the bottom; graded by: {_sources(found.contest)}."
            if found.kinds["difficulty"]
            else ""
        )
        caption = (
            f"AP of the median team on the n abnormal scans of a kind, {how}; easiest on top. Not "
            f"the score.{graded}"
        )
        if dropped:
            caption += (
                f" Of long lists the {_EASIEST} easiest and {_HARDEST} hardest; {dropped} between "
                "them are in the CSV."
            )
        rows = [row for own in found.kinds.values() for each in own.values() for row in each]
        yield Figure(
            str(found.contest.task), "kinds", "Kinds of anomalies", caption, rows,
            lambda look, into: kind_bars(kinds, look=look, into=into),
        )  # fmt: skip
    few = [
        words
        for dimension, title in _KINDS.items()
        if (words := _left_out(title, found.few.get(dimension, [])))
    ]
    if few:
        yield Words(
            f"Left out, since a score of fewer than {LEAST} scans is noise: {'; '.join(few)}.", quiet=True
        )


def _extreme(rows: list[Row]) -> list[Row]:
    return rows if len(rows) <= _EASIEST + _HARDEST else rows[:_EASIEST] + rows[-_HARDEST:]


def _left_out(title: str, few: Sequence[str]) -> str:
    shown = few if len(few) <= 4 else [*few[:3], f"{len(few) - 3} more"]
    return f"{title.lower()} {together(shown)}" if few else ""


def _order(row: Row) -> float:
    return -float(row["place"] if row["dimension"] == "difficulty" else row["ap"])


def _sources(contest: Contest) -> str:
    cases = [case for found in contest.sets.values() for case in found.test_set.cases]
    return ", ".join(sorted({case.difficulty_source for case in cases if case.difficulty_source})) or NOT_SAID


def _alarms(found: Hardness) -> Iterator[Block]:
    kinds = {
        title: [row for row in rows if row["fpr_at_95_tpr"] is not None]
        for title, rows in found.kinds["subcategory"].items()
    }
    kinds = {
        title: _extreme(sorted(rows, key=lambda row: float(row["fpr_at_95_tpr"])))
        for title, rows in kinds.items()
        if rows
    }
    if not kinds:
        yield Words(
            f"False alarms per kind are left out: no subcategory has {MIN_CASES} abnormal scans or more, "
            "and 95 % of fewer is all but one.",
            quiet=True,
        )
        return
    caption = (
        f"Share of {'normal scans' if found.contest.task is Task.SAMPLE else 'normal voxels'} called "
        f"abnormal where 95 % of a kind are found; kinds with {MIN_CASES} scans or more. Lower is better. "
        "Not the score."
    )
    yield Figure(
        str(found.contest.task), "false-alarms", "False alarms", caption,
        [row for rows in kinds.values() for row in rows],
        lambda look, into: false_alarms(kinds, look=look, into=into),
    )  # fmt: skip


def _lines(found: Hardness) -> Iterator[Block]:
    contest = found.contest
    points = {
        f"{test_set}: {_MEASURES[dimension][0].lower()}": rows
        for dimension, own in found.points.items()
        for test_set, rows in own.items()
    }
    units = {
        f"{test_set}: {_MEASURES[dimension][0].lower()}": _MEASURES[dimension][1]
        for dimension, own in found.points.items()
        for test_set in own
    }
    missing = [title for dimension, (title, _) in _MEASURES.items() if not found.points[dimension]]
    if missing:
        yield Words(
            f"{together(missing)}: left out, three groups of {LEAST} abnormal scans or more with different "
            "values are needed.",
            quiet=True,
        )
    if points:
        caption = (
            f"AP by team, the five best in colour{contest.best_teams}. Each step is a group of scans at its "
            "median, their number in brackets. Not the score."
        )
        yield Figure(
            str(contest.task), "size-and-contrast", "Size and contrast", caption,
            [row for own in points.values() for row in own],
            lambda look, into: score_over(
                points, units=units, teams=contest.teams[:TEAMS], look=look.styling(contest.styled), into=into
            ),
        )  # fmt: skip


def curves(contest: Contest, caption: str) -> Iterator[Block]:
    """Yield ROC and precision-recall curves of the test sets with abnormal scans enough."""
    rows = {}
    for name, runs in contest.standings.sets.items():
        abnormal = sum(next(iter(runs.values())).abnormal.values())
        if abnormal >= CURVES:
            rows[contest.title(name)] = curve_rows(contest.standings, name)
        else:
            words = (
                f"{contest.title(name)}: curves over all thresholds are left out, {abnormal} abnormal "
                "scans are"
            )
            yield Words(f"{words} too few (from {CURVES} on).", quiet=True)
    if rows:
        yield Figure(
            str(contest.task), "curves", "Every threshold",
            f"{caption}{contest.best_teams}. Dotted: guessing. Not the score.",
            [row for own in rows.values() for row in own],
            lambda look, into: threshold_curves(
                rows, teams=contest.teams[:TEAMS], look=look.styling(contest.styled), into=into
            ),
        )  # fmt: skip
