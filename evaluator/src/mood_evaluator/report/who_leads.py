"""Who leads, and how sure: ranks over draws of scans, leads over the next, orders that hang by a thread."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from mood_evaluator.plots import differences, rank_shares
from mood_evaluator.report.batch_spread import batch_blocks
from mood_evaluator.report.blocks import Block, Column, Figure, Row, Table, Words
from mood_evaluator.report.contest import TEAMS, Contest
from mood_evaluator.report.words import NOTHING, inside, p_value, signed, together
from mood_evaluator.runs.reversals import find_reversals
from mood_evaluator.significance import PairDifference
from mood_evaluator.tables.stability import Stability
from mood_evaluator.test_set import Task


def blocks(contest: Contest) -> Iterator[Block]:
    """Yield what the answer rests on."""
    if len(contest.teams) < 2:
        yield Words("With one team there is nothing to compare.")
        return
    yield _ranks(contest)
    if len(contest.teams) > 2:
        yield from _firmness(contest)
    yield _leads(contest)
    if len(contest.teams) > 2:
        yield from _map(contest)
        yield from _thread(contest)
    if contest.task is Task.PIXEL:
        yield from batch_blocks(contest)


def _rankings(contest: Contest) -> dict[str, Stability]:
    """Return the rankings by title: of each test set, and of all together."""
    found = {contest.title(name): part.stability for name, part in contest.stability.sets.items()}
    both = "Both together" if len(found) == 2 else "All together"
    return found | ({both: contest.stability.consensus} if contest.stability.consensus is not None else {})


def _ranks(contest: Contest) -> Figure:
    rankings = _rankings(contest)
    rows = [
        {
            "ranking": title,
            "team": team,
            "rank": rank + 1,
            "share": share,
            "rank in the full data": int(stability.full[column]),
        }
        for title, stability in rankings.items()
        for column, team in enumerate(stability.algorithms)
        for rank, share in enumerate(
            (
                np.bincount(stability.ranks[:, column], minlength=len(stability.algorithms) + 1)[1:]
                / len(stability.ranks)
            ).tolist()
        )
    ]
    caption = (
        f"Disc: share of {contest.draws:,} draws of scans with that rank; teams that tie share the better "
        "rank. Line: 95 % of them. Cross: rank as published."
    )
    return Figure(
        str(contest.task), "ranks", "Ranks when scans are drawn anew", caption, rows,
        lambda look, into: rank_shares(rankings, teams=contest.teams, look=look, into=into),
    )  # fmt: skip


def _leads(contest: Contest) -> Table:
    """Return each team's lead over the next of the final order."""
    found = {
        name: {frozenset((pair.better, pair.worse)): pair for pair in part.pairs}
        for name, part in contest.stability.sets.items()
    }
    rows: list[Row] = []
    for one, other in zip(contest.teams, contest.teams[1:], strict=False):
        row: Row = {"team": one, "next": other}
        for name, pairs in found.items():
            row |= _signed(name, one, pairs.get(frozenset((one, other))))
            row[f"{name} tied"] = contest.tied(name, one, other)
        rows.append(row)
    columns = [
        Column("Team", lambda row: str(row["team"]), right=False, weight=1.6),
        Column("over the next", lambda row: str(row["next"]), right=False, weight=1.6),
    ]
    for name in found:
        columns += [
            Column(f"{contest.title(name)}: AP ahead", partial(_ahead, name), weight=2.0),
            Column("p", partial(_p_value, name, contest.draws), weight=0.8),
        ]
    caption = (
        "Difference of the scores and its 95 % interval. The interval is the pair's own; p is for all pairs "
        "together (step-down max-T), so it may be large beside an interval without 0. "
        f"p ≤ 0.05 counts as significant; {contest.draws:,} draws cannot show less than "
        f"{p_value(0, contest.draws).removeprefix('≤ ')}."
    )
    return Table(
        str(contest.task),
        "leads",
        "Leads over the next",
        caption,
        rows,
        columns,
        limit=contest.lines,
    )


def _signed(name: str, one: str, pair: PairDifference | None) -> Row:
    """Return the difference as seen from `one`."""
    if pair is None:
        return dict.fromkeys(f"{name} {part}" for part in ("difference", "low", "high", "p"))
    low, high = pair.interval if pair.better == one else (-pair.interval[1], -pair.interval[0])
    difference = pair.difference if pair.better == one else -pair.difference
    return {
        f"{name} difference": difference,
        f"{name} low": low,
        f"{name} high": high,
        f"{name} p": pair.p_adjusted,
    }


def _p_value(name: str, draws: int, row: Row) -> str:
    return NOTHING if row[f"{name} p"] is None else p_value(row[f"{name} p"], draws)


def _ahead(name: str, row: Row) -> str:
    if row[f"{name} difference"] is None:
        return NOTHING
    numbers = (row[f"{name} {part}"] for part in ("difference", "low", "high"))
    middle, low, high = (signed(f"{value:+.3f}") for value in numbers)
    return f"{'tied' if row[f'{name} tied'] else middle}  ({low} to {high})"


def _map(contest: Contest) -> Iterator[Block]:
    pairs = {contest.title(name): part.pairs for name, part in contest.stability.sets.items()}
    teams = {contest.title(name): contest.scored(name)[:TEAMS] for name in contest.stability.sets}
    rows = [
        {"test set": title, "better": pair.better, "worse": pair.worse, "difference": pair.difference}
        | {
            "low": pair.interval[0],
            "high": pair.interval[1],
            "p": pair.p,
            "p of all together": pair.p_adjusted,
            "significant": pair.significant,
        }
        for title, own in pairs.items()
        for pair in own
    ]
    none = [title for title, own in pairs.items() if not _any_significant(own, teams[title])]
    if none:
        yield Words(_none_significant(contest, none))
    if len(none) == len(pairs):
        yield Table(str(contest.task), "differences", "Which differences are significant", "", rows, ())
        return
    caption = (
        "Filled: the team of the row is significantly better than that of the column (all pairs together, "
        f"5 %){contest.best_teams}."
    )
    drawn = {title: own for title, own in pairs.items() if title not in none}
    yield Figure(
        str(contest.task), "differences", "Which differences are significant", caption, rows,
        lambda look, into: differences(
            drawn, {title: teams[title] for title in drawn}, look=look, into=into
        ),
    )  # fmt: skip


def _any_significant(pairs: Sequence[PairDifference], teams: Sequence[str]) -> bool:
    return any(pair.significant and {pair.better, pair.worse} <= set(teams) for pair in pairs)


def _none_significant(contest: Contest, titles: Sequence[str]) -> str:
    where = "" if len(titles) == len(contest.stability.sets) else f" on {together(map(inside, titles))}"
    best = f" of the {TEAMS} best" if contest.best_teams else ""
    return f"No difference of any two teams{best} is significant{where}: all pairs tested together, 5 %."


def _thread(contest: Contest) -> Iterator[Block]:
    places = dict(zip(contest.overall.algorithms, contest.overall.full.tolist(), strict=True))
    found = sorted(find_reversals(contest.standings), key=lambda one: (places[one.ahead], places[one.behind]))
    if not found:
        what = " or the first batching" if contest.task is Task.PIXEL else ""
        yield Words(f"No order of two teams changes when a third team{what} is left out.")
        return
    rows = [{"ahead": one.ahead, "behind": one.behind, "changes without": one.without} for one in found]
    columns = [
        Column("Ahead", lambda row: str(row["ahead"]), right=False),
        Column("Behind", lambda row: str(row["behind"]), right=False),
        Column("Turns or ties without", lambda row: str(row["changes without"]), right=False),
    ]
    caption = "Two teams whose final order depends on a third one, or on how scans were put into batches."
    yield Table(
        str(contest.task),
        "reversals",
        "Orders that hang by a thread",
        caption,
        rows,
        columns,
        limit=5 if len(contest.teams) <= TEAMS else 3,
    )


def _firmness(contest: Contest) -> Iterator[Block]:
    """Yield how well the ranking of a draw agrees with the published one (Kendall's tau-b)."""
    rows: list[Row] = []
    for title, stability in _rankings(contest).items():
        known = stability.tau_b[~np.isnan(stability.tau_b)]
        low, middle, high = np.quantile(known, (0.025, 0.5, 0.975)).tolist() if known.size else (None,) * 3
        rows.append(
            {
                "ranking": title,
                "median": middle,
                "low": low,
                "high": high,
                "all tied": int(stability.tau_b.size - known.size),
            }
        )
    found = [
        signed(f"{inside(row['ranking'])} {row['median']:.2f} ({row['low']:.2f} to {row['high']:.2f})")
        for row in rows
        if row["median"] is not None
    ]
    if found:
        yield Words(
            "The whole order of a draw agrees with the published one by (Kendall's tau-b, 1 is the same, "
            f"0 unrelated; median and 95 %): {'; '.join(found)}."
        )
        yield Table(str(contest.task), "firmness", "How firm the whole order is", "", rows, ())
