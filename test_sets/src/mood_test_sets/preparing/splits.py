"""Training, normal-test and base subjects: disjoint, drawn by subject and never by scan."""

from collections.abc import Mapping, Sequence

from mood_test_sets.cohort_folder import CohortRole
from mood_test_sets.streams import Streams

__all__ = ["split"]


def split(
    subjects: Sequence[str], abnormal: Mapping[str, bool], shares: tuple[float, float], streams: Streams
) -> dict[str, CohortRole | None]:
    """The role of each scan's subject, scan by scan name.

    `subjects` are those of normal scans only, each once; `shares` are those of normal-test and base subjects.
    A subject with a finding gives no normal scan: `abnormal` by subject.
    """
    healthy = sorted(one for one in set(subjects) if not abnormal[one])
    order = streams.rng("split").permutation(len(healthy))
    normal, base = (round(share * len(healthy)) for share in shares)
    roles: dict[str, CohortRole | None] = dict.fromkeys(abnormal)
    for place, index in enumerate(order):
        roles[healthy[index]] = (
            CohortRole.NORMAL
            if place < normal
            else CohortRole.BASE
            if place < normal + base
            else CohortRole.TRAIN
        )
    return roles
