"""Object-level numbers of a whole set of scans."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mood_evaluator.objects.matching import ScanObjects


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """Counts over all scans. Unreachable reference objects are neither found nor missed."""

    true: int  # reference objects found
    false: int  # predicted objects that find nothing
    missed: int
    unreachable: int
    false_volume_on_healthy: float | None  # mean mm³ per scan without a reference object; None: no such scan

    @property
    def precision(self) -> float | None:
        """None where nothing was predicted."""
        return self.true / (self.true + self.false) if self.true + self.false else None

    @property
    def recall(self) -> float | None:
        """None where nothing could be found."""
        return self.true / (self.true + self.missed) if self.true + self.missed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where nothing was predicted or could be found."""
        all_objects = 2 * self.true + self.false + self.missed
        return 2 * self.true / all_objects if all_objects else None


def summarize_objects(scans: Sequence[ScanObjects]) -> ObjectSummary:
    """Count what was found in `scans`."""
    reference = [wanted for scan in scans for wanted in scan.reference]
    healthy = [scan.false_volume for scan in scans if not scan.reference]
    return ObjectSummary(
        true=sum(wanted.found for wanted in reference),
        false=sum(found.matched is None for scan in scans for found in scan.predicted),
        missed=sum(wanted.reachable and not wanted.found for wanted in reference),
        unreachable=sum(not wanted.reachable for wanted in reference),
        false_volume_on_healthy=sum(healthy) / len(healthy) if healthy else None,
    )


def detections_by(
    scans: Mapping[str, ScanObjects],
    grade: Callable[[str], str],
    reviewed: Mapping[tuple[str, int], str] | None = None,
) -> dict[str, tuple[int, int | None]]:
    """Return (detected, in the reference) per grade and per review class: the form of thesis Table 4.5.

    `grade` names the grade of a scan's reference objects; `reviewed` maps (case id, place of the predicted
    object) to what a reviewer called a detection without a match, "FP" where nobody looked. Review classes
    have no number in the reference.
    """
    detected, reference, classes = Counter[str](), Counter[str](), Counter[str]()
    for case_id, scan in scans.items():
        detected[grade(case_id)] += sum(wanted.found for wanted in scan.reference)
        reference[grade(case_id)] += len(scan.reference)
        for place, found in enumerate(scan.predicted):
            if found.matched is None:
                classes[(reviewed or {}).get((case_id, place), "FP")] += 1
    graded = {name: (detected[name], count) for name, count in sorted(reference.items()) if count}
    return graded | {name: (count, None) for name, count in classes.items()}
