"""A contest of teams of known quality, driven to scored Runs by the real evaluator; engines are faked."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from mood_evaluator import Task, load_test_set
from mood_platform.accounts.principal import Principal
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob
from mood_platform.models import Stage, Submission
from mood_platform.submissions.service import submit
from mood_support.drive import drive
from mood_support.edition import make_image, make_participant
from mood_support.factories import TinyPlatform

Truth = tuple[bool, NDArray[np.float64]]
Skips = Callable[[CaseJob], bool]


@dataclass(slots=True)
class Contest:
    """`folder` holds the test sets of the platform's edition."""

    platform: TinyPlatform
    folder: Path
    quality: dict[str, float] = field(default_factory=dict)
    """By image digest: 1 answers the truth, 0 answers noise."""
    skips: dict[str, Skips] = field(default_factory=dict)
    squeezed: set[str] = field(default_factory=set)
    """Digests of images whose voxels' scores all have one 16-bit code."""
    spoils: dict[str, Skips] = field(default_factory=dict)
    """By image digest: the cases whose map is inverted and stored in 8 bits."""

    def join(self, name: str, *, reference: bool = False) -> Principal:
        with self.platform.open() as tx:
            return make_participant(tx, name, reference=reference)

    def enter(
        self,
        team: Principal,
        *,
        quality: float,
        task: Task = Task.PIXEL,
        skips: Skips | None = None,
        squeezed: bool = False,
        spoils: Skips | None = None,
    ) -> Submission:
        """Submit an image of this quality; `skips` names cases it leaves unanswered. Nothing runs yet."""
        with self.platform.open() as tx:
            image = make_image(tx, principal=team)
            assert image.digest is not None
            self.quality[image.digest] = quality
            self.skips[image.digest] = skips or (lambda _: False)
            self.squeezed |= {image.digest} if squeezed else set()
            self.spoils[image.digest] = spoils or (lambda _: False)
            return submit(tx, principal=team, image_id=image.id, task=task, stage=Stage.CHALLENGE)

    def run(self) -> None:
        """All Runs to their end."""
        drive(self.platform, self.runtime())

    def runtime(self) -> FakeRuntime:
        """An engine in which every image answers as well as it was entered."""
        truths = read_truths(self.folder)

        def answer(job: CaseJob) -> Scripted:
            if job.image in self.skips and self.skips[job.image](job):
                return Scripted.ending(1)
            truth = truths[hashlib.sha256(job.case.read_bytes()).hexdigest()]
            squeezed = job.image in self.squeezed
            spoilt = job.image in self.spoils and self.spoils[job.image](job)
            quality = self.quality[job.image]
            return Scripted.writing(_answer(job, truth, quality, squeezed=squeezed, spoilt=spoilt))

        return FakeRuntime(answer)


def read_truths(folder: Path) -> dict[str, Truth]:
    """Abnormal or not, and the voxel truth, by the case's SHA-256."""
    truths: dict[str, Truth] = {}
    for manifest in folder.rglob("test_set.json"):
        for case in load_test_set(manifest.parent).cases:
            voxels = np.zeros(case.shape)
            if case.label is not None:
                voxels = np.asarray(
                    Nifti1Image.from_filename(manifest.parent / case.label).dataobj, np.float64
                )
            truths[case.sha256_image] = (case.abnormal, voxels)
    return truths


def _answer(job: CaseJob, truth: Truth, quality: float, *, squeezed: bool, spoilt: bool) -> bytes:
    """Truth and noise, mixed; the noise belongs to the case and the quality, so that it repeats."""
    abnormal, voxels = truth
    seed = hashlib.sha256(f"{quality}".encode() + job.case.read_bytes()).digest()
    noise: Any = np.random.default_rng(list(seed))
    if job.task is Task.SAMPLE:
        return f"{quality * abnormal + (1 - quality) * noise.random():.9f}\n".encode()
    scores = quality * voxels + (1 - quality) * noise.random(voxels.shape)
    if squeezed:
        scores = 0.7 + 2e-5 * scores
    if spoilt:
        scores = 1 - scores
    volume = Nifti1Image(scores.astype(np.float32), np.eye(4))  # type: ignore[no-untyped-call]  # nibabel
    if spoilt:
        volume.set_data_dtype(np.uint8)  # type: ignore[no-untyped-call]
    return gzip.compress(volume.to_bytes(), mtime=0)
