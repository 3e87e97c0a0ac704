"""What applying a challenge.yaml would change: mistakes against this platform, and a difference in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from mood_evaluator import Dataset
from mood_evaluator.runs import Ranking
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.entry_rule import REMEDY
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.challenges.queries import find_newest_test_set
from mood_platform.db.transaction import Transaction
from mood_platform.models import Challenge, Stage, Submission, TestSet

UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
SIZES = frozenset(f"limits.{name}" for name in ("memory", "tmp", "output", "shm", "log", "image"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the Nodes of this platform carry, where that is known."""

    cores: int
    memory: int
    """Bytes."""
    gpus: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Against the edition as it is stored."""

    new: bool
    lines: tuple[str, ...]
    """The difference, a field a line; empty where nothing would change."""
    teams: int
    """Teams with Submissions, whose later ones come under the new rules."""


def check_test_sets(tx: Transaction, config: ChallengeConfig, mistakes: Mistakes) -> None:
    """Each is installed, of its Dataset, and public where it is a toy set and only there."""
    hidden: list[TestSet] = []
    for stage, sets in config.stages.items():
        for dataset, names in sets.items():
            for name in names:
                found = _check_test_set(tx, stage, dataset, name, mistakes)
                hidden += [found] if found and stage is Stage.CHALLENGE else []
    problem = config.entry.problem(hidden)
    if problem is not None:
        mistakes.add("entry", problem, REMEDY)


def _check_test_set(
    tx: Transaction, stage: Stage, dataset: Dataset, name: str, mistakes: Mistakes
) -> TestSet | None:
    place = f"stages.{stage}.{dataset}"
    if mistakes.are_in({place}):
        return None
    found = find_newest_test_set(tx, name)
    if found is None:
        mistakes.add(place, f"no test set {name!r} is installed", "Install it: mood admin import FOLDER.")
        return None
    if found.dataset is not dataset:
        mistakes.add(place, f"{name} is a set of {found.dataset}", f"Name one of {dataset}.")
    if found.public is not (stage is Stage.TOY):
        wanted = "a toy set" if stage is Stage.TOY else "a hidden one"
        mistakes.add(place, f"{name} is a {found.purpose} set", f"Name {wanted}.")
    return found


def check_ranking(tx: Transaction, config: ChallengeConfig, mistakes: Mistakes) -> None:
    """What teams are ranked by is chosen before the edition opens."""
    stored = tx.session.scalar(select(Challenge).where(Challenge.slug == config.slug))
    if stored is None or tx.now < stored.opens:
        return
    before = stored.scoring.get("ranking", Ranking.AP)
    if config.scoring.ranking != before:
        opened = f"the edition has opened, and teams are ranked by {before}"
        mistakes.add("scoring.ranking", opened, f"Write ranking: {before}.")


def check_limits(
    config: ChallengeConfig, mistakes: Mistakes, *, case_seconds_max: float, machine: Machine | None
) -> None:
    """What the broker would not wait for, and what no Node here could give."""
    limits, noted = config.limits, {one.place for one in mistakes.found}
    if "limits" in noted:  # then nobody wrote these
        return
    if limits.seconds > case_seconds_max:
        most = f"it is above {case_seconds_max:g} s, for which this platform is set up"
        mistakes.add("limits.seconds", most, "Give less, or raise MOOD_EXECUTION__CASE_SECONDS_MAX.")
    if machine is None:
        return
    carried = {
        "memory": (limits.memory, machine.memory, f"{_size(machine.memory)} of memory"),
        "cpus": (limits.cpus, machine.cores, f"{machine.cores} cores"),
        "gpus": (limits.gpus, machine.gpus, f"{machine.gpus} GPUs"),
    }
    for name, (wanted, there, has) in carried.items():
        if wanted > there and f"limits.{name}" not in noted:
            remedy = "Give less, or say --nodes-elsewhere where other machines run the cases."
            mistakes.add(f"limits.{name}", f"it is more than this machine has, {has}", remedy)


def plan_change(tx: Transaction, config: ChallengeConfig) -> Plan:
    stored = tx.session.scalar(select(Challenge).where(Challenge.slug == config.slug))
    if stored is None:
        new = [f"{place}: {_word(place, value)}" for place, value in _flat(config.to_json()).items()]
        return Plan(new=True, lines=tuple(new), teams=0)
    teams = select(func.count(Submission.team_id.distinct())).where(Submission.challenge_id == stored.id)
    lines = difference(stored.config, config.to_json())
    return Plan(new=False, lines=lines, teams=tx.session.scalar(teams) or 0)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Of two stored editions, a field a line: `limits.memory: 2 GiB → 4 GiB`."""
    old, new = _flat(before), _flat(after)
    return tuple(
        f"{place}: {_word(place, old.get(place))} → {_word(place, new.get(place))}"
        for place in sorted(old.keys() | new.keys())
        if old.get(place) != new.get(place)
    )


def _flat(document: Mapping[str, Any], place: str = "") -> dict[str, object]:
    """By dotted place; lists stay whole."""
    found: dict[str, object] = {}
    for name, value in document.items():
        where = f"{place}.{name}" if place else str(name)
        found |= _flat(value, where) if isinstance(value, Mapping) else {where: value}
    return found


def _word(place: str, value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if place in SIZES:
        return _size(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(size: float) -> str:
    """In the largest unit that it holds once."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size:g} bytes"
