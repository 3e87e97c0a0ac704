"""Writes the board of a Task: ranks its contenders, and says what that rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from mood_evaluator import (
    SCORING_VERSION,
    BoardEntry,
    BoardRow,
    Dataset,
    Manifest,
    PairDifference,
    Task,
    as_published,
    compare_entries,
    rank_entries,
)
from mood_evaluator.significance import ALPHA
from mood_platform.challenges.config import is_ranked_by_objects
from mood_platform.clock import rfc3339
from mood_platform.documents.leaderboard import (
    Board,
    DroppedCases,
    Edition,
    LeaderboardCell,
    LeaderboardRow,
    Pair,
    Significance,
    TestedOn,
)
from mood_platform.documents.node_class import summed_up
from mood_platform.documents.replicates import RunReplicates
from mood_platform.documents.run_results import RunResults
from mood_platform.documents.set_result import OBJECTS
from mood_platform.leaderboards.caveats import describe_caveats
from mood_platform.leaderboards.common_ground import most_common
from mood_platform.leaderboards.published_result import published_result
from mood_platform.leaderboards.selection import Contender, Standing
from mood_platform.models import Challenge
from mood_platform.runs.dropped import Dropped
from mood_platform.scoring.replicates import DRAWS, SEED


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rows are made of, read once."""

    contenders: Sequence[Contender]
    results: Mapping[str, RunResults]
    """By contender's key."""
    manifests: Mapping[Dataset, Manifest]
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
        coarse = self.results[key].parts[dataset].result.is_coarse
        return coarse and made is not None and not made.exact(dataset)


def write_document(ground: Ground, *, challenge: Challenge, task: Task) -> Board:
    results, manifests = ground.results, ground.manifests
    entries = [_entry(one, ground) for one in ground.contenders]
    rows = rank_entries(entries)
    by_key = {contender.key: contender for contender in ground.contenders}
    ranked = {row.key: results[row.key] for row in rows if row.rank is not None}
    limits, scoring = _rules(ground, challenge)
    caveats = describe_caveats(
        manifests.values(),
        rounded=any(ground.is_rounded(*cell) for cell in ground.cells),
        dropped=ground.dropped.reasons,
    )
    return Board(
        ranked_by=OBJECTS if is_ranked_by_objects(scoring, task) else None,
        challenge=Edition(slug=challenge.slug, title=challenge.title),
        task=task,
        labels_reproducible=caveats.labels_reproducible,
        few_subjects=caveats.few_subjects,
        rounded_intervals=caveats.rounded_intervals,
        caveats=caveats.sentences,
        datasets={
            dataset: _describe(manifest, task, ground.dropped.of(dataset))
            for dataset, manifest in manifests.items()
        },
        limits=limits,
        scoring=scoring,
        evaluator=", ".join(sorted({found.evaluator for found in results.values()})),
        scoring_version=min((found.scoring_version for found in results.values()), default=SCORING_VERSION),
        replicates_version=SCORING_VERSION,
        bootstraps=DRAWS,
        seed=SEED,
        node_classes=summed_up(one for found in results.values() for one in found.node_classes),
        rows=tuple(_row(row, by_key[row.key], ground) for row in rows),
        order_changes={dataset: _order_changes(ranked, dataset) for dataset in manifests},
        significance={dataset: _pairs(pairs) for dataset, pairs in compare_entries(entries).items()},
    )


def _rules(ground: Ground, challenge: Challenge) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Limits and scoring of the counted Runs, which later edits of the challenge do not change."""
    results = ground.results.values()
    limits, scoring = most_common(one.limits for one in results), most_common(one.scoring for one in results)
    return limits or challenge.limits, scoring or challenge.scoring


def _entry(contender: Contender, ground: Ground) -> BoardEntry:
    results, made = ground.results[contender.key], ground.replicates.get(contender.key)
    return BoardEntry(
        key=contender.key,
        eligible=contender.standing is Standing.RANKED,
        scores={dataset: results.score(dataset) for dataset in ground.manifests},
        replicates={dataset: made.of(dataset) if made else None for dataset in ground.manifests},
    )


def _describe(manifest: Manifest, task: Task, dropped: Mapping[str, str]) -> TestedOn:
    """The number of hidden cases is published here and nowhere before."""
    counting = manifest.without(dropped, task=task)
    by_batch = task is Task.PIXEL
    return TestedOn(
        test_set=manifest.name,
        digest=manifest.digest,
        batchings=tuple(batching.digest for batching in counting.batchings) if by_batch else (),
        batch_sizes=_batch_sizes(counting) if by_batch else (),
        cases=len(counting.for_task(task)),
        dropped=DroppedCases(cases=len(dropped), reasons=tuple(sorted(set(dropped.values())))),
        not_hidden=manifest.not_hidden,
    )


def _row(row: BoardRow, contender: Contender, ground: Ground) -> LeaderboardRow:
    submission, results = contender.submission, ground.results[row.key]
    return LeaderboardRow(
        team=submission.team.handle,
        name=submission.team.name,
        submission=submission.number,
        submission_name=submission.name,
        submitted_at=rfc3339(submission.submitted_at),
        image=submission.image.digest,
        standing=str(contender.standing),
        rank=row.rank,
        mean_rank=row.mean_rank,
        rank_interval=row.rank_interval,
        keeps_place=row.keeps_place,
        datasets={
            dataset: LeaderboardCell(
                score=cell.score,
                rank=cell.rank,
                interval=cell.interval,
                interval_holds_score=cell.holds_score,
                interval_rounded=ground.is_rounded(row.key, dataset),
                rank_interval=cell.rank_interval,
                result=published_result(results.parts[dataset].result),
            )
            for dataset, cell in row.cells.items()
        },
    )


def _batch_sizes(manifest: Manifest) -> tuple[int, ...]:
    """Without any batching the whole test set is one batch."""
    if not manifest.batchings:
        return (len(manifest.for_task(Task.PIXEL)),)
    return tuple(len(batch) for batch in manifest.batchings[0].batches)


def _pairs(pairs: Sequence[PairDifference]) -> Significance:
    return Significance(level=ALPHA, pairs=tuple(map(_pair, pairs)))


def _pair(pair: PairDifference) -> Pair:
    difference, low, high, p = map(as_published, (pair.difference, *pair.interval, pair.p_adjusted))
    return pair.better, pair.worse, difference, low, high, p


def _order_changes(ranked: Mapping[str, RunResults], dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """Pairs of ranked teams whose order differs between the official and the validating batching."""
    scores = {key: results.parts[dataset].both_batchings() for key, results in ranked.items()}
    known = {key: both for key, both in scores.items() if both is not None}
    return tuple(
        (one, other)
        for one, other in combinations(known, 2)
        if (known[one][0] - known[other][0]) * (known[one][1] - known[other][1]) < 0
    )
