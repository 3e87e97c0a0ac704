"""The rules of one edition, parsed and checked from challenge.yaml (schema mood-challenge/1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import yaml

from mood_evaluator import Dataset
from mood_platform.challenges.document import Section
from mood_platform.challenges.retention import Retention
from mood_platform.clock import rfc3339
from mood_platform.errors import Invalid
from mood_platform.execution.limits import Limits
from mood_platform.models import Json, Stage

SCHEMA = "mood-challenge/1"
FIELDS = (
    "schema",
    "slug",
    "title",
    "timeline",
    "quota",
    "limits",
    "scoring",
    "stages",
    "retention",
    "case_counts",
)
STAGES = (Stage.TOY, Stage.CHALLENGE)
PRECISIONS = ("float32",)


@dataclass(frozen=True, slots=True)
class QuotaRule:
    challenge: int
    """Counted challenge Submissions per Team, both Tasks together."""
    attempts: int
    """Challenge Submissions in all, refunded ones included."""


@dataclass(frozen=True, slots=True)
class Scoring:
    precision: str
    batch_size: int
    """Most scans in one batch of the pixel Task."""
    valid_share: float
    """Share of hidden cases that must be valid for a result on a Dataset, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeConfig:
    slug: str
    title: str
    opens: datetime
    closes: datetime
    upload_grace: timedelta
    """How long an upload begun before the deadline may still be finished and submitted."""
    quota: QuotaRule
    limits: Limits
    scoring: Scoring
    stages: Mapping[Stage, Mapping[Dataset, tuple[str, ...]]]
    """Names of test sets."""
    retention: Retention
    public_counts: bool = False
    """Anybody may know how many hidden cases there are; progress is then told live and exactly."""

    @classmethod
    def parse(cls, document: object, *, file: str = "challenge.yaml") -> Self:
        if not isinstance(document, Mapping):
            raise Invalid(f"{file}: it is not a mapping.", remedy=f"Begin with the line schema: {SCHEMA}.")
        top = Section(file, "", document)
        top.allow(*FIELDS)
        top.text("schema", pattern=SCHEMA, remedy=f"Write schema: {SCHEMA}.")
        timeline = top.section("timeline")
        timeline.allow("opens", "closes", "upload_grace")
        opens, closes = timeline.moment("opens"), timeline.moment("closes")
        if closes <= opens:
            timeline.fail("closes", "it is not after opens", "Give a later point in time.")
        slug = top.text(
            "slug", pattern=r"[a-z0-9][a-z0-9-]{0,39}", remedy="Use a-z, 0-9 and -, at most 40 characters."
        )
        return cls(
            slug=slug,
            title=top.text("title", pattern=r".{1,120}", remedy="One line.") if "title" in document else slug,
            opens=opens,
            closes=closes,
            upload_grace=timeline.duration("upload_grace"),
            quota=_quota(top.section("quota")),
            limits=_limits(top.section("limits")),
            scoring=_scoring(top.section("scoring")),
            stages=_stages(top.section("stages")),
            retention=Retention.read(top.section("retention")),
            public_counts=_public_counts(top) if "case_counts" in document else False,
        )

    def to_json(self) -> Json:
        """`parse` reads it back to an equal config."""
        return {
            "schema": SCHEMA,
            "slug": self.slug,
            "title": self.title,
            "timeline": {
                "opens": rfc3339(self.opens),
                "closes": rfc3339(self.closes),
                "upload_grace": f"{int(self.upload_grace.total_seconds())}s",
            },
            "quota": asdict(self.quota),
            "limits": self.limits.to_json(),
            "scoring": asdict(self.scoring),
            "stages": {
                str(stage): {str(dataset): list(names) for dataset, names in sets.items()}
                for stage, sets in self.stages.items()
            },
            "retention": self.retention.to_json(),
            "case_counts": "public" if self.public_counts else "hidden",
        }


def _public_counts(top: Section) -> bool:
    remedy = "Write hidden or public; public tells progress live and exactly."
    return top.text("case_counts", pattern="hidden|public", remedy=remedy) == "public"


def read_challenge(path: Path) -> ChallengeConfig:
    """Parse a challenge.yaml."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: it cannot be read ({error}).", remedy="Check the path.") from error
    except yaml.YAMLError as error:
        raise Invalid(
            f"{path}: it is not YAML ({error}).", remedy="Correct the line that is named."
        ) from error
    return ChallengeConfig.parse(document, file=path.name)


def _quota(section: Section) -> QuotaRule:
    section.allow("challenge", "attempts")
    counted = section.count("challenge", least=1)
    return QuotaRule(challenge=counted, attempts=section.count("attempts", least=counted))


def _limits(section: Section) -> Limits:
    try:
        return Limits.parse(section.values)
    except Invalid as error:
        raise Invalid(f"{section.file}, {error.detail}", remedy=error.remedy) from error


def _scoring(section: Section) -> Scoring:
    section.allow("precision", "batch_size", "valid_share")
    return Scoring(
        precision=section.text(
            "precision", pattern="|".join(PRECISIONS), remedy="The official precision is float32."
        ),
        batch_size=section.count("batch_size", least=1),
        valid_share=section.share("valid_share"),
    )


def _stages(section: Section) -> dict[Stage, dict[Dataset, tuple[str, ...]]]:
    section.allow(*STAGES)
    return {stage: _test_sets(section.section(stage)) for stage in STAGES}


def _test_sets(section: Section) -> dict[Dataset, tuple[str, ...]]:
    """Every Submission runs on both Datasets; each is scored on one test set with its stored batchings."""
    section.allow(*Dataset)
    sets = {dataset: section.names(dataset) for dataset in Dataset}
    for dataset, names in sets.items():
        if len(names) != 1:
            section.fail(dataset, f"it names {len(names)} test sets", "Name exactly one.")
    return sets
