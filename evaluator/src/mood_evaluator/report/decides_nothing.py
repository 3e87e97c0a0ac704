"""What runs carry beside the score: it decides nothing, in the order of the board without ranks."""

from collections.abc import Iterator, Sequence
from functools import partial

from mood_evaluator.analysis import Calibration, SetSupplement, SizeClass, supplement_of
from mood_evaluator.analysis.supplement import HEADING
from mood_evaluator.plots import reliability
from mood_evaluator.report.blocks import Block, Column, Figure, Row, Table, Words
from mood_evaluator.report.columns import number_column, team_column
from mood_evaluator.report.contest import TEAMS, Contest
from mood_evaluator.report.words import NOTHING, inside, interval, number, scans

ENOUGH = 10  # scans with an anomaly behind a curve of reliability
_FEW = 3  # of many teams, before the CSV has to do
_PARTS = {
    "object_sensitivity": "object sensitivity (evidence --object-sensitivity)",
    "lesions": "lesions (evidence --lesions)",
    "body": "voxels of the body (evidence --body)",
}


class _Told:
    """The supplement of a contest, and its tables as they fill: a row a team in the order of the board."""

    def __init__(self, contest: Contest) -> None:
        found = supplement_of(contest.standings, n=contest.draws, seed=contest.seed)
        self.contest, self.order = contest, found.order
        self.sets = {contest.title(name): part for name, part in found.sets.items()}

    def having(self, part: str) -> dict[str, SetSupplement]:
        return {title: own for title, own in self.sets.items() if getattr(own, part)}

    def table(
        self, name: str, title: str, caption: str, rows: Sequence[Row], columns: Sequence[Column]
    ) -> Table:
        """Put the rows of a team together, what is no team first; `rows` have what one test set says."""
        others = dict.fromkeys(row["team"] for row in rows if row["team"] not in self.order)
        joined: dict[str, Row] = {team: {"team": team} for team in (*others, *self.order)}
        for row in rows:
            joined[row["team"]] |= row
        known = [row for row in joined.values() if len(row) > 1]
        words = f"{HEADING}. {caption}"
        task = str(self.contest.task)
        limit = len(others) + (self.contest.lines if len(self.order) <= TEAMS else _FEW)
        return Table(task, name, title, words, known, [team_column(), *columns], limit=limit)


def pixel_tables(contest: Contest) -> Iterator[Block]:
    """Yield what the runs of the pixel task carry, and in one sentence what they do not."""
    told = _Told(contest)
    if told.having("object_sensitivity"):
        yield _sensitivity(told)
    if told.having("lesions"):
        yield _lesions(told)
    if told.having("size_classes"):
        yield _sizes(told)
    if told.having("body"):
        yield _body(told)
    missing = [words for part, words in _PARTS.items() if not told.having(part)]
    if missing:
        yield Words(f"Left out, the runs have none: {', '.join(missing)}.", quiet=True)


def _sensitivity(told: _Told) -> Table:
    rows, columns = [], []
    for title, own in told.having("object_sensitivity").items():
        for one in own.object_sensitivity:
            low, high = one.found.interval
            row = {f"{title} score": one.found.score, f"{title} low": low, f"{title} high": high}
            rows.append({"team": one.team, **row})
        columns.append(Column(f"{title}: sensitivity (95 %)", partial(_with_interval, title), weight=2.0))
    caption = "Mean share of the objects found at ⅛ to 8 false alarms a scan, at the best threshold for each."
    return told.table("object-sensitivity", "Object sensitivity", caption, rows, columns)


def _with_interval(title: str, row: Row) -> str:
    if row.get(f"{title} score") is None:
        return NOTHING
    return f"{number(row[f'{title} score'])}  ({interval((row[f'{title} low'], row[f'{title} high']))})"


def _lesions(told: _Told) -> Table:
    rows, columns, counts = [], [], []
    for title, own in told.having("lesions").items():
        counts.append(f"{inside(title)} n = {own.lesions[0].lesions}")
        for one in own.lesions:
            limits = {f"{title} AUPRO {limit:g}": value for limit, value in one.aupro.items()}
            rows.append({"team": one.team, **limits, f"{title} AP of a lesion": one.mean_ap})
        columns += [
            number_column(f"{title}: AUPRO to 0.3", f"{title} AUPRO 0.3"),
            number_column("AUPRO to 0.01", f"{title} AUPRO 0.01"),
            number_column("AP of a lesion", f"{title} AP of a lesion"),
        ]
    caption = (
        f"Lesions: {', '.join(counts)}; each counts once. AUPRO: mean share of a lesion that is "
        "marked, up to that share of marked normal voxels. AP of a lesion: its voxels against the normal "
        "ones of its scan, mean."
    )
    return told.table("lesions", "Lesion by lesion", caption, rows, columns)


def _sizes(told: _Told) -> Table:
    rows, columns, ranges = [], [], []
    for title, own in told.having("size_classes").items():
        classes = {one.name: one for one in own.size_classes}
        ranges.append(f"{inside(title)} {', '.join(map(_range, classes.values()))}")
        rows += [_of_class(title, one) for one in own.size_classes]
        columns += [
            Column(f"{title}: {name}" if place == 0 else name, partial(_size, f"{title} {name}"))
            for place, name in enumerate(classes)
        ]
    caption = (
        "Mean AP of single lesions by thirds of their volumes, and how many were found where objects were "
        f"extracted: {'; '.join(ranges)}."
    )
    return told.table("lesion-sizes", "Lesions by size", caption, rows, columns)


def _range(one: SizeClass) -> str:
    return f"{one.name} {one.smallest:,.0f} to {one.largest:,.0f} mm³ (n = {one.lesions})"


def _of_class(title: str, one: SizeClass) -> Row:
    row: Row = {"team": one.team, f"{title} {one.name} AP": one.mean_ap}
    return row | {f"{title} {one.name} found": one.found, f"{title} {one.name} of": one.lesions}


def _size(key: str, row: Row) -> str:
    if row.get(f"{key} AP") is None:
        return NOTHING
    found = "" if row[f"{key} found"] is None else f" ({row[f'{key} found']} of {row[f'{key} of']})"
    return f"{number(row[f'{key} AP'])}{found}"


def _body(told: _Told) -> Table:
    rows, columns = [], []
    for title, own in told.having("body").items():
        rows.append(
            {"team": "(body mask)", f"{title} whole AUROC": own.body[0].body.mask_auroc}
            | {f"{title} whole AP": own.body[0].body.mask_ap}
        )
        rows += [
            {"team": one.team, f"{title} body AUROC": one.body.auroc, f"{title} whole AUROC": one.auroc}
            | {f"{title} body AP": one.body.ap, f"{title} whole AP": one.ap}
            for one in own.body
        ]
        columns += [
            number_column(f"{title}: AUROC, body", f"{title} body AUROC"),
            number_column("AUROC, whole", f"{title} whole AUROC"),
            number_column("AP, body", f"{title} body AP"),
            number_column("AP, whole", f"{title} whole AP"),
        ]
    caption = (
        "Voxels of the body alone beside those of whole volumes. The body mask, a map that is 1 in the "
        "body and 0 outside, knows no anomaly: what it scores on whole volumes is owed to the air around."
    )
    return told.table("body", "Within the body", caption, rows, columns)


def calibration_blocks(contest: Contest) -> Iterator[Block]:
    """Yield Brier score and reliability of the sample task."""
    told = _Told(contest)
    rows, columns, guesses = [], [], []
    for title, own in told.having("calibration").items():
        rows += [{"team": one.team, f"{title} Brier": one.brier} for one in own.calibration]
        columns.append(number_column(f"{title}: Brier score", f"{title} Brier"))
        guesses.append(f"{inside(title)} {number(own.calibration[0].brier_of_share)}")
    caption = (
        "Brier score: mean of (score - truth)², 0 is best; always guessing the share of abnormal scans gives "
        f"{', '.join(guesses)}. The task asks for an order alone: a poorly calibrated method may be the best."
    )
    yield told.table("calibration", "Can scores be read as probabilities", caption, rows, columns)
    yield from _reliability(told)


def _reliability(told: _Told) -> Iterator[Block]:
    contest, rows = told.contest, {}
    for name, runs in contest.standings.sets.items():
        truth = next(iter(runs.values())).abnormal
        if sum(truth.values()) >= ENOUGH:
            own = told.sets[contest.title(name)].calibration
            head = f"{contest.title(name)}: {scans(len(truth))}"
            rows[head] = [row for one in own for row in _bins(one)]
    if rows:
        caption = (
            f"{HEADING}. Scans in ten bins of score, each with how many of them are abnormal; on the dotted "
            f"line scores are probabilities{contest.best_teams}."
        )
        yield Figure(
            str(contest.task), "reliability", "Reliability", caption,
            [{"test set": title, **row} for title, own in rows.items() for row in own],
            lambda look, into: reliability(
                rows, teams=told.order[:TEAMS], look=look.styling(contest.styled), into=into
            ),
        )  # fmt: skip


def _bins(one: Calibration) -> list[Row]:
    return [
        {"team": one.team, "score": part.mean_score, "abnormal": part.abnormal, "scans": part.scans}
        for part in one.bins
    ]
