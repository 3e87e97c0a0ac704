"""Batches: a seeded partition of a test set, stored with it and the same for every team.

The pixel task pools the voxels of one batch for one average precision, so each batch needs an abnormal voxel.
"""

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mood_evaluator.arrays import checked_batch_size, checked_truth
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.errors import BatchingImpossible
from mood_evaluator.fields import Fields

MAX_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Batching:
    """Case ids in batches, in order; `draw` is the first that put an abnormal voxel into every batch."""

    seed: str
    draw: int
    size: int  # cases per batch, at most
    batches: tuple[tuple[str, ...], ...]

    @property
    def case_ids(self) -> tuple[str, ...]:
        return tuple(case_id for batch in self.batches for case_id in batch)

    @property
    def digest(self) -> str:
        return canonical_digest(self._content())

    def without(self, case_ids: Collection[str], *, has_positive: Mapping[str, bool]) -> "Batching":
        """Every other case stays in its batch; BatchingImpossible where one would have no abnormal voxel.

        `has_positive` is that of `draw_batching`.
        """
        batches = tuple(
            tuple(case_id for case_id in batch if case_id not in case_ids) for batch in self.batches
        )
        for number, batch in enumerate(batches, start=1):
            if not any(has_positive[case_id] for case_id in batch):
                raise BatchingImpossible(
                    f"Batch {number} of the batching with seed {self.seed!r} would have no abnormal voxel."
                )
        return replace(self, batches=batches)

    def to_json(self) -> dict[str, Any]:
        return {**self._content(), "digest": self.digest}

    def _content(self) -> dict[str, Any]:
        batches = [list(batch) for batch in self.batches]
        return {"seed": self.seed, "draw": self.draw, "size": self.size, "batches": batches}

    @classmethod
    def from_json(cls, document: Any, *, place: str = "batching") -> "Batching":
        fields = Fields.of(document, place)
        batching = cls(
            seed=fields.text("seed"),
            draw=fields.whole("draw"),
            size=fields.whole("size"),
            batches=tuple(_batch(fields, index, ids) for index, ids in enumerate(fields.items("batches"))),
        )
        if document.get("digest", batching.digest) != batching.digest:
            raise fields.fail("digest", "the digest does not fit the content, so one of them was changed")
        return batching


def draw_batching(has_positive: Mapping[str, bool], *, size: int, seed: str | int) -> Batching:
    """Partition the cases into `ceil(n / size)` batches that each hold an abnormal voxel.

    `has_positive` says for each case id whether its label has an abnormal voxel.

    >>> draw_batching({"a": True, "b": False, "c": True, "d": False}, size=2, seed=0).batches
    (('b', 'c'), ('d', 'a'))
    """
    has_positive, size = checked_truth(has_positive, "has_positive"), checked_batch_size(size)
    if not has_positive or size < 1:
        raise BatchingImpossible(f"{len(has_positive)} cases cannot be cut into batches of {size}.")
    for draw in range(MAX_DRAWS):
        batches = _cut(_shuffled(has_positive, seed=seed, draw=draw), math.ceil(len(has_positive) / size))
        if all(any(has_positive[case_id] for case_id in batch) for batch in batches):
            return Batching(seed=str(seed), draw=draw, size=size, batches=batches)
    raise BatchingImpossible(
        f"No draw of {MAX_DRAWS:,} put an abnormal voxel into every batch of {size}: only "
        f"{sum(has_positive.values())} of {len(has_positive)} cases have one. "
        f"Add abnormal cases or enlarge the batches."
    )


def _shuffled(case_ids: Mapping[str, bool], *, seed: str | int, draw: int) -> list[str]:
    return sorted(case_ids, key=lambda case_id: hashlib.sha256(f"{seed}:{draw}:{case_id}".encode()).digest())


def _cut(case_ids: list[str], parts: int) -> tuple[tuple[str, ...], ...]:
    """Cut into consecutive parts whose sizes differ by at most one."""
    edges = [len(case_ids) * part // parts for part in range(parts + 1)]
    return tuple(tuple(case_ids[low:high]) for low, high in pairwise(edges))


def _batch(fields: Fields, index: int, ids: Any) -> tuple[str, ...]:
    if not isinstance(ids, list) or not ids or not all(isinstance(case_id, str) for case_id in ids):
        raise fields.fail(f"batches[{index}]", "a non-empty list of case ids is expected")
    return tuple(ids)
