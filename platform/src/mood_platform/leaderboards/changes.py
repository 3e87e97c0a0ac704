"""What a draft changes against the last published version: ranks, scores, entries, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from mood_evaluator import TestSet as Manifest
from mood_evaluator import as_published, scoring_version_of
from mood_platform.challenges.config import rules_of
from mood_platform.challenges.versions import VersionChange
from mood_platform.db.transaction import Transaction
from mood_platform.models import Json, Leaderboard, TestSet


def describe_changes(previous: Leaderboard, document: Json, versions: Mapping[str, VersionChange]) -> Json:
    """For everybody: counts instead of case ids. `versions` has the Datasets with another test set."""
    before, after = _by_team(previous.document), _by_team(document)
    return {
        "since": previous.version,
        "digest": previous.digest,
        "entered": [team for team in after if team not in before],
        "left": sorted(before.keys() - after.keys()),
        "rows": changed_rows(previous.document, document),
        "scoring_version": _pair(scoring_version_of(previous.document), scoring_version_of(document)),
        "limits": _pair(previous.document["limits"], document["limits"]),
        "scoring": _pair(rules_of(previous.document["scoring"]), rules_of(document["scoring"])),
        "test_sets": {
            dataset: {
                "before": _digest(previous.document, dataset),
                "after": _digest(document, dataset),
                "cases": versions[dataset].counts if dataset in versions else None,
            }
            for dataset in document["datasets"]
            if _digest(previous.document, dataset) != _digest(document, dataset)
        },
        "dropped": _pair(_dropped(previous.document), _dropped(document)),
    }


def changed_rows(previous: Json, document: Json) -> list[Json]:
    """Each with its rank and scores before and after, in the order of `document`, who left at the end."""
    before, after = _by_team(previous), _by_team(document)
    rows = [
        _row(before.get(team), after.get(team)) for team in [*after, *sorted(before.keys() - after.keys())]
    ]
    return [row for row in rows if row["before"] != row["after"]]


def changed_versions(
    previous: Leaderboard, manifests: Mapping[str, Manifest], installed: Mapping[str, Manifest]
) -> dict[str, VersionChange]:
    """By Dataset, where the test set was corrected; `installed` has the manifests by digest."""
    olds = {dataset: installed.get(_digest(previous.document, dataset) or "") for dataset in manifests}
    return {
        dataset: VersionChange.between(old, manifests[dataset])
        for dataset, old in olds.items()
        if old is not None and old.digest != manifests[dataset].digest
    }


def installed_manifests(tx: Transaction, board: Leaderboard) -> dict[str, Manifest]:
    """The test sets a published version names, by digest."""
    digests = [source["digest"] for source in board.document["datasets"].values()]
    rows = tx.session.scalars(select(TestSet).where(TestSet.digest.in_(digests)))
    return {row.digest: Manifest.from_json(row.manifest) for row in rows}


def _by_team(document: Json) -> dict[str, Json]:
    return {row["team"]: row for row in document["rows"]}


def _row(before: Json | None, after: Json | None) -> Json:
    known = after or before
    assert known is not None, "a team is in one of the two"
    return {"team": known["team"], "name": known["name"], "before": _shown(before), "after": _shown(after)}


def _shown(row: Json | None) -> Json | None:
    """As JSON gives it back, so that a stored row equals a new one; older versions had all digits."""
    if row is None:
        return None
    return {
        "submission": row["submission"],
        "standing": row["standing"],
        "rank": row["rank"],
        "rank_interval": row["rank_interval"] and [*row["rank_interval"]],
        "datasets": {
            dataset: {
                "score": as_published(cell["score"]),
                "interval": cell["interval"] and [as_published(end) for end in cell["interval"]],
                "rank": cell["rank"],
            }
            for dataset, cell in row["datasets"].items()
        },
    }


def _pair(before: Any, after: Any) -> Json | None:
    """None where nothing changed."""
    return None if before == after else {"before": before, "after": after}


def _dropped(document: Json) -> dict[str, int]:
    """How many cases of each Dataset count for no team; older documents tell of none."""
    counts = {
        dataset: int(source.get("dropped", {}).get("cases", 0))
        for dataset, source in document["datasets"].items()
    }
    return {dataset: count for dataset, count in counts.items() if count}


def _digest(document: Json, dataset: str) -> str | None:
    found = document["datasets"].get(dataset)
    return None if found is None else str(found["digest"])
