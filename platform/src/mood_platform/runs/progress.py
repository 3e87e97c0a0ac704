"""What a participant may see of a Run: never a count, log, name, time or score of a hidden case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import case, func, select

from mood_platform.challenges.window import takes_until
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Forbidden
from mood_platform.failures import Blame, FailureReason
from mood_platform.models import (
    ENDS,
    TERMINAL,
    CaseRun,
    CaseRunState,
    Challenge,
    Run,
    RunState,
    Stage,
    Submission,
    SubmissionState,
)
from mood_platform.runs.telling import EVERY, ORIGIN, is_live, last_tick, next_tick, told_at

STEPS = (5, 25, 100)
"""Percent. Progress moves in the first of these that stands for two hidden cases or more.

A step of one case would be counted by whoever watches: 8 % less is one of twelve.
"""
FEW, SOME = 0.05, 0.25
"""Shares of the hidden cases below which a failure reason is met by few, by some; else by many."""
DONE = TERMINAL - {CaseRunState.CANCELLED}
TELLING = frozenset({RunState.SCORED, RunState.FAILED})
"""Ends after which failures and times are told. A team chooses the moment of a cancellation, perhaps
right after one hidden case: it would learn about that case alone."""


class Phase(StrEnum):
    QUEUED = "queued"
    TOY = "toy"
    HIDDEN = "hidden"
    SCORING = "scoring"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Tally:
    """The CaseRuns of a Run that ended alike, or have got equally far."""

    toy: bool
    state: CaseRunState
    reason: FailureReason | None
    count: int
    slowest: float | None
    """Seconds."""
    told: bool = True
    """They had got so far at the last moment of telling."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why some hidden cases counted as all zero."""

    reason: FailureReason
    text: str
    band: str
    """few | some | many; few are told together with none until the edition has closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    state: RunState
    """Of the Run, as told."""
    since: datetime
    phase: Phase
    toy_done: int
    toy_total: int
    percent: int | None
    """Of the hidden cases, in coarse steps; None without hidden cases or before the first."""
    failures: tuple[Failure, ...] = ()
    """Of the hidden cases; only after the Run has ended."""
    slowest: str | None = None
    """Slowest hidden case: `≤ 50 %`, `≤ 90 %` or `> 90 %` of the limit; only after the Run has ended."""
    next_told_at: datetime | None = None
    """When hidden cases are told of again; None where nothing waits to be told."""
    waits: bool = False
    """Nothing of it is left but cases that we failed to run or to score."""
    few_told: bool = True
    """False: reasons that few hidden cases met are not among the failures yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """When a team looks at a Run, and what has been decided by then."""

    now: datetime
    closed: bool = False
    """The edition takes nothing any more."""
    withdrawn: bool = False


def read_progress(tx: Transaction, *, runs: Sequence[Run]) -> dict[UUID, Progress]:
    """By the Run's id; two statements for a whole page of them, and no row of a case leaves the database."""
    if any(run.stage is Stage.ANALYSIS for run in runs):
        raise Forbidden("Analysis runs are the organizers' own.")
    tallies: dict[UUID, list[Tally]] = {run.id: [] for run in runs}
    for run_id, tally in _count_by_kind(tx, tallies):
        tallies[run_id].append(tally)
    looks = _read_looks(tx, tallies)
    return {run.id: summarize(run, tallies[run.id], look=looks[run.id]) for run in runs}


def _count_by_kind(tx: Transaction, run_ids: Collection[UUID]) -> Iterator[tuple[UUID, Tally]]:
    """What a withdrawn Run shows stands still, whether it ended by itself just before or not."""
    withdrawn = Submission.state == SubmissionState.WITHDRAWN
    until = case((withdrawn, func.date_bin(EVERY, Run.state_since, ORIGIN)), else_=last_tick(tx.now))
    told = (CaseRun.state_since <= until).label("told")
    kind = (CaseRun.run_id, CaseRun.toy, CaseRun.state, CaseRun.reason)
    query = (
        select(*kind, func.count(), func.max(CaseRun.seconds), told)
        .join(Run, CaseRun.run_id == Run.id)
        .join(Submission, Run.submission_id == Submission.id)
        .where(CaseRun.run_id.in_(run_ids))
        .group_by(*kind, told)
    )
    for run_id, toy, state, reason, count, slowest, in_time in tx.session.execute(query):
        yield run_id, Tally(toy, state, reason, count, slowest, in_time)


def _read_looks(tx: Transaction, run_ids: Collection[UUID]) -> dict[UUID, Look]:
    query = (
        select(Run.id, Submission.state, Challenge)
        .join(Submission, Run.submission_id == Submission.id)
        .join(Challenge, Submission.challenge_id == Challenge.id)
        .where(Run.id.in_(run_ids))
    )
    return {
        run_id: Look(
            now=tx.now,
            closed=tx.now >= takes_until(challenge),
            withdrawn=state is SubmissionState.WITHDRAWN,
        )
        for run_id, state, challenge in tx.session.execute(query)
    }


def summarize(run: Run, tallies: Iterable[Tally], *, look: Look) -> Progress:
    """The pure part: everything a participant learns, from the tallies."""
    known = list(tallies)
    toy = [tally for tally in known if tally.toy]
    hidden = [tally for tally in known if not tally.toy and _counts(run, tally)]
    toy_done, toy_total = _count_done(toy), _count(toy)
    hidden_done = _count_done(tally for tally in hidden if tally.told or is_live(run))
    state, since = _told_state(run, look, all_done=hidden_done == _count(hidden))
    told, few_told = state in TELLING, run.told_live or look.closed
    failures = _failures(hidden) if told else ()
    return Progress(
        state=state,
        since=since,
        phase=_phase(run, state, toy_done=toy_done, toy_total=toy_total),
        toy_done=toy_done,
        toy_total=toy_total,
        percent=_percent(run, hidden_done, of=_count(hidden)),
        failures=failures if few_told else tuple(one for one in failures if one.band != "few"),
        slowest=_slowest(hidden, float(run.limits["seconds"])) if told else None,
        waits=state.live and _waits(run, known),
        next_told_at=next_tick(look.now) if state.live and not is_live(run) else None,
        few_told=few_told,
    )


def _counts(run: Run, tally: Tally) -> bool:
    """A case that was dropped for everybody is as if it had never been there."""
    return run.state in ENDS or tally.state is not CaseRunState.CANCELLED


def _told_state(run: Run, look: Look, *, all_done: bool) -> tuple[RunState, datetime]:
    """State and since when, as told: what people decide is told at once, what containers do on the clock."""
    if is_live(run):
        return run.state, run.state_since
    moment = told_at(run.state_since)
    if look.withdrawn and run.told_at is None:
        return RunState.CANCELLED, moment
    if run.state in ENDS or (run.state is RunState.SCORED and moment <= look.now):
        return run.state, moment
    assert run.toy_reported_at is not None, "before the toy report all is live"
    return (RunState.SCORING, last_tick(look.now)) if all_done else (RunState.RUNNING, run.toy_reported_at)


def _waits(run: Run, known: Sequence[Tally]) -> bool:
    """Told on the clock like all about hidden cases; how many are parked is never told."""
    left = [tally for tally in known if tally.state not in TERMINAL]
    in_time = is_live(run) or all(tally.told for tally in known if not tally.toy)
    return bool(left) and in_time and all(tally.state is CaseRunState.PARKED for tally in left)


def _phase(run: Run, state: RunState, *, toy_done: int, toy_total: int) -> Phase:
    if not state.live:
        return Phase.ENDED
    if state is RunState.RUNNING:
        return Phase.TOY if toy_done < toy_total or run.toy_reported_at is None else Phase.HIDDEN
    return Phase(state.value)


def _count(tallies: Iterable[Tally]) -> int:
    return sum(tally.count for tally in tallies)


def _count_done(tallies: Iterable[Tally]) -> int:
    return _count(tally for tally in tallies if tally.state in DONE)


def _percent(run: Run, done: int, *, of: int) -> int | None:
    if of == 0 or run.toy_reported_at is None:
        return None
    if run.told_live:
        return done * 100 // of
    step = next((step for step in STEPS if of * step >= 2 * 100), STEPS[-1])
    return done * 100 // of // step * step


def _failures(hidden: Sequence[Tally]) -> tuple[Failure, ...]:
    total, reasons = _count(hidden), Counter[FailureReason]()
    for tally in hidden:
        if tally.state in DONE and tally.reason is not None:
            reasons[tally.reason] += tally.count
    return tuple(
        Failure(reason, reason.text, _band(count, total))
        for reason, count in sorted(reasons.items())
        if reason.blame is Blame.TEAM
    )


def _band(count: int, total: int) -> str:
    """A single case is `few` in a set of any size: were it not, `few` would only be seen in large ones."""
    if count == 1 or count / total < FEW:
        return "few"
    return "some" if count / total < SOME else "many"


def _slowest(hidden: Sequence[Tally], limit: float) -> str | None:
    done = [tally for tally in hidden if tally.state in DONE]
    shares = [tally.slowest / limit for tally in done if tally.slowest is not None]
    if not shares:
        return None
    if max(shares) > 0.9 or any(tally.state is CaseRunState.TIMED_OUT for tally in done):
        return "> 90 %"
    return "≤ 50 %" if max(shares) <= 0.5 else "≤ 90 %"
