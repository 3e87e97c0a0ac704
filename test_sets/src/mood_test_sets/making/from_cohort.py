"""Plans over real scans: each subject of a plan becomes a person of a cohort, nobody serves twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mood_test_sets.anomalies.catalogue import Category
from mood_test_sets.cohort_folder import Cohort, CohortRole, CohortScan
from mood_test_sets.errors import InvalidRecipe
from mood_test_sets.growing import real
from mood_test_sets.growing.subjects import RealScan, Subject
from mood_test_sets.making.plans import CasePlan, SetPlan

__all__ = ["assign"]

NATURAL_PURPOSE = "test"  # gets the naturally abnormal scans of the cohort


def assign(plans: Sequence[SetPlan], cohort: Cohort) -> tuple[SetPlan, ...]:
    """Raises InvalidRecipe where the cohort has too few people of a role."""
    pools = _Pools(cohort, {role: list(cohort.of(role)) for role in CohortRole})
    return tuple(_assign_set(plan, pools) for plan in plans)


def _assign_set(plan: SetPlan, pools: "_Pools") -> SetPlan:
    cases = [_assign_case(case, pools) for case in plan.cases]
    if plan.purpose == NATURAL_PURPOSE:
        cases.extend(pools.natural())
    return replace(plan, cases=tuple(cases), source_subjects=pools.cohort.subjects)


def _assign_case(case: CasePlan, pools: "_Pools") -> CasePlan:
    case = replace(case, subject=pools.take(case.subject), mild=False)
    if case.category is not Category.CONDITION:
        return case
    kinds = tuple(kind for kind in case.subcategories if kind in real.CONDITIONS)
    return replace(case, subcategories=kinds)


@dataclass(slots=True)
class _Pools:
    """The people who are left, by role; the steps of a sweep share one."""

    cohort: Cohort
    left: dict[CohortRole, list[CohortScan]]
    taken: dict[Subject, Subject] = field(default_factory=dict)

    def take(self, subject: Subject) -> Subject:
        if subject not in self.taken:
            self.taken[subject] = self._next(subject)
        return self.taken[subject]

    def _next(self, subject: Subject) -> Subject:
        role = _role(subject.role)
        if not self.left[role]:
            have = sum(1 for _ in self.cohort.of(role))
            remedy = "Use --share, or prepare more scans."
            raise InvalidRecipe(f"{self.cohort.folder} has only {have} scans of the role {role}. {remedy}")
        return replace(subject, scan=_real(self.cohort, self.left[role].pop(0)))

    def natural(self) -> Iterator[CasePlan]:
        for index, scan in enumerate(self.left[CohortRole.NATURAL]):
            subject = Subject(self.cohort.dataset, "natural", index, _real(self.cohort, scan))
            yield CasePlan(subject, natural=scan)


def _role(role: str) -> CohortRole:
    """A toy and a sweep are put into scans that may become bases."""
    if role.endswith("train"):
        return CohortRole.TRAIN
    return CohortRole.NORMAL if role.endswith("normal") else CohortRole.BASE


def _real(cohort: Cohort, scan: CohortScan) -> RealScan:
    label = cohort.folder / scan.label if scan.label else None
    return RealScan(scan.id, scan.extent, cohort.folder / scan.image, label)
