"""The part of docs/study.md on the thesis' orderings: tables and what was and was not reproduced."""

from __future__ import annotations

from pathlib import Path

from mood_studies.study.page.parts import Json, page_of, picture, table, text, told_from
from mood_studies.study.page.sentences import counted, listed

FILE = "orderings.json"
MEASURES = {
    "pixel_auroc": "pixel AUROC",
    "pixel_ap": "pixel AP",
    "slice_auroc": "slice AUROC",
    "slice_ap": "slice AP",
    "mse": "mean squared error",
}
DIGITS = {"pixel_ap": 4}
"""After the point; 3 where nothing is said. An AP of voxels is small where few voxels are abnormal."""


def digits(measure: str) -> int:
    return DIGITS.get(measure, 3)


def verdict(ordering: Json) -> str:
    if ordering["reproduced"]:
        return "reproduced"
    return "reversed" if ordering["reversed"] else "not shown"


def write_orderings(document: Json, _: Path) -> str:
    verdicts = [verdict(one) for part in document.values() for one in part["orderings"]]
    counts = {word: verdicts.count(word) for word in ("reproduced", "not shown", "reversed")}
    introduction = f"""
    The thesis says of many pairs which of the two is better. Here both were trained anew on grown scans, and
    the difference bootstrapped over seeds and scans together. An ordering counts as reproduced with at least
    three seeds and a 95 % interval above 0, as reversed with three seeds and one below 0, and as not shown
    otherwise. Of {len(verdicts)} orderings {counts["reproduced"]} were reproduced,
    {counts["not shown"]} were not shown and {counts["reversed"]} came out the other way round. The intervals
    are not corrected for their number, so some of so many miss the truth by chance; three seeds estimate
    their spread badly. Minutes of training on grown scans stand against days on real ones: what is not shown
    here is not refuted.
    """
    return page_of(
        "## The thesis' orderings",
        text(introduction),
        *(_write_experiment(key, part) for key, part in document.items()),
    )


def _write_experiment(key: str, part: Json) -> str:
    measures = [part["measure"], *part["also"]]
    heads = ["", *(MEASURES[name] for name in measures)]
    rows = [[_name(row), *(_value(row[name], name) for name in measures)] for row in part["rows"]]
    pairs = [_pair_row(one, part["measure"]) for one in part["orderings"]]
    length = f"{part['steps']} steps a net" if part["steps"] else "its full length"
    scans = f"{part['scans']}{' abnormal' if part['only_abnormal'] else ''} scans"
    seeds = f"""
    {counted(len(part["seeds"]), "training seed")}, profile `{part["profile"]}` with {length}; {scans} of
    `{part["test"]}`. Mean ± deviation over seeds and 95 % interval.
    """
    return page_of(
        f"### {part['source']}: {part['title']}",
        text(seeds + body_says(part)),
        picture(f"ordering-{key}", f"{part['title']}: {MEASURES[part['measure']]} with 95 % intervals"),
        table(heads, rows),
        table(["the thesis has", "difference", "95 % interval", "here"], pairs),
    )


def body_says(part: Json) -> str:
    """What a method has to beat before it has found anything, and how many are above it for sure."""
    values, measure = part["body"], part["measure"]
    if measure not in values:
        return ""
    found = listed([f"{MEASURES[name]} {value:.{digits(name)}f}" for name, value in values.items()])
    above = sum(row[measure]["low"] > values[measure] for row in part["rows"])
    return f"""
    A map that is 1 in the body and 0 outside scores: {found}. The interval of {MEASURES[measure]} lies above
    it as a whole in {above} of {counted(len(part["rows"]), "line")}.
    """


def _name(row: Json) -> str:
    return f"{row['name']} ({', '.join(row['choice'])})" if row["choice"] else str(row["name"])


def _value(value: Json, measure: str) -> str:
    sign = -1 if measure == "mse" else 1
    low, high = sorted((sign * value["low"], sign * value["high"]))
    many = digits(measure)
    spread = "" if value["std"] is None else f" ± {value['std']:.{many}f}"
    return f"{sign * value['mean']:.{many}f}{spread} [{low:.{many}f}, {high:.{many}f}]"


def _pair_row(one: Json, measure: str) -> list[str]:
    """Differences of an error are told as they are: lower is better."""
    sign, word = (-1, "below") if measure == "mse" else (1, "above")
    low, high = sorted((sign * one["low"], sign * one["high"]))
    many = digits(measure)
    difference = (f"{sign * one['mean']:+.{many}f}", f"{low:+.{many}f} to {high:+.{many}f}")
    return [f"{one['better']} {word} {one['worse']}", *difference, verdict(one)]


section = told_from(FILE, write_orderings)
