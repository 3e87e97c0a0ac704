"""Makes contests that look real: scans with blobs, teams of falling skill, two Datasets, both Tasks.

As a script it writes one to a folder: made_contest.py FOLDER TEAMS CASES [BARE] [EXTRAS]
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
from scipy import ndimage

from mood_evaluator import (
    CaseScore,
    Dataset,
    Evidence,
    Manifest,
    ManifestCase,
    Quantizer,
    Task,
    draw_batching,
    save_test_set,
    score_cases,
)
from mood_evaluator.body import BodyScores, body_of_case
from mood_evaluator.evidence import sum_evidence
from mood_evaluator.lesions import LesionScores, lesions_of_case
from mood_evaluator.objects.components import find_components
from mood_evaluator.objects.matching import ScanObjects, match_objects
from mood_evaluator.objects.rule import spacings_of
from mood_evaluator.objects.sensitivity import sweep_cases
from mood_evaluator.runs import NO_EDITION, NOT_SAID, Detection, Edition, Ground, ScoredRun
from mood_evaluator.scoring import PixelCase
from mood_evaluator.slices import SliceScores

Maps = dict[str, np.ndarray]
SHAPE = (20, 24, 12)
NAMES = (
    "Heidelberg Imaging", "Team Aurora", "DeepAnomaly", "Müller & Söhne", "The Wanderers", "ReconNet",
    "VAE baseline", "Pancake", "Long-Named Consortium for Unsupervised Detection", "Ω Lab",
)  # fmt: skip
KINDS = (("noise", "salt"), ("fracture", "line"), ("tumour", "bright"), ("tumour", "dark"), ("swap", "patch"))


def names_of(teams: int) -> list[str]:
    return [NAMES[number] if number < len(NAMES) else f"Team {number + 1}" for number in range(teams)]


def _anatomy(dataset: Dataset, random: np.random.Generator) -> np.ndarray:
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, size) for size in SHAPE), indexing="ij"))
    radius = np.sqrt((grid**2).sum(axis=0)) if dataset is Dataset.BRAIN else np.abs(grid).max(axis=0)
    texture = ndimage.gaussian_filter(random.normal(size=SHAPE), 1.5)
    return np.asarray((radius < 0.9) * (0.5 + 0.8 * texture), np.float32)


def _cases(
    dataset: Dataset, count: int, folder: Path, random: np.random.Generator, purpose: str
) -> tuple[list[ManifestCase], dict[str, np.ndarray]]:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    cases, labels = [], {}
    for number in range(count):
        name, abnormal = f"{purpose}{number:03}", number % 2 == 1
        image, label = _anatomy(dataset, random), np.zeros(SHAPE, bool)
        category, kind = KINDS[(number // 2) % (len(KINDS) if number < 0.9 * count else 2)]
        if abnormal:
            centre = random.uniform(0.3, 0.7, 3) * SHAPE
            distance = np.sqrt(((np.indices(SHAPE).T - centre) ** 2).sum(axis=-1)).T
            label = distance < random.uniform(1.3, 4.5)
            image = image + label * random.uniform(0.2, 0.9)
        labels[name] = label
        for part, voxels in (("images", image), ("labels", label.astype(np.uint8))):
            nib.Nifti1Image(voxels.astype(np.float32), np.eye(4)).to_filename(
                folder / part / f"{name}.nii.gz"
            )
        known = {
            "scope": "local", "origin": "natural" if number % 3 else "artificial", "category": category,
            "subcategory": kind, "difficulty": 1 + number // 2 % 4, "difficulty_source": "two readers",
        }  # fmt: skip
        cases.append(
            ManifestCase(
                name, f"images/{name}.nii.gz", f"labels/{name}.nii.gz", SHAPE, abnormal=abnormal,
                tasks=tuple(Task), sha256_image="0", **(known if abnormal else {}),
            )
        )  # fmt: skip
    return cases, labels


def _map(label: np.ndarray, skill: float, random: np.random.Generator) -> np.ndarray:
    noise = ndimage.gaussian_filter(random.normal(size=SHAPE), 1.2)
    noise = (noise - noise.min()) / np.ptp(noise)
    found = ndimage.gaussian_filter(label.astype(float), 0.8) * random.uniform(0.3, 1.2)
    return np.clip((1 - skill) * noise + skill * found, 0, 1)


@dataclass(frozen=True)
class Wanted:
    """What a contest is like; `silent`: its runs say nothing of edition and test set.

    `extras`: runs of the pixel task carry lesions, the body and an object sensitivity.
    """

    home: Path
    teams: int
    cases: int
    edition: Edition = NO_EDITION
    subjects: int = 3
    toy: bool = True
    maps: bool = True
    silent: bool = False
    extras: bool = False


def make_contest(wanted: Wanted) -> None:
    """Write `test-brain`, `toy-brain`, … and the runs of all teams.

    The last team of more than two is not eligible. `maps` keeps those of the first four teams.
    """
    for dataset in Dataset:
        _write(wanted, dataset, "test", wanted.cases)
        if wanted.toy:
            _write(wanted, dataset, "toy", 8)


def _write(wanted: Wanted, dataset: Dataset, purpose: str, count: int) -> None:
    random = np.random.default_rng([list(Dataset).index(dataset), len(purpose), count])
    name = f"{purpose}-{dataset}"
    listed, labels = _cases(dataset, count, wanted.home / name, random, purpose)
    abnormal = {case.id: case.abnormal for case in listed}
    batchings = tuple(draw_batching(abnormal, size=20, seed=seed) for seed in (1, 2))
    test_set = Manifest(
        name, dataset, purpose, "r", "1", wanted.subjects, tuple(listed), batchings, not_hidden=True
    )
    save_test_set(test_set, wanted.home / name)
    for place, team in enumerate(names_of(wanted.teams)):
        skill = 0.62 - 0.45 * place / max(wanted.teams - 1, 4)
        maps = {case: _map(labels[case], skill, random) for case in abnormal}
        if wanted.maps and purpose == "test" and place < 4:
            _keep(maps, wanted.home / "predictions" / name / str(place))
        for run in _runs(team, test_set, abnormal, labels, maps, skill, random):
            if wanted.extras and purpose == "test" and run.task is Task.PIXEL:
                run = _with_extras(run, test_set, wanted.home / name, maps)  # noqa: PLW2901
            said = replace(
                run,
                eligible=not (wanted.teams > 2 and place == wanted.teams - 1),
                ground=NOT_SAID if wanted.silent else Ground.of(test_set),
                edition=wanted.edition,
            )
            said.save(wanted.home / f"{place:02}-{name}-{run.task}.zip")


def _with_extras(run: ScoredRun, test_set: Manifest, folder: Path, maps: Maps) -> ScoredRun:
    with TemporaryDirectory() as home:
        _keep(maps, Path(home) / "maps")
        cases = [
            PixelCase(
                case.id, Path(home) / "maps" / f"{case.id}.nii.gz", folder / str(case.label), SHAPE,
                image=folder / case.image,
            )
            for case in test_set.cases
        ]  # fmt: skip
        return replace(
            run,
            lesions=LesionScores.of({case.id: lesions_of_case(case) for case in cases}),
            body=BodyScores.of(map(body_of_case, cases)),
            sweep=sweep_cases(cases, sum_evidence(list(run.evidence.values()))),
            spacings=spacings_of(cases),
        )


def _keep(maps: Maps, folder: Path) -> None:
    folder.mkdir(parents=True)
    for case, voxels in maps.items():
        nib.Nifti1Image(voxels.astype(np.float32), np.eye(4)).to_filename(folder / f"{case}.nii.gz")


def _runs(
    team: str,
    test_set: Manifest,
    abnormal: dict[str, bool],
    labels: Maps,
    maps: Maps,
    skill: float,
    random: np.random.Generator,
) -> Iterator[ScoredRun]:
    """Yield the runs of both tasks."""
    noise = {case: 0.5 * random.random() for case in abnormal}
    sample = {
        case: CaseScore(valid=True, score=0.4 * skill * found + noise[case])
        for case, found in abnormal.items()
    }
    pixel = {
        case: CaseScore(valid=True, evidence=Evidence.of(voxels, labels[case]))
        for case, voxels in maps.items()
    }
    objects = {case: _objects(labels[case], voxels) for case, voxels in maps.items()}
    slices = {
        case: SliceScores(tuple(voxels.mean(axis=(0, 1))), tuple(map(int, labels[case].sum(axis=(0, 1)))))
        for case, voxels in maps.items()
    }
    for task, scores in ((Task.SAMPLE, sample), (Task.PIXEL, pixel)):
        batchings = test_set.batchings if task is Task.PIXEL else ()
        result = score_cases(
            task=task, abnormal=abnormal, batchings=batchings, case_scores=scores,
            precision=Quantizer.TWO_SIDED,
        )  # fmt: skip
        run = ScoredRun(
            team, task, test_set.name, test_set.digest, "two-sided", result, abnormal, scores, batchings
        )
        more = {"detection": Detection(0.5, 4.0), "objects": objects, "slices": slices}
        yield replace(run, **more) if task is Task.PIXEL else run


def _objects(label: np.ndarray, scores: np.ndarray) -> ScanObjects:
    predicted = find_components(scores >= 0.5, min_voxels=4, scores=scores.astype(np.float32))
    return match_objects(predicted, find_components(label), voxel_volume=1.0, min_volume=4.0)


EDITION = Edition(
    title="MOOD 2026", version=2, digest="sha256:4f1d0c2be5a97c3d8e6f", published_at="2026-09-20T12:00:00Z",
    caveats=("The ends of intervals are rounded.",),
)  # fmt: skip

if __name__ == "__main__":
    folder, many, each = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    bare = "BARE" in sys.argv
    edition = NO_EDITION if bare else EDITION
    parts = {"toy": not bare, "maps": not bare, "silent": bare, "extras": "EXTRAS" in sys.argv}
    make_contest(Wanted(folder, many, each, edition, **parts))
