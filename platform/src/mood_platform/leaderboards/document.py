"""The leaderboard as a document (mood-leaderboard/1): rows with their uncertainty, and all it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from mood_evaluator import (
    SCORING_VERSION,
    Dataset,
    Entry,
    Row,
    Task,
    TestSet,
    canonical_digest,
    rank_entries,
)
from mood_platform.clock import rfc3339
from mood_platform.leaderboards.common_ground import most_common
from mood_platform.leaderboards.run_results import RunResults, draw_replicates
from mood_platform.leaderboards.selection import Contender, Standing
from mood_platform.models import Challenge, Json
from mood_platform.storage.store import ObjectStore

SCHEMA = "mood-leaderboard/1"
DEMONSTRATION = "demonstration, labels reproducible"
FEW_SUBJECTS = "software demonstration, not a scientific ranking"
ENOUGH_SUBJECTS = 20  # real people behind the cases of each test set


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rows are made of, read once."""

    contenders: Sequence[Contender]
    results: Mapping[str, RunResults]
    """By contender's key."""
    manifests: Mapping[Dataset, TestSet]


def write_document(
    ground: Ground, *, challenge: Challenge, task: Task, store: ObjectStore, bootstraps: int, seed: int
) -> Json:
    results, manifests = ground.results, ground.manifests
    draws = (bootstraps, seed)
    entries = [
        _entry(one, results[one.key], task=task, manifests=manifests, store=store, draws=draws)
        for one in ground.contenders
    ]
    rows = rank_entries(entries)
    by_key = {contender.key: contender for contender in ground.contenders}
    ranked = {row.key: results[row.key] for row in rows if row.rank is not None}
    return {
        "schema": SCHEMA,
        "challenge": {"slug": challenge.slug, "title": challenge.config["title"]},
        "task": str(task),
        "demonstration": _disclaimer(manifests.values()),
        "datasets": {str(dataset): _describe(manifest, task) for dataset, manifest in manifests.items()},
        "limits": _of_runs(ground, "limits") or challenge.config["limits"],
        "scoring": _of_runs(ground, "scoring") or challenge.config["scoring"],
        "evaluator": ", ".join(sorted({found.evaluator for found in results.values()})),
        "scoring_version": min(
            (found.scoring_version for found in results.values()), default=SCORING_VERSION
        ),
        "bootstraps": bootstraps,
        "seed": seed,
        "node_classes": _node_classes(results.values()),
        "rows": [_row(row, by_key[row.key], results[row.key]) for row in rows],
        "order_changes": {str(dataset): _order_changes(ranked, dataset) for dataset in manifests},
    }


def _disclaimer(manifests: Iterable[TestSet]) -> str | None:
    """What must be said wherever the ranking is shown."""
    manifests = list(manifests)
    few = [FEW_SUBJECTS] if any(one.source_subjects < ENOUGH_SUBJECTS for one in manifests) else []
    open_labels = [DEMONSTRATION] if any(one.not_hidden for one in manifests) else []
    return "; ".join(open_labels + few) or None


def _of_runs(ground: Ground, rules: str) -> Json | None:
    """What the counted Runs were started with, which later edits of the challenge do not change."""
    return most_common(found.document[rules] for found in ground.results.values())


def _entry(
    contender: Contender,
    results: RunResults,
    *,
    task: Task,
    manifests: Mapping[Dataset, TestSet],
    store: ObjectStore,
    draws: tuple[int, int],
) -> Entry:
    bootstraps, seed = draws
    return Entry(
        key=contender.key,
        eligible=contender.standing is Standing.RANKED,
        scores={dataset: results.score(dataset) for dataset in manifests},
        replicates={
            dataset: draw_replicates(
                store, results.parts[dataset], task=task, manifest=manifest, bootstraps=bootstraps, seed=seed
            )
            for dataset, manifest in manifests.items()
        },
    )


def _describe(manifest: TestSet, task: Task) -> Json:
    """What a Dataset's scores rest on; the number of hidden cases is published here and nowhere before."""
    return {
        "test_set": manifest.name,
        "digest": manifest.digest,
        "batchings": [batching.digest for batching in manifest.batchings] if task is Task.PIXEL else [],
        "cases": len(manifest.for_task(task)),
        "not_hidden": manifest.not_hidden,
    }


def _row(row: Row, contender: Contender, results: RunResults) -> Json:
    submission = contender.submission
    return {
        "team": submission.team.slug,
        "name": submission.team.name,
        "submission": submission.number,
        "submission_name": submission.name,
        "submitted_at": rfc3339(submission.submitted_at),
        "image": submission.image.digest,
        "standing": str(contender.standing),
        "rank": row.rank,
        "mean_rank": row.mean_rank,
        "rank_interval": row.rank_interval,
        "keeps_place": row.keeps_place,
        "datasets": {
            str(dataset): {
                "score": cell.score,
                "rank": cell.rank,
                "interval": cell.interval,
                "rank_interval": cell.rank_interval,
                "result": results.parts[dataset]["result"],
            }
            for dataset, cell in row.cells.items()
        },
    }


def _order_changes(ranked: Mapping[str, RunResults], dataset: Dataset) -> list[list[str]]:
    """Pairs of ranked teams whose order differs between the official and the validating batching."""
    scores = {key: results.both_batchings(dataset) for key, results in ranked.items()}
    known = {key: both for key, both in scores.items() if both is not None}
    return [
        [one, other]
        for one, other in combinations(known, 2)
        if (known[one][0] - known[other][0]) * (known[one][1] - known[other][1]) < 0
    ]


def _node_classes(results: Iterable[RunResults]) -> list[Json]:
    """Each kind of node that ran counted cases, with their number; more than one is worth a look."""
    counts: Counter[str] = Counter()
    facts: dict[str, Json] = {}
    for found in results:
        for node in found.document["node_classes"]:
            kind = {name: value for name, value in node.items() if name != "cases"}
            digest = canonical_digest(kind)
            counts[digest] += node["cases"]
            facts[digest] = kind
    return [{"cases": counts[digest], **facts[digest]} for digest in sorted(facts)]
