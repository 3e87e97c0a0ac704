"""Who leads, and how sure that is, in sentences."""

from collections.abc import Sequence

from mood_evaluator.report.contest import Contest
from mood_evaluator.report.words import ap, inside, number, p_value, percent, together
from mood_evaluator.significance import PairDifference


def leader(contest: Contest) -> str:
    """Return in one sentence who leads, and in how many draws of scans."""
    return _told(contest, f"{contest.draws:,} draws of scans")


def in_short(contest: Contest) -> str:
    """Return the sentence that stands on every page."""
    return _told(contest, "the draws of scans")


def _told(contest: Contest, draws: str) -> str:
    places = dict(zip(contest.overall.algorithms, contest.overall.full.tolist(), strict=True))
    first = [team for team in contest.teams if places[team] == 1]
    if len(contest.teams) == 1:
        return f"{contest.name}: {first[0]} is the only team, so there is no order."
    if len(first) > 1:
        firsts = "; ".join(f"{team} is {_firsts(contest, team, draws)}" for team in first)
        return (
            f"{contest.name}: nobody leads; {together(first)} share the first place. {firsts}."
            f"{_rival(contest, first)}"
        )
    return (
        f"{contest.name}: {first[0]} leads, {_firsts(contest, first[0], draws)}."
        f"{_rival(contest, first)} {_verdict(contest)}"
    )


def _firsts(contest: Contest, team: str, draws: str) -> str:
    alone, shared = first_shares(contest, team)
    also = f", first with others in {percent(shared)}" if shared else ""
    return f"alone first in {percent(alone)} of {draws}{also}"


def _rival(contest: Contest, leaders: Sequence[str]) -> str:
    """Return that another team is alone first as often as the leaders or more, where one is."""
    alone = {team: first_shares(contest, team)[0] for team in contest.teams}
    others = [team for team in contest.teams if team not in leaders]
    if not others:
        return ""
    rival = max(others, key=alone.__getitem__)
    most = max(alone[team] for team in leaders)
    if not alone[rival] or alone[rival] < most:
        return ""
    often = "just as often" if percent(alone[rival]) == percent(most) else "more often"
    return f" But {rival} is alone first {often}, in {percent(alone[rival])}."


def _verdict(contest: Contest) -> str:
    """Return over how much of the ground the lead over the next team is significant."""
    one, others = contest.teams[0], _next(contest)
    other = together(others)
    sets = list(contest.standings.sets)
    sure = [
        inside(contest.title(name))
        for name in sets
        if all(_is_sure(_pair(contest, name, one, team), one) for team in others)
    ]
    if len(sure) == len(sets):
        return f"That is sure: the lead over {other}, the next, is significant on {together(sure)}."
    if sure:
        return (
            f"That is sure on {together(sure)} alone: elsewhere no lead over {other}, the next, is "
            "significant."
        )
    return f"That is not sure: no lead over {other}, the next, is significant."


def _next(contest: Contest) -> list[str]:
    """Return all who share the place behind the first team of the board."""
    places = dict(zip(contest.overall.algorithms, contest.overall.full.tolist(), strict=True))
    return [team for team in contest.teams[1:] if places[team] == places[contest.teams[1]]]


def _is_sure(pair: PairDifference | None, better: str) -> bool:
    return pair is not None and pair.better == better and pair.significant


def first_shares(contest: Contest, team: str) -> tuple[float, float]:
    """Return the shares of draws in which a team is first alone, and first together with others."""
    ranks = contest.overall.ranks
    first = ranks[:, contest.overall.algorithms.index(team)] == 1
    alone = first & ((ranks == 1).sum(axis=1) == 1)
    return float(alone.mean()), float((first & ~alone).mean())


def answer(contest: Contest) -> str:
    """Return who leads, and over whom that is significant."""
    words = leader(contest)
    first, *others = contest.teams
    if not others:
        return words
    parts = [f"{first} against {other}: {_leads(contest, first, other)}" for other in _next(contest)]
    return f"{words} In numbers, {'; '.join(parts)}."


def _leads(contest: Contest, one: str, other: str) -> str:
    return together(
        f"{_lead(contest, name, one, other)} on {inside(contest.title(name))}"
        for name in contest.standings.sets
    )


def _lead(contest: Contest, name: str, one: str, other: str) -> str:
    pair = _pair(contest, name, one, other)
    if pair is None:
        return "no result of one of them"
    p = f"(p {_p(pair.p_adjusted, contest.draws)})"
    if contest.tied(name, one, other):
        return f"tied {p}"
    difference = ap(pair.difference) if pair.difference < 0.0005 else number(pair.difference)
    return f"{difference} AP {'ahead' if pair.better == one else 'behind'} {p}"


def _pair(contest: Contest, name: str, one: str, other: str) -> PairDifference | None:
    pairs = contest.stability.sets[name].pairs
    return next((pair for pair in pairs if {pair.better, pair.worse} == {one, other}), None)


def _p(p: float, draws: int) -> str:
    words = p_value(p, draws)
    return words if words.startswith("≤") else f"= {words}"
