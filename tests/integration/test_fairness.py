"""Whole nights on the real claims: every Team is served, nobody takes more than a share.

Small here; `make -C studies trial-fairness` runs them with 65 Teams on 20 slots for ten virtual hours.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.models import RunState, Stage, Submission
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.storage.local import LocalStore
from mood_support.factories import TinyPlatform
from mood_support.hand_clock import HandClock
from mood_support.night import Ending, Night, Served, night_platform, slots

pytestmark = pytest.mark.integration
MINUTE, HOUR = 60.0, 3600.0
MEAN = 30.0
"""Seconds of a case: they take 10 to 50."""
FULL = "MOOD_TRIAL" in os.environ
TEAMS, SLOTS, RUNS, HIDDEN = (65, 20, 3, 60) if FULL else (9, 3, 1, 6)
LATE = 9 * HOUR if FULL else 12 * MINUTE
END = 10.5 * HOUR if FULL else 45 * MINUTE
TO_THE_LAST_CASE = END + HOUR if FULL else END
"""Where a looping Team has slots too; the full night is full without it."""
LATE_SUBMISSIONS = 10 if FULL else 4


@dataclass
class Trial:
    """A night in which all Teams submit at its beginning; the same case takes equally long every time."""

    world: tuple[TinyPlatform, HandClock]
    names: dict[UUID, str] = field(default_factory=dict)
    """By Run: `team/1`."""

    def __post_init__(self) -> None:
        self.night = Night(*self.world, nodes=slots(SLOTS), behaviour=self._case)
        self._cases: Counter[UUID] = Counter()
        self._runs: Counter[str] = Counter()

    def _case(self, _node: ClaimingNode, claim: Claim) -> Ending:
        self._cases[claim.run_id] += 1
        dice = random.Random(f"{self.names[claim.run_id]} {self._cases[claim.run_id]}")
        return Ending(seconds=dice.uniform(MEAN / 3, 5 * MEAN / 3))

    def begin(self) -> None:
        teams = [self.night.platform.join(f"team{index:02}") for index in range(TEAMS)]
        for team in teams * RUNS:
            self.submit(team)

    def submit(self, team: Principal, stage: Stage = Stage.CHALLENGE) -> Submission:
        submission = self.night.submit(team, stage=stage)
        slug = team.require_team().handle
        self._runs[slug] += 1
        self.names[self.night.platform.run_of(submission).id] = f"{slug}/{self._runs[slug]}"
        return submission

    def of(self, team: str) -> list[Served]:
        return [one for one in self.night.served if self.names[one.run_id].startswith(f"{team}/")]


@pytest.fixture
def world(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str
) -> Iterator[tuple[TinyPlatform, HandClock]]:
    with made(store, tmp_path, database_url) as platform:
        yield platform


@contextmanager
def made(store: LocalStore, folder: Path, database_url: str) -> Iterator[tuple[TinyPlatform, HandClock]]:
    with night_platform(database_url, store=store, folder=folder / "sets", hidden_cases=HIDDEN) as platform:
        yield platform


def test_every_team_soon_has_a_hidden_case_and_one_that_comes_late_takes_no_more_than_its_share(
    world: tuple[TinyPlatform, HandClock],
) -> None:
    trial = Trial(world)
    trial.begin()
    late = trial.night.platform.join("late")
    trial.night.at(LATE, lambda: [trial.submit(late) for _ in range(LATE_SUBMISSIONS)])
    trial.night.run(until=END)
    waits = first_waits(trial)
    last_call = min(last_begin(trial, f"team{index:02}") for index in range(TEAMS))
    held = most_held(trial.of("late"), until=min(last_call, END - 10 * MINUTE), window=10 * MINUTE)
    say(f"first hidden case after at most {max(waits.values()) / MEAN:.2f} mean cases ({len(waits)} Teams)")
    say(f"the late Team held at most {held:.2f} slots over ten minutes")
    say(f"{trial.night.loads} images loaded for {len(trial.night.served)} cases")
    assert len(waits) == TEAMS + 1
    assert max(waits.values()) <= 2 * TEAMS / SLOTS * MEAN
    assert last_call >= LATE + 10 * MINUTE
    assert held <= SLOTS / (TEAMS + 1) + 1


def first_waits(trial: Trial) -> dict[str, float]:
    """Of each Team, from the moment it might have a hidden case to the one it had."""
    waits: dict[str, float] = {}
    for name in {name.partition("/")[0] for name in trial.names.values()}:
        begun = [one.begun for one in trial.of(name) if not one.toy]
        opened = [at for run, at in trial.night.opened.items() if trial.names[run].startswith(f"{name}/")]
        if opened:
            waits[name] = min(begun, default=END) - min(opened)
    return waits


def last_begin(trial: Trial, team: str) -> float:
    return max(one.begun for one in trial.of(team))


def most_held(cases: Sequence[Served], *, until: float, window: float) -> float:
    """The most slots on average over any such window that begins with one of the cases."""
    starts = [one.begun for one in cases if one.begun + window <= until]
    return max(
        sum(max(0.0, min(one.ended, start + window) - max(one.begun, start)) for one in cases) / window
        for start in starts
    )


def test_a_team_that_submits_toy_runs_in_a_loop_delays_no_hidden_case_by_half_an_hour(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str, start_afresh: object
) -> None:
    begun: list[dict[tuple[str, int], float]] = []
    for looping in (False, True):
        assert callable(start_afresh)
        start_afresh()
        with made(store, tmp_path, database_url) as world:
            trial = Trial(world)
            trial.begin()
            if looping:
                submit_toys_for_ever(trial)
            trial.night.run(until=TO_THE_LAST_CASE)
            begun.append(hidden_begins(trial))
            toys = sum(one.toy for one in trial.of("looper"))
    delays = [begun[1].get(case, 2 * END) - at for case, at in begun[0].items()]
    say(f"{toys} toy cases in a loop; hidden cases begin at most {max(delays) / MINUTE:.1f} min later,")
    say(f"{sum(delays) / len(delays) / MINUTE:.1f} min on average, of {len(delays)}")
    assert len(delays) == TEAMS * RUNS * 2 * HIDDEN
    assert toys >= 8
    assert max(delays) <= 30 * MINUTE


def say(line: str) -> None:
    Console(file=sys.stdout, width=120).print(line)


def submit_toys_for_ever(trial: Trial) -> None:
    """Five of its toy Runs are live at any time."""
    looper = trial.night.platform.join("looper")
    live: list[Submission] = []

    def again() -> None:
        live[:] = [one for one in live if trial.night.platform.run_of(one).state is not RunState.SCORED]
        while len(live) < 5:
            live.append(trial.submit(looper, Stage.TOY))
        trial.night.at(trial.night.now + MINUTE, again)

    again()


def hidden_begins(trial: Trial) -> dict[tuple[str, int], float]:
    """When the first, second, … hidden case of each Team began.

    Which of a Team's own Runs has a slot's image, and so goes first, differs from night to night.
    """
    found: dict[tuple[str, int], float] = {}
    seen: dict[str, int] = defaultdict(int)
    for one in sorted((one for one in trial.night.served if not one.toy), key=lambda one: one.begun):
        team = trial.names[one.run_id].partition("/")[0]
        found[team, seen[team]] = one.begun
        seen[team] += 1
    return found
