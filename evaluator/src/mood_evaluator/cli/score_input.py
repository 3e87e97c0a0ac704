"""What `score` is given: cases, where their files lie, and their batches."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.cli.scoring_options import ScoringOptions
from mood_evaluator.errors import EvaluatorError, InvalidGroundTruth, UndefinedScore
from mood_evaluator.mood_layout import LabelledCase, list_few, read_mood_labels
from mood_evaluator.placement import find_affine
from mood_evaluator.runs.ground import NOT_SAID, Ground
from mood_evaluator.scoring import PixelCase
from mood_evaluator.test_set import MANIFEST, Manifest, ManifestCase, Task, load_test_set

_BATCH_SIZE, _SEED = 20, "0"
_MOOD_FOLDERS = ("toy_label", *Task)


@dataclass(frozen=True, slots=True)
class ScoreInput:
    """`cases` and `abnormal` have the same ids in the same order."""

    task: Task
    cases: tuple[PixelCase, ...]
    abnormal: Mapping[str, bool]
    batchings: tuple[Batching, ...]
    name: str  # of the test set, or of the folder of labels
    digest: str  # of the test set, or of what is labelled how
    ground: Ground = NOT_SAID

    @property
    def files(self) -> tuple[Path | None, ...]:
        """Return what is read of the cases."""
        return tuple(file for case in self.cases for file in (case.prediction, case.label, case.image))


def read_input(options: ScoringOptions) -> ScoreInput:
    """Read what the options name; raises EvaluatorError, naming the option or the file."""
    if not options.predictions.is_dir():
        raise NotADirectoryError(f"There is no folder {options.predictions}. Give the folder of predictions.")
    given = _from_labels(options) if options.test_set is None else _from_test_set(options)
    _warn_of_strangers(options.predictions, given.cases)
    return given


def _from_test_set(options: ScoringOptions) -> ScoreInput:
    if options.batch_size is not None or options.seed is not None:
        raise EvaluatorError("A test set stores its batches: leave --batch-size and --seed out.")
    test_set: Manifest = load_test_set(options.test_set)
    task: Task = options.task
    wanted = test_set.for_task(task)
    if not wanted:
        raise UndefinedScore(f"The test set {test_set.name} has no case of the {task} task.")
    cases = tuple(_locate(case, task, options) for case in wanted)
    _need_own_names(cases)
    abnormal = {case.id: case.abnormal for case in wanted}
    ground = Ground.of(test_set)
    return ScoreInput(task, cases, abnormal, test_set.batchings, test_set.name, test_set.digest, ground)


def _need_own_names(cases: Sequence[PixelCase]) -> None:
    """A prediction is named like its image: two of one name would be one file, scored twice."""
    names = Counter(case.prediction.name for case in cases if case.prediction is not None)
    for name in (name for name, count in names.items() if count > 1):
        raise EvaluatorError(
            f"{name} would be the prediction of several cases. Name the test set's images apart."
        )


def _locate(case: ManifestCase, task: Task, options: ScoringOptions) -> PixelCase:
    label = None if case.label is None else options.test_set / case.label
    if task is Task.PIXEL and label is not None:
        _need_own_label(label, case.sha256_label)
    image: Path = options.test_set / case.image
    affine = find_affine(case.affine, image, label, shape=case.shape) if task is Task.PIXEL else None
    prediction = _prediction(image.name, task, options)
    return PixelCase(case.id, prediction, label, case.shape, affine, image if image.is_file() else None)


def _need_own_label(label: Path, sha256_label: str | None) -> None:
    """A label that is not the manifest's is another truth, under the digest of this one."""
    if sha256_label and label.is_file() and sha256(label.read_bytes()).hexdigest() != sha256_label:
        raise InvalidGroundTruth(
            f"The label {label} is not the one of {MANIFEST}: its SHA-256 is not sha256.label. Restore it, "
            f"or build the set again."
        )


def _prediction(name: str, task: Task, options: ScoringOptions) -> Path:
    folder: Path = options.predictions
    return folder / (f"{name}.txt" if task is Task.SAMPLE else name)


def _from_labels(options: ScoringOptions) -> ScoreInput:
    task: Task = options.task
    found = read_mood_labels(options.labels, task, tell=_tell)
    cases = tuple(
        PixelCase(
            case.id,
            _prediction(case.id, task, options),
            case.label if case.abnormal and task is Task.PIXEL else None,
            case.shape,
            find_affine(None, case.label, shape=case.shape) if task is Task.PIXEL else None,
        )
        for case in found
    )
    abnormal = {case.id: case.abnormal for case in found}
    digest = canonical_digest({"labels": {case.id: _digest(case) for case in found}})
    return ScoreInput(
        task, cases, abnormal, _draw(found, task, options), _name(options.labels.resolve()), digest
    )


def _digest(case: LabelledCase) -> str:
    return sha256(case.label.read_bytes()).hexdigest()


def _name(folder: Path) -> str:
    """Name the labels by the folder that holds MOOD's: those of brain and abdomen are laid out alike."""
    parts = list(folder.parts)
    while len(parts) > 1 and parts[-1] in _MOOD_FOLDERS:
        parts.pop()
    return "/".join(folder.parts[len(parts) - 1 :])


def _draw(found: list[LabelledCase], task: Task, options: ScoringOptions) -> tuple[Batching, ...]:
    size = _BATCH_SIZE if options.batch_size is None else options.batch_size
    seed = options.seed or _SEED
    if task is Task.SAMPLE or size == 0:
        return ()
    has_positive = {case.id: case.abnormal for case in found}
    return tuple(draw_batching(has_positive, size=size, seed=each) for each in (seed, f"{seed}-second"))


def _warn_of_strangers(folder: Path, cases: Sequence[PixelCase]) -> None:
    """Say which files no case asks for: names that do not fit are the likeliest mistake."""
    wanted = [case.prediction for case in cases if case.prediction is not None]
    names = {path.name.removesuffix(".txt") for path in wanted}  # those of the other task are at home here
    strangers = [
        path
        for path in sorted(folder.iterdir())
        if path.name.removesuffix(".txt") not in names and not path.name.startswith(".")
    ]
    if not any(path.is_file() for path in wanted):
        held = list_few(sorted(folder.iterdir())) or "nothing"
        _tell(
            f"{folder} has no file with a name that is expected, such as {wanted[0].name}; it holds {held}."
        )
    elif strangers:
        _tell(
            f"No case asks for {list_few(strangers)} in {folder}: names such as {wanted[0].name} are "
            f"expected."
        )


def _tell(words: str) -> None:
    sys.stderr.write(f"mood-evaluate: {words}\n")
