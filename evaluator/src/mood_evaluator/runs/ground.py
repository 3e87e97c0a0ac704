"""What scored runs rest on beyond their cases: whose scans, which edition; whatever is not known is None."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mood_evaluator.test_set import Dataset, Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A test set, as far as a reader must know it."""

    dataset: Dataset | None = None
    purpose: str | None = None  # toy, test, "... sweep"
    source_subjects: int | None = None  # real people behind the scans
    labels_reproducible: bool | None = None  # True: anybody can make the labels anew

    @classmethod
    def of(cls, test_set: Manifest) -> "Ground":
        """Take what its manifest says."""
        return cls(
            dataset=test_set.dataset,
            purpose=test_set.purpose,
            source_subjects=test_set.source_subjects,
            labels_reproducible=test_set.not_hidden,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"dataset": None if self.dataset is None else str(self.dataset)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Ground":
        dataset = document["dataset"]
        return cls(**{**document, "dataset": None if dataset is None else Dataset(dataset)})


NOT_SAID = Ground()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The challenge and the published leaderboard that a run counts in."""

    title: str | None = None
    version: int | None = None  # of the leaderboard
    digest: str | None = None  # of the leaderboard
    published_at: str | None = None  # RFC 3339
    caveats: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"caveats": list(self.caveats)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Edition":
        return cls(**{**document, "caveats": tuple(document["caveats"])})

    @classmethod
    def of_leaderboard(cls, document: Mapping[str, Any]) -> "Edition":
        """Take it from a published leaderboard (`mood-leaderboard/2`); raises LookupError for another."""
        return cls(
            title=document["challenge"]["title"],
            version=document["version"],
            digest=document["digest"],
            published_at=document["published_at"],
            caveats=tuple(document.get("caveats", ())),
        )


NO_EDITION = Edition()
