"""Pixel scores within the body beside those of whole volumes, and what the body alone scores."""

from dataclasses import asdict, dataclass
from typing import Any

from mood_evaluator.body import BodyScores
from mood_evaluator.curves import Curve
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import sum_evidence
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings


@dataclass(frozen=True, slots=True)
class BodyNumbers:
    """One team: all voxels at once, of whole volumes and within the body (two-sided quantizer)."""

    team: str
    auroc: float | None  # None: nothing is normal
    ap: float
    body: BodyScores

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def body_numbers(standings: Standings, test_set: str) -> tuple[BodyNumbers, ...]:
    """Return the numbers of each team whose run has scores of the body."""
    return tuple(
        BodyNumbers(team, *_whole(run), run.body)
        for team, run in standings.board_runs(test_set)
        if run.body is not None
    )


def _whole(run: ScoredRun) -> tuple[float | None, float]:
    curve = Curve.of_evidence(sum_evidence(list(run.evidence.values())))
    try:
        return curve.auroc(), curve.ap()
    except UndefinedScore:
        return None, curve.ap()
