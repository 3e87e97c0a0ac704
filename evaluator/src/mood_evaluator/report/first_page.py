"""The first page: which edition, made from what, with which caveats, and the ranking with its intervals."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mood_evaluator.canonical import canonical_digest
from mood_evaluator.rank_draws import rank_interval, score_interval
from mood_evaluator.report.blocks import Block, Column, Row, Table, Whisker, Words
from mood_evaluator.report.contest import Contest
from mood_evaluator.report.leader import first_shares
from mood_evaluator.report.words import (
    ASKED,
    NOT_SAID,
    NOTHING,
    TASK,
    ap,
    interval,
    people,
    percent,
    places,
    scans,
    together,
)
from mood_evaluator.runs.counting import sets_twice
from mood_evaluator.runs.ground import Edition
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.test_set import Task
from mood_evaluator.version import __version__

ENOUGH_SUBJECTS = 20  # real people behind a test set
ENOUGH_ABNORMAL = 20  # scans
CAVEATS = {
    "labels_reproducible": (
        "Demonstration: the labels of these test sets are reproducible by anyone, so this ranking shows how "
        "the platform works, not which method is better."
    ),
    "few_subjects": (
        f"Software demonstration, not a scientific ranking: the scans of a test set come from fewer than "
        f"{ENOUGH_SUBJECTS} people."
    ),
}
Editions = Mapping[Task, Edition]


def facts(
    contests: Sequence[Contest], editions: Editions, runs: Sequence[ScoredRun], date: str
) -> list[tuple[str, str]]:
    """Return what the report is made from; what nobody said is said to be so."""
    return [
        ("Edition", _of_editions(editions, lambda one: one.title)),
        ("Leaderboard version", _of_editions(editions, lambda one: one.version)),
        ("Published", _of_editions(editions, lambda one: one.published_at)),
        ("Leaderboard digest", _of_editions(editions, lambda one: one.digest)),
        ("This report", f"made {date}, mood-evaluator {__version__}, scoring version {_versions(runs)}"),
        ("Digest of its results", _digest(runs)),
        *((f"{title} test set", words) for title, words in _test_sets(contests).items()),
        ("Teams", "; ".join(_count_teams(one) for one in contests)),
    ]


def _of_editions(editions: Editions, what: Any) -> str:
    """Return one value for all tasks, or one for each."""
    found = {task: what(edition) for task, edition in editions.items()}
    known = {str(value) for value in found.values() if value is not None}
    if len(known) < 2 and (None not in found.values() or not known):
        return known.pop() if known else NOT_SAID
    return "; ".join(f"{TASK[task]} {NOT_SAID if value is None else value}" for task, value in found.items())


def _versions(runs: Sequence[ScoredRun]) -> str:
    return together(sorted({str(run.scoring_version) for run in runs}))


def _digest(runs: Sequence[ScoredRun]) -> str:
    """Return the digest of all scores, whatever the order of the files."""
    rows = [[run.task, run.test_set_digest, run.team, run.result.to_json()] for run in runs]
    return canonical_digest({"results": sorted(rows, key=lambda row: [str(part) for part in row[:3]])})


def _test_sets(contests: Sequence[Contest]) -> dict[str, str]:
    """Return in words what each test set is, by its title."""
    found: dict[str, tuple[Contest, str, list[str]]] = {}
    for contest in contests:
        for name, runs in contest.standings.sets.items():
            truth = next(iter(runs.values())).abnormal
            counts = f"{contest.name}: {scans(len(truth), sum(truth.values()))}"
            found.setdefault(contest.title(name), (contest, name, []))[2].append(counts)
    return {title: _describe(*rest) for title, rest in found.items()}


def _describe(contest: Contest, name: str, counts: Sequence[str]) -> str:
    digest = next(iter(contest.standings.sets[name].values())).test_set_digest.removeprefix("sha256:")
    who = contest.grounds[name].source_subjects
    return (
        f"{name} ({digest[:16]}…); {'; '.join(counts)}; "
        f"{people(who) if who is None else f'from {people(who)}'}"
    )


def _count_teams(contest: Contest) -> str:
    others = len({run.team for run in contest.standings.others})
    listed = f", {others} listed without a rank" if others else ""
    return f"{contest.name} {len(contest.teams)} ranked{listed}"


def caveats(contests: Sequence[Contest], editions: Editions) -> list[str]:
    """Return what must be said wherever this ranking is shown, what makes it a demonstration first."""
    said = [words for edition in editions.values() for words in edition.caveats]
    found = dict.fromkeys([*_own_caveats(contests), *said])
    return sorted(found, key=lambda words: "emonstration" not in words)


def _own_caveats(contests: Sequence[Contest]) -> Iterator[str]:
    grounds = [one.grounds[name] for one in contests for name in one.standings.sets]
    if any(ground.labels_reproducible for ground in grounds):
        yield CAVEATS["labels_reproducible"]
    if any(
        ground.source_subjects is not None and ground.source_subjects < ENOUGH_SUBJECTS for ground in grounds
    ):
        yield CAVEATS["few_subjects"]
    if any(ground.purpose == "toy" for ground in grounds):
        yield "These are toy cases, which every team has: they rank nobody."
    if any(ground.source_subjects is None for ground in grounds):
        yield "From how many people the scans come is not said."
    if any(ground.labels_reproducible is None for ground in grounds):
        yield "Whether the labels were hidden from the teams is not said."
    for names in dict.fromkeys(
        names for one in contests for names in sets_twice(one.standings, one.grounds).values()
    ):
        yield f"The consensus counts {together(names)} by themselves, though they are of one anatomy."
    counts = {
        name: sum(next(iter(runs.values())).abnormal.values())
        for one in contests
        for name, runs in one.standings.sets.items()
    }
    few = [f"{name} has {count} abnormal scans" for name, count in counts.items() if count < ENOUGH_ABNORMAL]
    if few:
        yield f"Few cases: {together(few)}. Intervals are wide, and their ends rough."


def ranking(contest: Contest) -> list[Block]:
    """Return the ranking of one task with what it means."""
    rows = ranking_rows(contest)
    caption = (
        f"{ASKED[contest.task]} Higher average precision (AP) is better. Behind it its 95 % interval over "
        f"{contest.draws:,} draws of scans; drawn from 0 to 1. Keeps place: share of draws with the same "
        "rank, alone or shared."
    )
    title = f"{contest.name}: ranking"
    blocks: list[Block] = [
        Table(str(contest.task), "ranking", title, caption, rows, _columns(contest), limit=len(rows))
    ]
    if any(
        row[f"{name} interval is not around the score"] for row in rows for name in contest.standings.sets
    ):
        blocks.append(
            Words(
                "† Not around the score: this interval is made from rounded scores, and the score is not "
                "in it.",
                quiet=True,
            )
        )
    return blocks


def ranking_rows(contest: Contest) -> list[Row]:
    """Return a row a team in the order of the board, those without a rank last."""
    means = contest.standings.consensus()[1]
    overall = contest.overall
    rows = []
    for team in contest.teams:
        column = overall.algorithms.index(team)
        mine, place = overall.ranks[:, column], int(overall.full[column])
        row: Row = {"rank": place, "team": team}
        for name in contest.standings.sets:
            row |= _score(contest, name, team)
        low, high = rank_interval(mine)
        row |= {"mean rank": means[team], "rank low": low, "rank high": high}
        alone, shared = first_shares(contest, team)
        row |= {"keeps place": float(np.mean(mine == place)), "alone first": alone, "shared first": shared}
        rows.append(row)
    return rows + _others(contest, rows[0] if rows else {})


def _score(contest: Contest, name: str, team: str) -> Row:
    part = contest.stability.sets[name]
    score = part.scores[team]
    bounds = None
    if score is not None:
        bounds = score_interval(part.replicates[:, contest.standings.teams.index(team)])
    low, high = bounds or (None, None)
    outside = score is not None and bounds is not None and not bounds[0] <= score <= bounds[1]
    return {
        f"{name} AP": score,
        f"{name} low": low,
        f"{name} high": high,
        f"{name} interval is not around the score": outside,
    }


def _others(contest: Contest, like: Row) -> list[Row]:
    found: dict[str, Row] = {}
    for run in contest.standings.others:
        row = found.setdefault(run.team, dict.fromkeys(like) | {"team": run.team})
        if f"{run.test_set} AP" in row:
            row[f"{run.test_set} AP"] = run.result.score
    return [found[team] for team in sorted(found)]


def _columns(contest: Contest) -> list[Column]:
    several = len(contest.standings.sets) > 1
    scores = [
        Column(
            f"{contest.title(name)} AP", partial(_words, name), right=False,
            whisker=partial(_whisker, name), weight=1.9,
        )
        for name in contest.standings.sets
    ]  # fmt: skip
    return [
        Column("Rank", partial(_place, contest), weight=0.35),
        Column("Team", _team, right=False, weight=1.35),
        *scores,
        *([Column("Mean rank", _mean_rank, weight=0.5)] if several else []),
        Column("95 % ranks", _rank_interval, weight=0.5),
        Column("Keeps place", _keeps_place, weight=0.5),
    ]


def _place(contest: Contest, row: Row) -> str:
    tied = contest.overall.full.tolist().count(row["rank"]) > 1
    return NOTHING if row["rank"] is None else f"{row['rank']}{'=' if tied else ''}"


def _team(row: Row) -> str:
    return str(row["team"]) if row["rank"] is not None else f"{row['team']} (not ranked)"


def _mean_rank(row: Row) -> str:
    return NOTHING if row["mean rank"] is None else f"{row['mean rank']:.2f}"


def _rank_interval(row: Row) -> str:
    return places(None if row["rank low"] is None else (row["rank low"], row["rank high"]))


def _keeps_place(row: Row) -> str:
    return NOTHING if row["keeps place"] is None else percent(row["keeps place"])


def _words(name: str, row: Row) -> str:
    score, low = row[f"{name} AP"], row[f"{name} low"]
    if score is None:
        return f"{NOTHING} no result"
    mark = " †" if row[f"{name} interval is not around the score"] else ""
    return ap(score) if low is None else f"{ap(score)}  ({interval((low, row[f'{name} high']))}){mark}"


def _whisker(name: str, row: Row) -> Whisker | None:
    score, low, high = (row[f"{name} {part}"] for part in ("AP", "low", "high"))
    return None if score is None or low is None else (score, low, high)
