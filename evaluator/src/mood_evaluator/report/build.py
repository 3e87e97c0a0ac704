"""Puts the report together: the first page, and one page a question."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mood_evaluator.plots.look import MARKERS
from mood_evaluator.report import first_page, leader, toy_cases, what_is_hard, where, who_leads
from mood_evaluator.report.blocks import Block, Heading, Page, Report
from mood_evaluator.report.contest import Contest, MeasuredSet, gather_contest
from mood_evaluator.report.words import inside, people, scans, together
from mood_evaluator.runs.ground import NO_EDITION, Edition
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.test_set import Task


def build_report(
    runs: Sequence[ScoredRun],
    sets: Sequence[MeasuredSet] = (),
    *,
    bootstraps: int,
    seed: int,
    date: str,
    title: str = "",
    editions: Mapping[Task, Edition] | None = None,
    predictions: Mapping[str, Mapping[str, Path]] | None = None,
    on_run: Callable[[], None] | None = None,
) -> Report:
    """Compute everything that scored runs of one or both tasks say.

    `sets`, where given, tell kinds of anomalies apart; `editions` are those of the published leaderboards
    (default: what the runs say); `predictions` are folders by test set and team, for heat maps; `date` is
    when the report is made. `on_run` is called whenever the scans of a run have been drawn.
    """
    contests = [
        gather_contest(
            own, sets, bootstraps=bootstraps, seed=seed, predictions=predictions or {}, on_run=on_run
        )
        for task in Task
        if (own := [run for run in runs if run.task is task])
    ]
    contests = [replace(one, styled=_styled(contests)) for one in contests]
    editions = {one.task: (editions or {}).get(one.task) or _edition_of(runs, one.task) for one in contests}
    return Report(
        title=title or next((one.title for one in editions.values() if one.title), "MOOD: report"),
        facts=first_page.facts(contests, editions, runs, date),
        caveats=first_page.caveats(contests, editions),
        strap=_strap(contests, editions),
        first=[block for one in contests for block in first_page.ranking(one)],
        pages=list(_pages(contests)),
        standings=[one.standings for one in contests],
    )


def _styled(contests: Sequence[Contest]) -> tuple[str, ...]:
    """Return the teams that any plot has in colour, those of the first task first."""
    return tuple(dict.fromkeys(team for one in contests for team in one.teams[: len(MARKERS)]))


def _edition_of(runs: Sequence[ScoredRun], task: Task) -> Edition:
    return next((run.edition for run in runs if run.task is task and run.edition != NO_EDITION), NO_EDITION)


def _strap(contests: Sequence[Contest], editions: Mapping[Task, Edition]) -> list[str]:
    """Return what every page says: who leads, how sure that is, what it rests on."""
    rests = dict.fromkeys(_rests_on(one, name) for one in contests for name in one.standings.sets)
    warned = any("emonstration" in words for words in first_page.caveats(contests, editions))
    caveat = " Demonstration, no scientific ranking." if warned else ""
    return [*map(leader.in_short, contests), f"Rests on {together(rests)}.{caveat}"]


def _rests_on(contest: Contest, name: str) -> str:
    count = len(next(iter(contest.standings.sets[name].values())).abnormal)
    subjects = people(contest.grounds[name].source_subjects)
    return f"{scans(count)} of {inside(contest.title(name))} ({subjects})"


def _pages(contests: Sequence[Contest]) -> Iterator[Page]:
    yield Page(
        "who-leads", "Who leads, and how sure is it", [leader.answer(one) for one in contests],
        _by_task(contests, [list(who_leads.blocks(one)) for one in contests]),
    )  # fmt: skip
    hard = [what_is_hard.Hardness(one) for one in contests]
    yield Page(
        "what-is-hard", "What is hard", [what_is_hard.answer(one) for one in hard],
        _by_task(contests, [list(what_is_hard.blocks(one)) for one in hard]),
    )  # fmt: skip
    pixel = [where.Places(one) for one in contests if one.task is Task.PIXEL]
    if pixel:
        yield Page(
            "where", "Where", [where.answer(one) for one in pixel],
            [block for one in pixel for block in where.blocks(one)],
        )  # fmt: skip
    toy = [toy_cases.ToyComparison(one) for one in contests]
    yield Page(
        "toy-cases", "Do toy cases tell", [toy_cases.answer(one) for one in toy],
        _by_task(contests, [list(toy_cases.blocks(one)) for one in toy]),
    )  # fmt: skip


def _by_task(contests: Sequence[Contest], blocks: Sequence[Sequence[Block]]) -> list[Block]:
    return [
        block for one, own in zip(contests, blocks, strict=True) if own for block in (Heading(one.name), *own)
    ]
