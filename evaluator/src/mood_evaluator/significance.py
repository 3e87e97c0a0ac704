"""Which differences of scores are significant: all pairs of teams tested together on the same draws of scans.

Step-down max-T (Romano and Wolf 2005; adjusted p-values as in Romano and Wolf 2016). The statistic of a pair
is its difference over the bootstrap standard error of that difference. Under the null hypothesis it varies as
the draws do around the observed difference. A pair is compared with the largest statistic of a draw among the
pairs that are not shown to differ more clearly. So the chance of one false "significant" among all pairs is
5 %, however many there are.

That error is itself an estimate, from scans of which a few decide most. Far out, where the largest of many
pairs lies, it counts: with 27 equal teams and 120 scans, 14 % of boards had a false "significant". Therefore
the observed statistic is first brought from Student's t to the normal scale, with the degrees of freedom that
the influences of the single scans leave to the error of its pair (Satterthwaite 1946).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.rank_draws import LEVELS, Interval
from mood_evaluator.rows import Rows

Matrix = npt.NDArray[np.float64]
ALPHA = 0.05
_NOTHING = 1e-12  # a difference, or a spread, below it is rounding


@dataclass(frozen=True, slots=True)
class PairDifference:
    """`better` scored at least as high; p is two-sided, `p_adjusted` holds for all pairs together."""

    better: str
    worse: str
    difference: float
    interval: Interval
    p: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        return self.p_adjusted <= ALPHA

    def to_row(self) -> dict[str, Any]:
        """Return the fields, and whether it is significant."""
        return {**asdict(self), "significant": self.significant}


def compare_replicates(
    teams: Sequence[str], scores: Mapping[str, float | None], replicates: Matrix, influences: Matrix
) -> Rows[PairDifference]:
    """Test every pair of teams with a result.

    Replicates (draws, teams) are paired, and so are the influences (cases, teams) of the scans.
    """
    place = {team: number for number, team in enumerate(teams)}
    known = sorted(
        (team for team in teams if scores[team] is not None), key=lambda team: (-(scores[team] or 0.0), team)
    )
    pairs = list(combinations(known, 2))
    if not pairs:
        return Rows()
    observed = np.array([(scores[better] or 0.0) - (scores[worse] or 0.0) for better, worse in pairs])
    better, worse = (np.array([place[one[side]] for one in pairs]) for side in (0, 1))
    gaps = replicates[:, better] - replicates[:, worse]
    freedom = degrees_of_freedom(influences[:, better] - influences[:, worse], draws=len(gaps))
    low, high = np.quantile(gaps, LEVELS, axis=0).tolist()
    alone, together = (p.tolist() for p in max_t_p_values(observed, gaps, freedom))
    return Rows(
        PairDifference(*pair, float(observed[k]), (low[k], high[k]), alone[k], together[k])
        for k, pair in enumerate(pairs)
    )


def degrees_of_freedom(influences: Matrix, *, draws: int) -> Matrix:
    """Return those of the bootstrap standard error of each pair, from influences (cases, pairs).

    2 over the squared coefficient of variation of its square: that of a sum over scans, and of the draws.
    """
    squares = influences**2
    total = squares.sum(axis=0)
    spread = np.einsum("ij,ij->j", squares, squares) - total**2 / len(squares)
    relative = np.divide(spread, total**2, out=np.zeros_like(total), where=total > 0)
    return np.asarray(2 / (np.maximum(relative, 0.0) + 2 / draws))


def as_normal(statistic: Matrix, freedom: Matrix) -> Matrix:
    """Return the normal deviates that are as rare as these of Student's t (Wallace 1959)."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return np.asarray(scale * np.sqrt(freedom * np.log1p(statistic**2 / freedom)))


def max_t_p_values(observed: Matrix, draws: Matrix, freedom: Matrix) -> tuple[Matrix, Matrix]:
    """Return p of each difference by itself, and adjusted for all; `observed` (pairs,), `draws` (n, pairs).

    p = (k + 1) / (n + 1), k being the draws whose statistic reaches the observed one. Where all draws agree
    on a difference no draw reaches it; where it is 0 every draw does.
    """
    spread = np.std(draws, axis=0)
    certain = spread < _NOTHING
    scale = np.where(certain, np.inf, spread)
    statistic = as_normal(np.abs(observed) / scale, freedom)
    statistic[certain & (np.abs(observed) >= _NOTHING)] = np.inf
    order = np.argsort(-statistic, kind="stable")
    drawn = np.abs(draws[:, order] - observed[order]) / scale[order]
    reached = statistic[order]
    alone, together = np.empty((2, statistic.size))
    alone[order] = _share(drawn >= reached)
    largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
    together[order] = np.maximum.accumulate(_share(largest >= reached))
    return alone, together


def _share(reached: npt.NDArray[np.bool_]) -> Matrix:
    return np.asarray((reached.sum(axis=0) + 1) / (len(reached) + 1))
