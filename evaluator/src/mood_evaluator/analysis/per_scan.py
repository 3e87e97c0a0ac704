"""Pixel scores of each scan beside those of the whole set (thesis 4.2.2, Fig. 4.9), and Dice by Table 3.1."""

import hashlib
from collections.abc import Sequence
from statistics import mean
from typing import Any

from mood_evaluator.curves import Curve
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.evidence import Evidence, sum_evidence
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings

Row = dict[str, Any]
_NUMBERS = ("ap", "auroc", "dsc")


def scan_rows(standings: Standings, test_set: str) -> list[Row]:
    """Return AP, AUROC and Dice of every scan with an anomaly; Dice at the set's best-Dice threshold."""
    return [
        {"test_set": test_set, "team": team, "case": case_id, **_score(evidence, threshold)}
        for team, run in sorted(standings.sets[test_set].items())
        if run.evidence and (threshold := _threshold(list(run.evidence.values()))) is not None
        for case_id, evidence in run.evidence.items()
        if evidence.positives
    ]


def per_scan_rows(standings: Standings, test_set: str, scans: Sequence[Row]) -> list[Row]:
    """Return per team the numbers of all voxels at once beside the means over scans with an anomaly."""
    found = []
    for team, run in sorted(standings.sets[test_set].items()):
        own = [row for row in scans if (row["team"], row["test_set"]) == (team, test_set)]
        if own:
            pooled = sum_evidence(list(run.evidence.values()))
            whole = _score(pooled, _threshold([pooled]) or 0.0)
            row: Row = {"test_set": test_set, "team": team, "scans": len(own)}
            for name in _NUMBERS:
                known = [scan[name] for scan in own if scan[name] is not None]
                row |= {f"{name}_of_set": whole[name], f"{name}_of_scans": mean(known) if known else None}
            found.append(row)
    return found


def dice_rows(standings: Standings, test_set: str) -> list[Row]:
    """Return per team the Dice of 4/5 of the scans, at the threshold best on the other 1/5 (Table 3.1).

    `dsc` is of all their voxels at once, `dsc_of_scans` the mean over the `scans` with an anomaly among them;
    no row where either part is without an anomaly.
    """
    found = []
    for team, run in sorted(standings.sets[test_set].items()):
        fifth, rest = _split(run)
        threshold, abnormal = _threshold(fifth), [scan for scan in rest if scan.positives]
        if threshold is not None and abnormal:
            row: Row = {"test_set": test_set, "team": team, "threshold": threshold, "scans": len(abnormal)}
            row["dsc"] = Curve.of_evidence(sum_evidence(rest)).dsc_at(threshold)
            row["dsc_of_scans"] = mean(Curve.of_evidence(scan).dsc_at(threshold) for scan in abnormal)
            found.append(row)
    return found


def _split(run: ScoredRun) -> tuple[list[Evidence], list[Evidence]]:
    """Cut off a fifth, by the hash of the case's name, so that all teams share it."""
    evidence = run.evidence
    ids = sorted(evidence, key=lambda case_id: hashlib.sha256(case_id.encode()).digest())
    cut = -(-len(ids) // 5)
    return [evidence[i] for i in ids[:cut]], [evidence[i] for i in ids[cut:]]


def _threshold(parts: Sequence[Evidence]) -> float | None:
    try:
        return Curve.of_evidence(sum_evidence(list(parts))).best_dsc().threshold
    except UndefinedScore:
        return None


def _score(evidence: Evidence, threshold: float) -> Row:
    curve = Curve.of_evidence(evidence)
    auroc = curve.auroc() if evidence.positives < evidence.voxels else None
    return {"ap": curve.ap(), "auroc": auroc, "dsc": curve.dsc_at(threshold)}
