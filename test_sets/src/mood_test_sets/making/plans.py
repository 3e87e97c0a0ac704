"""Which subject with which kind of anomaly each case of a test set is."""

from dataclasses import dataclass

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import Category, Sweep
from mood_test_sets.cohort_folder import CohortScan
from mood_test_sets.growing.anatomy import Look
from mood_test_sets.growing.subjects import Subject

__all__ = ["CasePlan", "SetPlan"]


@dataclass(frozen=True, slots=True)
class CasePlan:
    subject: Subject
    category: Category | None = None  # None: a normal case
    subcategories: tuple[str, ...] = ()  # they take turns
    turn: int = 0  # how many cases of the same line of the recipe come before
    levels: tuple[int, int] = (1, 8)  # of difficulty, from and to
    look: Look = Look.STANDARD
    sweep: Sweep | None = None
    mild: bool = False  # a normal case with a mild condition that nobody noted
    natural: CohortScan | None = None  # a real scan as it is, abnormal by itself
    graded: bool = False  # a finding with a point, a radius and a grade

    @property
    def key(self) -> str:
        """Unique in its set; equal keys of a sweep's steps would be one case."""
        return f"{self.subject.name}/{self.turn}" if self.sweep else self.subject.name


@dataclass(frozen=True, slots=True)
class SetPlan:
    name: str
    dataset: Dataset
    purpose: str
    cases: tuple[CasePlan, ...]
    batch_size: int | None = None  # None: no batchings
    source_subjects: int | None = None  # real people of a cohort; None: those behind the shipped scans
