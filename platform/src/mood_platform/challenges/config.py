"""The rules of one edition, parsed and checked from challenge.yaml (schema mood-challenge/1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from mood_evaluator import Dataset, Task
from mood_evaluator.runs import Ranking
from mood_platform.challenges.document import LAST_MOMENT, NEVER, Section
from mood_platform.challenges.entry_rule import EVERYBODY, EntryRule
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.challenges.retention import Retention
from mood_platform.challenges.yaml_file import read_yaml
from mood_platform.characters import fault_of
from mood_platform.clock import rfc3339
from mood_platform.errors import Invalid
from mood_platform.execution.limits import Limits, TooMuch
from mood_platform.models import Stage

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
    "entry",
)
STAGES = (Stage.TOY, Stage.CHALLENGE)
SLUG = r"[a-z0-9][a-z0-9-]{0,39}"
PARTS_OF_MEMORY = ("tmp", "shm", "output")
WITHOUT_EFFECT = ("precision", "batch_size")
"""Rules of scoring that earlier versions took and nothing read; old Runs and boards still name them."""


@dataclass(frozen=True, slots=True)
class QuotaRule:
    challenge: int
    """Counted challenge Submissions per Team, both Tasks together."""
    attempts: int
    """Challenge Submissions in all, refunded ones included."""


@dataclass(frozen=True, slots=True)
class Scoring:
    valid_share: float
    """Share of hidden cases that must be valid for a result on a Dataset, 0 to 1."""
    ranking: Ranking = Ranking.AP
    """What teams of the pixel Task are ranked by; the sample Task has the AP alone."""

    def to_json(self) -> dict[str, object]:
        """Without a ranking by AP: rules from before it could be chosen are the same rules."""
        ranking = {} if self.ranking is Ranking.AP else {"ranking": str(self.ranking)}
        return {"valid_share": self.valid_share, **ranking}


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
    entry: EntryRule = EVERYBODY
    public_counts: bool = False
    """Anybody may know how many hidden cases there are; progress is then told live and exactly."""

    @classmethod
    def parse(cls, document: object, *, file: str = "challenge.yaml") -> Self:
        """All mistakes are told at once."""
        mistakes = Mistakes(file)
        config = cls.read(document, mistakes)
        mistakes.require_none()
        return config

    @classmethod
    def restore(cls, document: object, *, file: str) -> Self:
        """What is stored; where a newer rule forbids a value, the nearest that it allows stands for it."""
        mistakes = Mistakes(file)
        config = cls.read(document, mistakes)
        mistakes.forgive_new_rules()
        mistakes.require_none()
        return config

    @classmethod
    def read(cls, document: object, mistakes: Mistakes) -> Self:
        """Notes every mistake; where there is one, what is returned is of no use."""
        if not isinstance(document, Mapping):
            mistakes.add("the file", "it is not a mapping", f"Begin with the line schema: {SCHEMA}.")
            document = {}
        top = Section(mistakes, "", document)
        top.allow(*FIELDS)
        top.text("schema", pattern=SCHEMA, remedy=f"Write schema: {SCHEMA}.")
        timeline = top.section("timeline")
        timeline.allow("opens", "closes", "upload_grace")
        opens, closes = timeline.moment("opens"), timeline.moment("closes")
        if NEVER not in (opens, closes) and closes <= opens:
            timeline.fail("closes", "it is not after opens", "Give a later point in time.")
        grace = timeline.duration("upload_grace")
        if closes + grace > LAST_MOMENT and not timeline.failed("closes"):
            end = f"with it the edition takes uploads after {LAST_MOMENT.year}"
            timeline.fail("upload_grace", end, "Give less.", new_rule=True)
        return cls(
            slug=top.text("slug", pattern=SLUG, remedy="Use a-z, 0-9 and -, at most 40 characters."),
            title=top.name("title"),
            opens=opens,
            closes=closes,
            upload_grace=grace,
            quota=_quota(top.section("quota")),
            limits=_limits(top.section("limits")),
            scoring=_scoring(top.section("scoring")),
            stages=_stages(top.section("stages")),
            retention=Retention.read(top.section("retention")),
            entry=EntryRule.read(top.section("entry")) if "entry" in document else EVERYBODY,
            public_counts=_public_counts(top) if "case_counts" in document else False,
        )

    def to_json(self) -> dict[str, object]:
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
            "scoring": self.scoring.to_json(),
            "stages": {
                str(stage): {str(dataset): list(names) for dataset, names in sets.items()}
                for stage, sets in self.stages.items()
            },
            "retention": self.retention.to_json(),
            "entry": self.entry.to_json(),
            "case_counts": "public" if self.public_counts else "hidden",
        }


def rules_of(scoring: Mapping[str, Any]) -> dict[str, object]:
    """Those of a Run or a board that have an effect, so that old ones compare with new ones."""
    return {name: value for name, value in scoring.items() if name not in WITHOUT_EFFECT}


def valid_share_of(scoring: Mapping[str, Any]) -> float:
    """Of its cases, which a Run needs for a result."""
    return float(scoring["valid_share"])


def is_ranked_by_objects(scoring: Mapping[str, Any], task: Task) -> bool:
    """Of the rules of a Run or an edition."""
    return task is Task.PIXEL and scoring.get("ranking") == Ranking.OBJECT_SENSITIVITY


def _public_counts(top: Section) -> bool:
    remedy = "Write hidden or public; public tells progress live and exactly."
    return top.text("case_counts", pattern="hidden|public", remedy=remedy) == "public"


def read_challenge(path: Path) -> ChallengeConfig:
    """Parse a challenge.yaml; all its mistakes are told at once."""
    mistakes = Mistakes(path.name)
    config = read_draft(path, mistakes)
    mistakes.require_none()
    return config


def read_draft(path: Path, mistakes: Mistakes) -> ChallengeConfig:
    """The same for who looks for further mistakes before telling them."""
    config = ChallengeConfig.read(read_yaml(path, mistakes), mistakes)
    if fault := fault_of(config.title, lines=""):
        mistakes.add("title", fault, "One line of plain text.")
    return config


def _quota(section: Section) -> QuotaRule:
    section.allow("challenge", "attempts")
    counted = section.count("challenge", least=1)
    return QuotaRule(challenge=counted, attempts=section.count("attempts", least=counted))


def _limits(section: Section) -> Limits:
    """Field by field, so that each tells its mistake."""
    sound: dict[str, Any] = {}
    for name, value in section.values.items():
        try:
            Limits.parse({name: value})
            sound[name] = value
        except TooMuch as error:
            section.fail(name, _without_place(error.detail), error.remedy, new_rule=True)
            sound[name] = error.most
        except Invalid as error:
            section.fail(str(name), _without_place(error.detail), error.remedy)
    limits = Limits.parse(sound)
    for part in PARTS_OF_MEMORY:
        if getattr(limits, part) > limits.memory and not section.failed(part, "memory"):
            section.fail(part, "it is above memory, of which it is a part", "Give less, or more memory.")
    return limits


def _without_place(detail: str) -> str:
    """`limits.seconds is -1.` as `it is -1`: the place is told by the section."""
    return re.sub(r"^limits(\.\w+)? (is|has)", r"it \2", detail).removesuffix(".")


def _scoring(section: Section) -> Scoring:
    section.refuse("batch_size", "batches are those that are stored with the test set")
    section.refuse("precision", "the official precision is float32, whatever is written here")
    section.allow("valid_share", "ranking", *WITHOUT_EFFECT)
    return Scoring(valid_share=section.share("valid_share"), ranking=_ranking(section))


def _ranking(section: Section) -> Ranking:
    if "ranking" not in section.values:
        return Ranking.AP
    remedy = f"Write {' or '.join(Ranking)}, or leave it out."
    text = section.text("ranking", pattern="|".join(Ranking), remedy=remedy)
    return Ranking.AP if section.failed("ranking") else Ranking(text)


def _stages(section: Section) -> dict[Stage, dict[Dataset, tuple[str, ...]]]:
    """Every Submission runs on each Dataset of the edition, which may be one alone."""
    section.allow(*STAGES)
    parts = {stage: section.section(stage) for stage in STAGES}
    anatomies = [dataset for dataset in Dataset if any(dataset in part.values for part in parts.values())]
    if not anatomies and not any(part.absent for part in parts.values()):
        section.fail("toy", "it names no Dataset", f"Name test sets of {' or '.join(Dataset)}.")
    return {stage: _test_sets(part, anatomies) for stage, part in parts.items()}


def _test_sets(section: Section, anatomies: Sequence[Dataset]) -> dict[Dataset, tuple[str, ...]]:
    """Each is scored on one test set with its stored batchings."""
    section.allow(*Dataset)
    sets = {dataset: section.names(dataset) for dataset in anatomies}
    for dataset, names in sets.items():
        if len(names) > 1:
            section.fail(dataset, f"it names {len(names)} test sets", "Name exactly one.")
    return sets
