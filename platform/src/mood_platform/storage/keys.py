"""The key of every object: what lies where in the store is said here and nowhere else."""

from __future__ import annotations

import re
from typing import NamedTuple
from uuid import UUID

SCANS, LABELS, IMAGES, UPLOADS, RUNS = "cases", "labels", "images", "uploads", "runs"
"""Folders that are listed, or watched."""
_LEFT = re.compile(rf"{RUNS}/([0-9a-f-]{{36}})/[0-9a-f-]{{36}}/[^/]+/(prediction|log)")


def scan_key(sha256: str) -> str:
    return f"{SCANS}/{sha256}.nii.gz"


def is_scan(key: str) -> bool:
    return key.startswith(f"{SCANS}/")


def label_key(sha256: str) -> str:
    return f"{LABELS}/{sha256}.nii.gz"


def image_key(digest: str) -> str:
    """Of the clean archive; `digest` is `sha256:…`."""
    return f"{IMAGES}/{digest}.tar"


def digest_of(key: str) -> str:
    """The image whose archive lies there."""
    return key.removeprefix(f"{IMAGES}/").removesuffix(".tar")


def upload_key(upload_id: UUID) -> str:
    return f"{UPLOADS}/{upload_id}"


def run_folder(run_id: UUID) -> str:
    """Everything that a Run has left lies below it."""
    return f"{RUNS}/{run_id}"


def attempt_key(run_id: UUID, case_run_id: UUID, claim_id: UUID | None, name: str) -> str:
    """What one attempt at a case leaves: `prediction`, `log`, `evidence`."""
    return f"{run_folder(run_id)}/{case_run_id}/{claim_id}/{name}"


def evidence_key(run_id: UUID, case_run_id: UUID, claim_id: UUID | None, *, rescoring: int | None) -> str:
    """That of a rescoring stands beside the first."""
    return attempt_key(run_id, case_run_id, claim_id, _numbered("evidence", rescoring))


def positives_key(evidence: str) -> str:
    """The scores of a case's abnormal voxels, beside its Evidence."""
    return _beside(evidence, "evidence", "positives")


def toy_report_key(run_id: UUID) -> str:
    return f"{run_folder(run_id)}/toy_report.json"


def results_key(run_id: UUID, *, rescoring: int | None = None, dropped: int | None = None) -> str:
    """The first results; those of a rescoring; the first after that rescoring had dropped cases."""
    name = _numbered("results" if dropped is None else f"results-dropped-{dropped}", rescoring)
    return f"{run_folder(run_id)}/{name}.json"


def replicates_key(results: str, *, version: int, exact: bool) -> str:
    """Beside the results: `runs/…/results-1.json` has `runs/…/replicates-1-v2.json`, or `…-v2-exact.json`."""
    stem = _beside(results, "results", "replicates").removesuffix(".json")
    return f"{stem}-v{version}{'-exact' if exact else ''}.json"


def leaderboard_key(leaderboard_id: UUID) -> str:
    return f"leaderboards/{leaderboard_id}.json"


def exported_results(results: str) -> str:
    """The file name of results in an export: the Run's id in the place of the word."""
    _, run_id, name = results.split("/")
    return name.replace("results", run_id)


def is_named(key: str, *stems: str) -> bool:
    """Whether it is one of a Run's objects of these names, the first or a later one."""
    return key.rpartition("/")[2].startswith(stems)


class Leftover(NamedTuple):
    run_id: UUID
    name: str
    """`prediction` or `log`."""


def as_leftover(key: str) -> Leftover | None:
    """Which Run left it; None: it is none of the things that are removed after a while."""
    match = _LEFT.fullmatch(key)
    return None if match is None else Leftover(UUID(match[1]), match[2])


def _numbered(name: str, number: int | None) -> str:
    return name if number is None else f"{name}-{number}"


def _beside(key: str, name: str, other: str) -> str:
    folder, _, file = key.rpartition("/")
    return f"{folder}/{file.replace(name, other, 1)}"
