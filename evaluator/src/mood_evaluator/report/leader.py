"""Who leads, and how sure that is, in sentences."""

import numpy as np

from mood_evaluator.report.contest import Contest
from mood_evaluator.report.words import inside, number, p_value, percent, together
from mood_evaluator.significance import PairDifference


def leader(contest: Contest) -> str:
    """Return in one sentence who leads, and in how many draws of scans."""
    places = dict(zip(contest.overall.algorithms, contest.overall.full.tolist(), strict=True))
    first = [team for team in contest.teams if places[team] == 1]
    if len(contest.teams) == 1:
        return f"{contest.name}: {first[0]} is the only team, so there is no order."
    if len(first) > 1:
        shares = together(f"{team} in {percent(_share_first(contest, team))}" for team in first)
        return (
            f"{contest.name}: nobody leads; {together(first)} share the first place. Of {contest.draws:,} "
            "draws "
            f"of scans, ties counted for each, {shares} rank first."
        )
    share = percent(_share_first(contest, first[0]))
    return (
        f"{contest.name}: {first[0]} leads, ranked first in {share} of {contest.draws:,} draws of "
        f"scans. {_verdict(contest)}"
    )


def _verdict(contest: Contest) -> str:
    """Return over how much of the ground the lead over the next team is significant."""
    one, other = contest.teams[:2]
    pairs = {name: _pair(contest, name, one, other) for name in contest.standings.sets}
    sure = [
        inside(contest.title(name))
        for name, pair in pairs.items()
        if pair is not None and pair.better == one and pair.significant
    ]
    if len(sure) == len(pairs):
        return f"That is sure: the lead over {other}, the next, is significant on {together(sure)}."
    if sure:
        return (
            f"That is sure on {together(sure)} alone: elsewhere no lead over {other}, the next, is "
            "significant."
        )
    return f"That is not sure: no lead over {other}, the next, is significant."


def _share_first(contest: Contest, team: str) -> float:
    return float(np.mean(contest.overall.ranks[:, contest.overall.algorithms.index(team)] == 1))


def in_short(contest: Contest) -> str:
    """Return the sentence that stands on every page."""
    return leader(contest).replace(
        f" of {contest.draws:,} draws of scans. That is ", " of the draws of scans, "
    )


def answer(contest: Contest) -> str:
    """Return who leads, and over whom that is significant."""
    words = leader(contest)
    first, *others = contest.teams
    if not others:
        return words
    leads = [
        f"{_lead(contest, name, first, others[0])} on {inside(contest.title(name))}"
        for name in contest.standings.sets
    ]
    return f"{words} In numbers, {first} against {others[0]}: {together(leads)}."


def _lead(contest: Contest, name: str, one: str, other: str) -> str:
    pair = _pair(contest, name, one, other)
    if pair is None:
        return "no result of one of them"
    side = "ahead" if pair.better == one else "behind"
    return f"{number(pair.difference)} AP {side} (p {_p(pair.p_adjusted, contest.draws)})"


def _pair(contest: Contest, name: str, one: str, other: str) -> PairDifference | None:
    pairs = contest.stability.sets[name].pairs
    return next((pair for pair in pairs if {pair.better, pair.worse} == {one, other}), None)


def _p(p: float, draws: int) -> str:
    words = p_value(p, draws)
    return words if words.startswith("≤") else f"= {words}"
