"""How scores and ranks spread over the batches of the pixel task, where there are enough of them."""

from collections.abc import Iterator, Mapping

from mood_evaluator.plots import ranks_by_scheme, scheme_ranks, score_spread
from mood_evaluator.report.blocks import Block, Figure, Words
from mood_evaluator.report.contest import TEAMS, Contest
from mood_evaluator.report.words import inside
from mood_evaluator.runs.batches import batch_table
from mood_evaluator.tables.score_table import ScoreTable

BATCHES = 5  # from which on their spread says something


def batch_blocks(contest: Contest) -> Iterator[Block]:
    """Yield the plots of batches, or a sentence why there are none."""
    found = {name: batch_table(runs, contest.title(name)) for name, runs in contest.standings.sets.items()}
    tables = {
        contest.title(name): _ordered(table, contest.scored(name))
        for name, table in found.items()
        if table is not None and len(table.cases) >= BATCHES
    }
    for name, table in found.items():
        if contest.title(name) not in tables:
            count = 1 if table is None else len(table.cases)
            yield Words(
                f"{contest.title(name)}: {count} batch{'' if count == 1 else 'es'}, too few to show how "
                f"scores and ranks spread over batches (from {BATCHES} on).",
                quiet=True,
            )
    if tables:
        yield from _spread(contest, tables)


def _ordered(table: ScoreTable, teams: list[str]) -> ScoreTable:
    rows = [table.algorithms.index(team) for team in teams if team in table.algorithms]
    return ScoreTable(
        table.task, tuple(table.algorithms[row] for row in rows), table.cases, table.values[rows]
    )


def _spread(contest: Contest, tables: Mapping[str, ScoreTable]) -> Iterator[Block]:
    counts = ", ".join(f"{inside(title)} n = {len(table.cases)}" for title, table in tables.items())
    task = str(contest.task)
    rows = [
        {"test set": title, "team": team, "batch": case, "AP": value}
        for title, table in tables.items()
        for team, own in zip(table.algorithms, table.values.tolist(), strict=True)
        for case, value in zip(table.cases, own, strict=True)
    ]
    values = {
        title: dict(zip(table.algorithms, table.values.tolist(), strict=True))
        for title, table in tables.items()
    }
    guesses = {contest.title(name): contest.guess(name) for name in contest.standings.sets}
    yield Figure(
        task, "batches", "AP of the batches", f"Batches: {counts}{contest.best_teams}. The score is the mean "
            "of its batches.", rows,
        lambda look, into: score_spread(
            values, teams=contest.teams[:TEAMS], guesses=guesses, look=look, into=into
        ),
    )  # fmt: skip
    if len(contest.teams) > TEAMS:
        yield Words(
            f"Ranks under other schemes are left out: lines of more than {TEAMS} teams cannot be told apart.",
            quiet=True,
        )
        return
    ranks = [
        {"test set": title, "team": team, **{str(scheme): rank for scheme, rank in own.items()}}
        for title, table in tables.items()
        for team, own in ranks_by_scheme(table).items()
    ]
    caption = (
        f"Batches as cases ({counts}). A line that moves owes its rank to the scheme; the official "
        "one is mean, then rank."
    )
    yield Figure(
        task, "schemes", "Ranks under other schemes", caption, ranks,
        lambda look, into: scheme_ranks(tables, look=look.styling(contest.styled), into=into),
    )  # fmt: skip
