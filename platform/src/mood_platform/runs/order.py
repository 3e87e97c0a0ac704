"""Whose turn it is: start-time fair queueing between Teams. Pure: claims and rehearsals ask it alike.

Each Team has a virtual time, which grows by the slot seconds of its cases as they run; the lowest goes
first. Who was away is raised to the lowest of those who have work, less one case: nobody saves up turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from statistics import median_low
from uuid import UUID

from mood_platform.models import Account, Stage

TOY_RUNS = 2
"""Toy Runs of one Team that may be in flight."""
TOY_LEAD = 8.0
"""Case limits of toy cases that may go first before a Team has to wait for its turn with them."""
WITHIN = 0.25
"""Of a usual case: Teams that have had as much, but for so little, are taken as equal."""
PACED = 20
"""Cases that a pace remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The next case of one Run."""

    case_run_id: UUID
    run_id: UUID
    team_id: UUID
    kind: Stage
    """The bell that announces it: toy for toy cases of any Run, else the stage of the Run."""
    stage: Stage
    begun: bool
    """A case of the Run has run already."""
    suits: bool
    """The node that asks may run it."""
    prior: bool
    """An organizer lets this Submission go first."""
    here: bool
    """The node that asks has the image."""
    submitted_at: datetime
    number: tuple[int, int]
    """Of the Submission in its Team, of the Run in its Submission: at equal times they decide."""
    limit: float
    """Seconds a case of this Run may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A case that was handed out: it runs, or has just ended."""

    claim_id: UUID
    team_id: UUID
    toy: bool
    account: Account
    seconds: float
    """Nominal: slot seconds up to now or to its end, times the speed of the node."""
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one Team has had."""

    spent: float = 0.0
    toy_spent: float = 0.0
    lowest: float = 0.0
    pace: float | None = None
    paced: int = 0

    def plus(self, turn: Turn) -> Share:
        """With a case that has ended."""
        known = 0.0 if self.pace is None else self.pace * self.paced
        paced = replace(
            self, pace=(known + turn.seconds) / (self.paced + 1), paced=min(self.paced + 1, PACED)
        )
        if turn.account is Account.TOY:
            return replace(paced, toy_spent=self.toy_spent + turn.seconds)
        return replace(paced, spent=self.spent + turn.seconds)


def settle(shares: Mapping[UUID, Share], turns: Iterable[Turn]) -> dict[UUID, Share]:
    """The shares after these cases have ended; those that do not count change nothing."""
    settled = dict(shares)
    for turn in turns:
        if turn.account is not Account.NONE and not turn.running:
            settled[turn.team_id] = settled.get(turn.team_id, Share()).plus(turn)
    return settled


def within_toy_limit(waiting: Sequence[Waiting], in_flight: Mapping[UUID, int]) -> list[Waiting]:
    """Without the toy Runs that wait for another toy Run of their Team to end; the older begin first."""
    free = {one.team_id: TOY_RUNS - in_flight.get(one.team_id, 0) for one in waiting}
    kept = []
    for one in sorted(waiting, key=_age):
        if one.stage is Stage.TOY and not one.begun:
            free[one.team_id] -= 1
            if free[one.team_id] < 0:
                continue
        kept.append(one)
    return kept


def _age(one: Waiting) -> tuple[datetime, tuple[int, int], UUID]:
    return one.submitted_at, one.number, one.run_id


@dataclass(frozen=True, kw_only=True)
class Field:
    """All that waits and runs at one moment, and what everybody has had until then."""

    waiting: Sequence[Waiting]
    running: Sequence[Turn]
    shares: Mapping[UUID, Share]
    lowest: float = 0.0
    """The highest that the lowest virtual time has ever been."""
    toy_share: float = 0.1
    """Share of the slots, at least one, that serves toy cases first."""

    def in_order(self, stages: Collection[Stage]) -> list[Waiting]:
        """What a slot for these stages is handed, best first; the next if somebody holds that one's row."""
        served = [one for one in self.waiting if one.kind in stages and one.suits]
        places, lowest = self._places(served), dict.fromkeys(Account, float("inf"))
        times: dict[UUID, tuple[Account, float]] = {}
        for one in served:
            account = self.account_of(one)
            times[one.run_id] = account, self._time_on(account, one.team_id)
            lowest[account] = min(lowest[account], times[one.run_id][1])

        def key(one: Waiting) -> tuple[object, ...]:
            account, time = times[one.run_id]
            ahead = time - lowest[account]
            turn = ahead if ahead >= WITHIN * self.one_case else 0.0
            group = (account is Account.NONE, not one.prior, account is not Account.TOY)
            return (*group, turn, places[one.run_id], not one.here, *_age(one))

        return sorted(served, key=key)

    def account_of(self, one: Waiting) -> Account:
        """Whose seconds it will take.

        On a slot of their share a toy case goes first and takes nothing from its Team's turns, if the
        Team runs nothing else and has not had too much of this.
        """
        if one.kind is Stage.ANALYSIS:
            return Account.NONE
        lead = self._toy_time(one.team_id) - self.base
        idle = one.team_id not in self._running_of
        first = one.kind is Stage.TOY and self._serves_toy and idle and lead < TOY_LEAD * one.limit
        return Account.TOY if first else Account.TURN

    def share_of_next(self, one: Waiting) -> Share:
        """The Team's share as it is handed this case: raised, if it was away."""
        share = replace(self._share(one.team_id), lowest=self.base)
        if self.account_of(one) is Account.TOY:
            return replace(share, toy_spent=self._toy_time(one.team_id))
        raised = self.reached(one.team_id) - self._time(one.team_id)
        return replace(share, spent=share.spent + raised)

    def reached(self, team_id: UUID) -> float:
        """Its virtual time now: what has ended, what runs (each for at least what it is expected to take)."""
        return self._reached.get(team_id, self.base - self.one_case)

    @cached_property
    def _reached(self) -> Mapping[UUID, float]:
        teams = {one.team_id for one in self.waiting} | self._running_of.keys()
        return {team_id: max(self._time(team_id), self.base - self.one_case) for team_id in teams}

    @cached_property
    def base(self) -> float:
        """The lowest virtual time among Teams that have work; it never falls.

        Of cases that have ended: what runs may yet be lost by our fault, and would be missed here.
        """
        times = [self._share(team_id).spent for team_id in self._teams]
        return max(self.lowest, min(times, default=self.lowest))

    @cached_property
    def one_case(self) -> float:
        """Seconds of a usual case here: the median Team's. Its limit, while nobody knows better."""
        paces = [pace for team_id in self._teams if (pace := self._share(team_id).pace) is not None]
        limit = min((one.limit for one in self.waiting), default=0.0)
        return median_low(paces) if paces else limit

    @cached_property
    def _teams(self) -> set[UUID]:
        """Those that have work."""
        waiting = {one.team_id for one in self.waiting if one.kind is not Stage.ANALYSIS}
        return waiting | self._running_of.keys()

    @cached_property
    def _serves_toy(self) -> bool:
        """Whether the slot that asks belongs to the share of toy cases."""
        slots = len(self.running) + 1
        return sum(turn.toy for turn in self.running) < max(1.0, self.toy_share * slots)

    @cached_property
    def _running_of(self) -> Mapping[UUID, Sequence[Turn]]:
        turns: dict[UUID, list[Turn]] = defaultdict(list)
        for turn in self.running:
            if turn.account is not Account.NONE:
                turns[turn.team_id].append(turn)
        return dict(turns)

    def _share(self, team_id: UUID) -> Share:
        return self.shares.get(team_id, Share())

    def _time(self, team_id: UUID) -> float:
        share = self._share(team_id)
        least = self.one_case if share.pace is None else share.pace
        running = self._running_of.get(team_id, ())
        return share.spent + sum(max(one.seconds, least) for one in running if one.account is Account.TURN)

    def _time_on(self, account: Account, team_id: UUID) -> float:
        """What decides between the Teams of this account; nothing does for the organizers' own runs."""
        if account is Account.NONE:
            return 0.0
        return self._toy_time(team_id) if account is Account.TOY else self.reached(team_id)

    def _toy_time(self, team_id: UUID) -> float:
        return max(self._share(team_id).toy_spent, self.base)

    def _places(self, waiting: Iterable[Waiting]) -> dict[UUID, int]:
        """By Run, its place in its Team: beside other cases a toy case, then what is here, then the older."""
        places: dict[UUID, int] = {}
        seen: dict[UUID, int] = defaultdict(int)
        for one in sorted(waiting, key=lambda one: (not self._goes_beside(one), not one.here, *_age(one))):
            places[one.run_id] = seen[one.team_id]
            seen[one.team_id] += 1
        return places

    def _goes_beside(self, one: Waiting) -> bool:
        """A Team whose hidden cases run already has one toy case run beside them."""
        running = self._running_of.get(one.team_id, ())
        return one.kind is Stage.TOY and bool(running) and not any(turn.toy for turn in running)
