"""The leaderboard as a document (mood-leaderboard/2): rows with their uncertainty, and all it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from mood_evaluator import (
    SCORING_VERSION,
    Dataset,
    Entry,
    PairDifference,
    Row,
    Task,
    TestSet,
    as_published,
    canonical_digest,
    compare_entries,
    rank_entries,
)
from mood_evaluator.significance import ALPHA
from mood_platform.challenges.config import is_ranked_by_objects
from mood_platform.clock import rfc3339
from mood_platform.leaderboards.caveats import describe_caveats
from mood_platform.leaderboards.common_ground import most_common
from mood_platform.leaderboards.published_result import published_result
from mood_platform.leaderboards.run_results import RunResults
from mood_platform.leaderboards.selection import Contender, Standing
from mood_platform.models import Challenge, Json
from mood_platform.runs.dropped import Dropped
from mood_platform.scoring.coarse_evidence import is_coarse
from mood_platform.scoring.object_results import FIELD
from mood_platform.scoring.replicates import DRAWS, SEED
from mood_platform.scoring.replicates_document import RunReplicates

SCHEMA = "mood-leaderboard/2"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rows are made of, read once."""

    contenders: Sequence[Contender]
    results: Mapping[str, RunResults]
    """By contender's key."""
    manifests: Mapping[Dataset, TestSet]
    replicates: Mapping[str, RunReplicates]
    """By contender's key; one whose replicates are not made yet is missing, and no row has an interval."""
    dropped: Dropped
    """What all results were made without."""

    @property
    def cells(self) -> Iterator[tuple[str, Dataset]]:
        return product(self.results, self.manifests)

    def is_rounded(self, key: str, dataset: Dataset) -> bool:
        """Whether an interval is made from rounded scores although these have another AP."""
        made = self.replicates.get(key)
        coarse = is_coarse(self.results[key].parts[dataset])
        return coarse and made is not None and not made.exact(dataset)


def write_document(ground: Ground, *, challenge: Challenge, task: Task) -> Json:
    results, manifests = ground.results, ground.manifests
    entries = [_entry(one, ground) for one in ground.contenders]
    rows = rank_entries(entries)
    by_key = {contender.key: contender for contender in ground.contenders}
    ranked = {row.key: results[row.key] for row in rows if row.rank is not None}
    scoring = _of_runs(ground, "scoring") or challenge.config["scoring"]
    by_objects = {"ranked_by": FIELD} if is_ranked_by_objects(scoring, task) else {}
    return {
        "schema": SCHEMA,
        **by_objects,
        "challenge": {"slug": challenge.slug, "title": challenge.config["title"]},
        "task": str(task),
        **describe_caveats(
            manifests.values(),
            rounded=any(ground.is_rounded(*cell) for cell in ground.cells),
            dropped=ground.dropped.reasons,
        ),
        "datasets": {
            str(dataset): _describe(manifest, task, ground.dropped.of(dataset))
            for dataset, manifest in manifests.items()
        },
        "limits": _of_runs(ground, "limits") or challenge.config["limits"],
        "scoring": scoring,
        "evaluator": ", ".join(sorted({found.evaluator for found in results.values()})),
        "scoring_version": min(
            (found.scoring_version for found in results.values()), default=SCORING_VERSION
        ),
        "replicates_version": SCORING_VERSION,
        "bootstraps": DRAWS,
        "seed": SEED,
        "node_classes": _node_classes(results.values()),
        "rows": [_row(row, by_key[row.key], ground) for row in rows],
        "order_changes": {str(dataset): _order_changes(ranked, dataset) for dataset in manifests},
        "significance": {str(dataset): _pairs(pairs) for dataset, pairs in compare_entries(entries).items()},
    }


def _of_runs(ground: Ground, rules: str) -> Json | None:
    """What the counted Runs were started with, which later edits of the challenge do not change."""
    return most_common(found.document[rules] for found in ground.results.values())


def _entry(contender: Contender, ground: Ground) -> Entry:
    results, made = ground.results[contender.key], ground.replicates.get(contender.key)
    return Entry(
        key=contender.key,
        eligible=contender.standing is Standing.RANKED,
        scores={dataset: results.score(dataset) for dataset in ground.manifests},
        replicates={dataset: made.datasets[dataset] if made else None for dataset in ground.manifests},
    )


def _describe(manifest: TestSet, task: Task, dropped: Mapping[str, str]) -> Json:
    """What a Dataset's scores rest on; the number of hidden cases is published here and nowhere before.

    The digest is that of the test set as it is installed, all else is about the cases that count.
    """
    counting = manifest.without(dropped, task=task)
    return {
        "test_set": manifest.name,
        "digest": manifest.digest,
        "batchings": [batching.digest for batching in counting.batchings] if task is Task.PIXEL else [],
        "batch_sizes": _batch_sizes(counting) if task is Task.PIXEL else [],
        "cases": len(counting.for_task(task)),
        "dropped": {"cases": len(dropped), "reasons": sorted(set(dropped.values()))},
        "not_hidden": manifest.not_hidden,
    }


def _row(row: Row, contender: Contender, ground: Ground) -> Json:
    submission, results = contender.submission, ground.results[row.key]
    return {
        "team": submission.team.handle,
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
                "interval_holds_score": cell.holds_score,
                "interval_rounded": ground.is_rounded(row.key, dataset),
                "rank_interval": cell.rank_interval,
                "result": published_result(results.parts[dataset]["result"]),
            }
            for dataset, cell in row.cells.items()
        },
    }


def _batch_sizes(manifest: TestSet) -> list[int]:
    """Of the official batching; without any the whole test set is one batch."""
    if not manifest.batchings:
        return [len(manifest.for_task(Task.PIXEL))]
    return [len(batch) for batch in manifest.batchings[0].batches]


def _pairs(pairs: Sequence[PairDifference]) -> Json:
    """As rows under column heads: 65 teams have 2,080 pairs."""
    return {
        "level": ALPHA,
        "columns": ["better", "worse", "difference", "low", "high", "p"],
        "pairs": [
            [pair.better, pair.worse, *map(as_published, (pair.difference, *pair.interval, pair.p_adjusted))]
            for pair in pairs
        ],
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
