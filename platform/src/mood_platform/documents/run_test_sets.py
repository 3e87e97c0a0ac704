"""Which installed test sets a Run executes: ids, by Dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from mood_evaluator import Dataset
from mood_platform.documents.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTestSets(Stored):
    """Toy sets first, then those of its stage: of the toy stage none, of an analysis several a Dataset."""

    toy: Mapping[Dataset, str]
    main: Mapping[Dataset, tuple[str, ...]]

    @property
    def toy_ids(self) -> list[UUID]:
        return [UUID(one) for one in self.toy.values()]

    @property
    def main_ids(self) -> list[UUID]:
        return [UUID(one) for ids in self.main.values() for one in ids]

    def each(self, change: Callable[[str], str]) -> RunTestSets:
        """With another id for each."""
        return RunTestSets(
            toy={dataset: change(one) for dataset, one in self.toy.items()},
            main={dataset: tuple(map(change, ids)) for dataset, ids in self.main.items()},
        )
