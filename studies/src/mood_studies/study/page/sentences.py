"""What the numbers say in words: titles of figures and sentences of the page, none of them typed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from mood_evaluator.tables.agreement import kendall_tau_b
from mood_studies.study.scale import DATASETS

Json = Mapping[str, Any]
ANATOMY = {"brain": "brain", "abdom": "abdomen"}
EVERYTHING = "all abnormal scans"


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"  # noqa: RUF001 - nothing to show


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"  # noqa: RUF001 - nothing to show


def span(bounds: Sequence[float] | None, digits: int = 3) -> str:
    return "–" if bounds is None else f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"  # noqa: RUF001


def listed(words: Sequence[str]) -> str:
    """As in a sentence."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def begun(words: str) -> str:
    """With a capital letter; the others stay."""
    return words[:1].upper() + words[1:]


def counted(number: int, thing: str) -> str:
    """In the plural where it is one."""
    many = {"entry": "entries"}.get(thing, f"{thing}s")
    return f"{number} {thing if number == 1 else many}"


def leaders(board: Json) -> list[str]:
    return [row["name"] for row in board["rows"] if row["rank"] == 1]


def who_leads(board: Json) -> str:
    parts = [
        "{significant} of {all} pairs ({where})".format(
            **board["datasets"][dataset]["pairs"], where=ANATOMY[dataset]
        )
        for dataset in in_dataset_order(board["datasets"])
    ]
    verb = "ranks" if len(leaders(board)) == 1 else "rank"
    return f"{listed(leaders(board))} {verb} first; teams differ significantly in {listed(parts)}"


def proxy_agrees(rows: Sequence[Json]) -> str:
    known = [row for row in rows if row["tau"] is not None]
    if not known:
        return "Too few teams to say whether the toy-ish scans order them as the test set does"
    sure = [row for row in known if row["low"] is not None and (row["low"] > 0 or row["high"] < 0)]
    taus = sorted(row["tau"] for row in known)
    return (
        f"Toy-ish scans order teams as the test set does with a tau-b of {taus[0]:.2f} to {taus[-1]:.2f}; "
        f"{len(sure)} of {len(known)} intervals exclude 0"
    )


def sweep_gain(sweep: Json) -> tuple[int, int]:
    """For how many teams the AP rises, of how many.

    What a constant guess scores is subtracted; teams that are there to be beaten do not count. Radius: the
    larger half of the spheres against the smaller half. Intensity: the worse of the darkest and the brightest
    quarter against the middle.
    """
    chance, left_out = sweep["chance"], sweep["left_out"]
    teams = [aps for team, aps in sweep["teams"].items() if team not in left_out]
    gains = [gain for aps in teams if (gain := _gain(aps, chance, sweep["varied"])) is not None]
    return sum(gain > 0 for gain in gains), len(gains)


def _gain(aps: Sequence[float | None], chance: Sequence[float], varied: str) -> float | None:
    above = [None if ap is None else ap - guess for ap, guess in zip(aps, chance, strict=True)]
    count, quarter = len(above), len(above) // 4
    if varied == "radius":
        near, far = above[: count // 2], [above[count // 2 :]]
    else:
        near, far = above[quarter : count - quarter], [above[:quarter], above[count - quarter :]]
    means = [_mean_of_known(part) for part in (near, *far)]
    known = [value for value in means if value is not None]
    return min(known[1:]) - known[0] if len(known) == len(means) else None


def _mean_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def sweeps_say(sweeps: Sequence[Json]) -> str:
    words = {"radius": "larger spheres", "intensity": "very dark and very bright spheres"}
    parts = []
    for varied, what in words.items():
        found = [
            "{} of {} ({})".format(*sweep_gain(one), ANATOMY[one["dataset"]])
            for one in sweeps
            if one["varied"] == varied
        ]
        if found:
            parts.append(f"{what} score higher for {listed(found)} teams")
    return begun("; ".join(parts))


def categories_say(kinds: Json) -> str:
    """The easiest and the hardest category of each Dataset, for the median team."""
    parts = []
    for dataset, found in kinds.items():
        rows = found["categories"]
        if len(rows) == 1:
            parts.append(f"{ANATOMY[dataset]}: {_with_ap(rows[0])}")
        elif rows:
            parts.append(f"{ANATOMY[dataset]}: {_with_ap(rows[0])} is easiest, {_with_ap(rows[-1])} hardest")
    return begun("; ".join(parts))


def _with_ap(row: Json) -> str:
    return f"{row['category']} ({row['ap']:.2f})"


def difficulty_taus(kinds: Json) -> dict[str, float]:
    """By Dataset, how well level and AP agree; only where there are at least three levels."""
    taus = {}
    for dataset, found in kinds.items():
        rows = [row for row in found["difficulty"] if row["ap"] is not None]
        if len(rows) > 2:
            places = {row["group"]: float(row["place"]) for row in rows}
            taus[dataset] = kendall_tau_b(places, {row["group"]: float(row["ap"]) for row in rows})
    return {dataset: tau for dataset, tau in taus.items() if not math.isnan(tau)}


def difficulty_says(kinds: Json) -> str:
    parts = [f"{ANATOMY[dataset]} {tau:.2f}" for dataset, tau in difficulty_taus(kinds).items()]
    return f"tau-b of level and AP {', '.join(parts)}" if parts else ""


def difficulty_matters(kinds_by_task: Json) -> str:
    taus = [tau for kinds in kinds_by_task.values() for tau in difficulty_taus(kinds).values()]
    if not taus:
        return "Too few levels of difficulty to say whether they matter"
    rising = sum(tau > 0 for tau in taus)
    return (
        f"Easier anomalies score higher in {rising} of {len(taus)} cases "
        f"(tau-b of level and AP {min(taus):.2f} to {max(taus):.2f})"
    )


def false_alarms_say(kinds: Json) -> str:
    parts = []
    for dataset, found in kinds.items():
        row = next((row for row in found["false_alarms"] if row["group"] == EVERYTHING), None)
        if row is not None and row["fpr_at_95_tpr"] is not None:
            parts.append(f"{percent(row['fpr_at_95_tpr'])} ({ANATOMY[dataset]})")
    if not parts:
        return "Too few abnormal scans for a rate of false alarms"
    return f"Finding 95 % of the abnormal scans flags {listed(parts)} of the normal ones for the median team"


def times_say(times: Sequence[Json]) -> str:
    slowest = max(times, key=lambda row: row["longest"])
    share = percent(slowest["longest"] / slowest["limit"])
    return f"The slowest case took {slowest['longest']:.1f} s ({slowest['title']}), {share} of the limit"


def in_dataset_order(found: Mapping[str, Any]) -> list[str]:
    return [dataset for dataset in DATASETS if dataset in found]
