"""Scored runs (`mood-scored-run/1`): all that ranking, stability, analysis and report need of a submission.

A ZIP with `run.json` and `evidence/<case>.bin`; no voxel is in it, so it travels where predictions must not.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mood_evaluator.arrays import as_path
from mood_evaluator.batches import Batching
from mood_evaluator.body import BodyScores
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.case_score import CaseScore
from mood_evaluator.dataset_result import SetScore
from mood_evaluator.errors import EvaluatorError, InvalidScoredRun
from mood_evaluator.evidence import Evidence
from mood_evaluator.lesions import Lesion, LesionScores
from mood_evaluator.objects.matching import ScanObjects
from mood_evaluator.objects.rule import MatchingRule, Spacing
from mood_evaluator.objects.sensitivity import ObjectSweep, SweptScan
from mood_evaluator.runs.checked_document import check_document
from mood_evaluator.runs.ground import NO_EDITION, NOT_SAID, Edition, Ground
from mood_evaluator.slices import SliceScores
from mood_evaluator.test_set import Task
from mood_evaluator.version import SCORING_VERSION, __version__, scoring_version_of
from mood_evaluator.whole_file import whole_file

SCHEMA = "mood-scored-run/1"
_MANIFEST = "run.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal content gives equal bytes
_MAX_ENTRY = 64 << 20  # bytes of one entry, inflated
_DAMAGED = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError),  # the ZIP; encrypted, nested too deep
    *(EvaluatorError, LookupError, TypeError, ValueError, AttributeError),  # what is in it
)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """How objects were told from background: both were fixed before any object was extracted."""

    threshold: float
    min_volume: float  # mm³, of predicted objects


class Ranking(StrEnum):
    """What a score is, by which teams are ranked."""

    AP = "ap"
    OBJECT_SENSITIVITY = "object_sensitivity"


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRun:
    """One submission on one test set."""

    team: str
    task: Task
    test_set: str
    test_set_digest: str
    precision: str  # of the scores in `result`
    result: SetScore
    abnormal: Mapping[str, bool]  # the truth, by case
    cases: Mapping[str, CaseScore]
    batchings: tuple[Batching, ...] = ()  # the official one first; none: all cases are one batch
    detection: Detection | None = None
    objects: Mapping[str, ScanObjects] = field(default_factory=dict)
    slices: Mapping[str, SliceScores] = field(default_factory=dict)
    sweep: ObjectSweep | None = None
    lesions: LesionScores | None = None
    body: BodyScores | None = None
    spacings: tuple[Spacing, ...] = ()  # of the test set, where objects were extracted
    eligible: bool = True  # others are listed, and enter nobody's rank
    ranking: Ranking = Ranking.AP  # what the score of `result` is; a file always has the AP
    scoring_version: int = SCORING_VERSION  # of the evaluator that scored it
    ground: Ground = NOT_SAID
    edition: Edition = NO_EDITION

    @property
    def evidence(self) -> dict[str, Evidence]:
        """Evidence by case (pixel task)."""
        return {case_id: case.evidence for case_id, case in self.cases.items() if case.evidence is not None}

    @property
    def rule(self) -> MatchingRule | None:
        """How objects were told and matched at the threshold that was given."""
        if self.detection is None:
            return None
        return MatchingRule((self.detection.threshold,), self.detection.min_volume, self.spacings)

    def by_object_sensitivity(self) -> "ScoredRun":
        """Return the run with its object sensitivity as its score; raises EvaluatorError without a sweep."""
        if self.sweep is None:
            raise EvaluatorError(
                f"The run of {self.team} on {self.test_set} has no object sensitivity. Write it again with "
                f"`mood-evaluate evidence --object-sensitivity`."
            )
        score = None if self.result.score is None else self.sweep.score()
        result = SetScore(
            score=score,
            valid=self.result.valid,
            total=self.result.total,
            valid_share=self.result.valid_share,
        )
        return replace(self, result=result, ranking=Ranking.OBJECT_SENSITIVITY)

    def save(self, path: Path | str) -> None:
        """Write the ZIP as a whole; the same run gives the same bytes."""
        packed = {case_id: evidence.to_bytes() for case_id, evidence in self.evidence.items()}
        with whole_file(as_path(path)) as place, zipfile.ZipFile(place, "w") as archive:
            _write(archive, _MANIFEST, json.dumps(self._manifest(packed), indent=1).encode())
            for case_id, content in packed.items():
                _write(archive, _entry(case_id), content)

    @classmethod
    def load(cls, path: Path | str) -> "ScoredRun":
        """Read what `save` wrote; raises InvalidScoredRun, naming the file and the entry."""
        try:
            with zipfile.ZipFile(path) as archive:
                return _parse(archive)
        except _DAMAGED as error:
            raise InvalidScoredRun(path, error) from error

    def _manifest(self, packed: Mapping[str, bytes]) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "evaluator": __version__,
            "scoring_version": self.scoring_version,
            "team": self.team,
            "task": str(self.task),
            "test_set": self.test_set,
            "test_set_digest": self.test_set_digest,
            "eligible": self.eligible,
            "precision": self.precision,
            "ground": self.ground.to_json(),
            "edition": self.edition.to_json(),
            "result": self.result.to_json(),
            "batchings": [batching.to_json() for batching in self.batchings],
            "detection": None if self.detection is None else asdict(self.detection),
            **self._extras(),
            "cases": [self._case_to_json(case_id, packed.get(case_id)) for case_id in self.cases],
        }
        return document | {"digest": canonical_digest(document)}

    def _extras(self) -> dict[str, Any]:
        """Return what was asked for beside scores and objects, of the whole set."""
        extras: dict[str, Any] = {}
        if self.spacings:
            extras["spacings"] = [list(spacing) for spacing in self.spacings]
        if self.sweep is not None:
            extras["sweep"] = {"codes": list(self.sweep.codes), "min_volume": self.sweep.min_volume}
        if self.lesions is not None:
            extras["aupro"] = {str(limit): value for limit, value in self.lesions.aupro.items()}
        return extras if self.body is None else extras | {"body": self.body.to_json()}

    def _case_to_json(self, case_id: str, packed: bytes | None) -> dict[str, Any]:
        swept = None if self.sweep is None else self.sweep.scans[case_id]
        parts = {"objects": self.objects.get(case_id), "slices": self.slices.get(case_id), "swept": swept}
        more: dict[str, Any] = {name: part.to_json() for name, part in parts.items() if part is not None}
        if self.lesions is not None:
            more["lesions"] = [lesion.to_json() for lesion in self.lesions.scans[case_id]]
        if packed is not None:
            more["evidence_sha256"] = hashlib.sha256(packed).hexdigest()
        return {"id": case_id, "abnormal": self.abnormal[case_id], **self.cases[case_id].to_json(), **more}


def _parse(archive: zipfile.ZipFile) -> ScoredRun:
    document = json.loads(_read(archive, _MANIFEST))
    if document["schema"] != SCHEMA:
        raise ValueError(f"the schema is {document['schema']!r}, not {SCHEMA}")
    if document.pop("digest") != canonical_digest(document):
        raise ValueError("the digest does not fit the content, so one of them was changed")
    check_document(document)
    cases = {case["id"]: _parse_case(archive, case) for case in document["cases"]}
    objects, slices = (
        {case["id"]: case[name] for case in document["cases"] if name in case}
        for name in ("objects", "slices")
    )
    detection = document["detection"]
    return ScoredRun(
        team=document["team"],
        task=Task(document["task"]),
        test_set=document["test_set"],
        test_set_digest=document["test_set_digest"],
        precision=document["precision"],
        result=SetScore.from_json(document["result"]),
        abnormal={case["id"]: case["abnormal"] for case in document["cases"]},
        cases=cases,
        batchings=tuple(Batching.from_json(batching) for batching in document["batchings"]),
        detection=None if detection is None else Detection(**detection),
        objects={case_id: ScanObjects.from_json(found) for case_id, found in objects.items()},
        slices={
            case_id: SliceScores(tuple(found["scores"]), tuple(found["annotated"]))
            for case_id, found in slices.items()
        },
        sweep=_parse_sweep(document),
        lesions=_parse_lesions(document),
        body=BodyScores(**document["body"]) if "body" in document else None,
        spacings=tuple((x, y, z) for x, y, z in document.get("spacings", ())),
        eligible=document["eligible"],
        scoring_version=scoring_version_of(document),
        ground=Ground.from_json(document["ground"]) if "ground" in document else NOT_SAID,
        edition=Edition.from_json(document["edition"]) if "edition" in document else NO_EDITION,
    )


def _parse_sweep(document: Mapping[str, Any]) -> ObjectSweep | None:
    if "sweep" not in document:
        return None
    scans = {case["id"]: SweptScan.from_json(case["swept"]) for case in document["cases"]}
    return ObjectSweep(tuple(document["sweep"]["codes"]), document["sweep"]["min_volume"], scans)


def _parse_lesions(document: Mapping[str, Any]) -> LesionScores | None:
    if "aupro" not in document:
        return None
    scans = {case["id"]: tuple(Lesion(**one) for one in case["lesions"]) for case in document["cases"]}
    return LesionScores(scans, {float(limit): value for limit, value in document["aupro"].items()})


def _parse_case(archive: zipfile.ZipFile, case: Mapping[str, Any]) -> CaseScore:
    if case["evidence"] is None:
        return CaseScore.from_json(case)
    content = _read(archive, _entry(case["id"]))
    if hashlib.sha256(content).hexdigest() != case["evidence_sha256"]:
        raise ValueError(f"{_entry(case['id'])} is not what was scored: its SHA-256 differs")
    return CaseScore.from_json(case, evidence=Evidence.from_bytes(content))


def _entry(case_id: str) -> str:
    return f"evidence/{case_id}.bin"


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        raise ValueError(f"the entry {name} is missing")
    with archive.open(name) as entry:
        content = entry.read(_MAX_ENTRY + 1)
    if len(content) > _MAX_ENTRY:
        raise ValueError(f"{name} is larger than {_MAX_ENTRY >> 20} MiB")
    return content
