"""Who is healthy: nobody by silence. A mask, a reader, participants.tsv or `--all-healthy` has to say so."""

from collections.abc import Iterable, Mapping, Sequence

from mood_test_sets.archives.source import Source
from mood_test_sets.errors import ImportRefused
from mood_test_sets.preparing.readers import Reading

__all__ = ["check_health", "find_unknown", "tell_unknown"]


def find_unknown(sources: Iterable[Source], tables: Sequence[Mapping[str, Reading]]) -> list[str]:
    """Names of scans of which nothing says whether they show something abnormal."""
    return [
        one.name
        for one in sources
        if one.refusal is None
        and one.doubt is None
        and not one.control
        and not any(mask.tells for mask in one.masks)
        and not any(one.name in table for table in tables)
    ]


def tell_unknown(unknown: Sequence[str], count: int) -> str:
    which = f"{len(unknown)} of {count} scans (such as {unknown[0]})"
    return f"Nothing says whether the people of {which} are healthy."


def check_health(
    sources: Sequence[Source], tables: Sequence[Mapping[str, Reading]], *, all_healthy: bool
) -> None:
    """Raises ImportRefused."""
    names = {one.name for one in sources}
    ill = {scan for table in tables for scan, said in table.items() if said.finding}
    if missing := sorted(ill - names):
        what = f"{len(missing)} lines with a finding are of no scan (such as {missing[0]})."
        remedy = "Scans are named by their path without ending; correct or remove them."
        raise ImportRefused(f"--findings, --consensus: {what} {remedy}")
    unknown = [] if all_healthy else find_unknown(sources, tables)
    if unknown:
        count = sum(one.refusal is None for one in sources)
        remedy = "Say --all-healthy if all of them are; else add masks, or --findings with a line for each."
        raise ImportRefused(f"{tell_unknown(unknown, count)} {remedy}")
